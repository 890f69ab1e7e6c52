import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';

/** The command as `npx nx build experiments` makes it. */
export const cli = path.resolve(import.meta.dirname, '../dist/cli.js');

export interface Outcome {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as they came. */
  readonly output: string;
}

/** A process of the command; `closed` gives what it came to, however late it is asked. */
export type Started = ChildProcess & { readonly output: string; readonly closed: Promise<Outcome> };

export interface CommandOptions {
  /** Where it looks for data that was kept from earlier. */
  readonly work: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What a shell does before it becomes the command. */
  readonly shell?: string;
  /** Gets all output so far, and may send a signal: one, for a second would stop the command at once. */
  readonly until?: (output: string, stop: (signal: NodeJS.Signals) => void, pid: number) => void;
}

/** Starts the built command as a user would. */
export function start(
  args: readonly string[],
  { work, cwd, env = {}, shell, until }: CommandOptions,
): Started {
  const command = [process.execPath, cli, ...args];
  const [file, ...rest] = shell ? ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...command] : command;
  const child = spawn(file, rest, {
    cwd,
    // Nothing of the surrounding machine is found but what a test gives.
    env: {
      ...process.env,
      NO_COLOR: '1',
      WEIGHTMAP_DATA: '',
      // Step by step: to compile a step takes longer than the few steps of these runs.
      WEIGHTMAP_COMPILE: 'off',
      XDG_CACHE_HOME: path.join(work, 'cache'),
      XDG_CONFIG_HOME: path.join(work, 'config'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '', output: '' };
  let stopped = false;
  const stop = (signal: NodeJS.Signals) => {
    if (!stopped) child.kill(signal);
    stopped = true;
  };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString();
      said.output += chunk.toString();
      until?.(said.output, stop, child.pid!);
    });
  const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return Object.defineProperty(Object.assign(child, { closed }), 'output', {
    get: () => said.output,
  }) as unknown as Started;
}

/** Processes that a process has started and that still run; Linux only. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** Runs the built command to its end. */
export const weightmap = (args: readonly string[], options: CommandOptions): Promise<Outcome> =>
  start(args, options).closed;

/**
 * Runs the command in this process, from the sources: for what it prints about a run folder, or a wrong argument. Not for what
 * starts an engine with a choice, uses plugins, or is stopped.
 */
export async function here(...args: string[]): Promise<Outcome> {
  const said = { stdout: '', stderr: '', output: '' };
  const listening = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text);
      said.output += String(text);
      return true;
    }),
  );
  const before = { argv: process.argv, exitCode: process.exitCode };
  const { runProgram } = await import('../src/program.js'); // most files need processes only
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    Object.assign(process, before);
    for (const spy of listening) spy.mockRestore();
  }
}
