import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import { z } from 'zod';

/** Which process of which machine: enough to tell later whether it still lives. */
export const processIdentitySchema = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  /** When it began, in the kernel's clock ticks: a process number is used again, both together are not. Empty if unknown. */
  started: z.string(),
  /** The kernel's boot and process namespace: numbers of processes mean something only within both. Empty if unknown. */
  kernel: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

const kernel = textOf(() => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
});

export const thisProcess: ProcessIdentity = {
  host: os.hostname(),
  pid: process.pid,
  started: startOf(process.pid)?.started ?? '',
  kernel,
};

/** Whether a process lives; null if that can't be told from here, as on another machine. */
export function isAlive({ host, pid, started, kernel: theirs }: ProcessIdentity): boolean | null {
  // Without /proc there is the host's name only.
  if (theirs !== kernel || (kernel === '' && host !== thisProcess.host)) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === null || (now.started === started && now.state !== 'Z');
}

/** Fields of /proc/<pid>/stat; null where there is no such thing. The name before them may hold spaces and brackets. */
function startOf(pid: number): { state: string; started: string } | null {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.length > 19 ? { state: fields[0], started: fields[19] } : null;
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
