import { readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** Commands that start another one that is to outlive its terminal. */
const DETACHING = new Set(['nohup', 'setsid']);

let isIgnored: boolean | undefined;

/** Whether this process was started to go on when its terminal closes. */
export const isHangupIgnored = (): boolean => (isIgnored ??= wasHangupIgnored());

/** Makes this process go on when its terminal closes, if it was started so: by `nohup` or `setsid`, or from a script that ignores SIGHUP. */
export function outliveHangup(): void {
  if (isHangupIgnored()) process.on('SIGHUP', () => {});
}

/** What this process was started with, as the system shows it. */
export interface StartSigns {
  /** The environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `/proc/<parent>/status`; empty if there is none. */
  readonly parentStatus: string;
  /** The file behind standard input. */
  readonly stdin: string;
  /** `/proc/self/fdinfo/0`; empty if there is none. */
  readonly stdinInfo: string;
}

/**
 * Whether SIGHUP was ignored when this process began. Node resets ignored signals before its first line runs, so the system no
 * longer tells. These signs are left, each sufficient:
 *
 * - `_`, which shells set to the command that they start: `nohup` or `setsid`;
 * - `nohup` replaces a terminal as standard input by a `/dev/null` that is open for writing only, as nothing else does;
 * - the script that started this process ignores SIGHUP itself (`trap '' HUP`, or `nohup ./script.sh`).
 */
export function wasHangupIgnored(
  { env, parentStatus, stdin, stdinInfo }: StartSigns = startSigns(),
): boolean {
  if (DETACHING.has(path.basename(env._ ?? ''))) return true;
  const mode = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(stdinInfo)?.[1] ?? '0', 8) & 3;
  if (stdin === '/dev/null' && mode === 1) return true;
  const ignored = /^SigIgn:\s*([0-9a-f]+)/m.exec(parentStatus)?.[1] ?? '0';
  return (BigInt(`0x${ignored}`) & 1n) === 1n;
}

const startSigns = (): StartSigns => ({
  env: process.env,
  parentStatus: textOf(() => readFileSync(`/proc/${process.ppid}/status`, 'utf8')),
  stdin: textOf(() => readlinkSync('/proc/self/fd/0')),
  stdinInfo: textOf(() => readFileSync('/proc/self/fdinfo/0', 'utf8')),
});

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
