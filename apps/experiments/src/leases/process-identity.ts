import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import { z } from 'zod';

/** Identifies a process on a machine, so that it can be checked later whether it is still alive. */
export const processIdentitySchema = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  /** Its start in the kernel's clock ticks: process ids are reused, but not with the same start. Empty if unknown. */
  started: z.string(),
  /** The kernel's boot id and process namespace: a process id is valid only within both. Empty if unknown. */
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

/** Whether a process is alive; null if that can't be known here, as for another machine. */
export function isAlive({ host, pid, started, kernel: theirs }: ProcessIdentity): boolean | null {
  // Without /proc only the host's name can be compared.
  if (theirs !== kernel || (kernel === '' && host !== thisProcess.host)) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === null || (now.started === started && now.state !== 'Z');
}

/** Fields of /proc/<pid>/stat; null if there is no such file. The name before them can contain spaces and brackets. */
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
