import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { openForAppending } from '@weightmap/core/files';
import { vi } from 'vitest';
import type { CellEvent } from '../src/cells/cell-events.js';
import type * as workerProcess from '../src/launchers/_worker-process.js';

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

/** Nothing of the surrounding machine is found but what a test gives, and the digits that a test has drawn. */
export const environmentIn = (work: string) => ({
  NO_COLOR: '1',
  WEIGHTMAP_DATA: '',
  // Step by step: to compile a step takes longer than the few steps of these runs.
  WEIGHTMAP_COMPILE: 'off',
  XDG_CACHE_HOME: process.env.WEIGHTMAP_TEST_CACHE ?? path.join(work, 'cache'),
  XDG_CONFIG_HOME: path.join(work, 'config'),
});

/** Starts the built command as a user would. */
export function start(
  args: readonly string[],
  { work, cwd, env = {}, shell, until }: CommandOptions,
): Started {
  const command = [process.execPath, cli, ...args];
  const [file, ...rest] = shell ? ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...command] : command;
  const child = spawn(file, rest, {
    cwd,
    env: {
      ...process.env,
      ...environmentIn(work),
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

/** Where a command that runs here, or a worker of it, prints, and whom it tells of its progress. */
interface Place {
  readonly print: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly tell: (event: CellEvent) => void;
}
const places = new AsyncLocalStorage<Place>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGUSR2', 'SIGHUP', 'disconnect', 'exit'] as const;
const listenersOf = (name: (typeof SIGNALS)[number]) => process.listeners(name as 'exit');

/**
 * Runs the command in this process, from the sources, with its workers one after another: for what it prints and writes. Not for what
 * starts an engine with a choice, uses plugins, or is stopped.
 */
export async function inside(
  args: readonly string[],
  { work, cwd, env = {} }: Pick<CommandOptions, 'work' | 'cwd' | 'env'>,
): Promise<Outcome> {
  const before = { cwd: process.cwd(), env: { ...process.env } };
  Object.assign(process.env, environmentIn(work), env);
  if (cwd !== undefined) process.chdir(cwd);
  try {
    return await here(...args);
  } finally {
    process.chdir(before.cwd);
    for (const name of Object.keys(process.env)) if (!(name in before.env)) delete process.env[name];
    Object.assign(process.env, before.env);
  }
}

/** As `inside`, where this process is. */
export async function here(...args: string[]): Promise<Outcome> {
  const said = { stdout: '', stderr: '', output: '' };
  const own: Place = {
    print(stream, text) {
      said[stream] += text;
      said.output += text;
    },
    tell: () => {},
  };
  const place = () => places.getStore() ?? own;
  const workerProcesses = await import('../src/launchers/_worker-process.js');
  const { runProgram } = await import('../src/program.js'); // most files need processes only
  const listeners = SIGNALS.map((name) => [name, listenersOf(name)] as const);
  const before = { argv: process.argv, exitCode: process.exitCode };
  const spies = [
    ...(['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        place().print(stream, String(text));
        return true;
      }),
    ),
    vi.spyOn(process as { send: (event: unknown) => boolean }, 'send').mockImplementation((event) => {
      const { tell } = place();
      places.exit(() => tell(event as CellEvent));
      return true;
    }),
    vi.spyOn(process, 'disconnect').mockImplementation(() => {}),
    vi.spyOn(workerProcesses, 'startWorker').mockImplementation(oneAtATime(workHere)),
  ];
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    Object.assign(process, before);
    for (const spy of spies) spy.mockRestore();
    for (const [name, old] of listeners)
      for (const listener of listenersOf(name)) if (!old.includes(listener)) process.off(name, listener);
  }

  /** What `startWorker` does in a process. */
  async function workHere(...[item, options]: Parameters<StartWorker>): ReturnType<StartWorker> {
    const { command, run, threads, plugins, onEvent } = options;
    await item.prepare();
    const log = openForAppending(item.log, { within: run });
    const words = ['--run', run, '--index', String(item.index), '--threads', String(threads), ...plugins];
    try {
      process.exitCode = undefined;
      await places.run({ print: (_, text) => writeSync(log, text), tell: onEvent }, () =>
        runProgram([command, ...words]),
      );
      return { code: Number(process.exitCode ?? 0), signal: null };
    } finally {
      closeSync(log);
    }
  }
}

type StartWorker = (typeof workerProcess)['startWorker'];

/** The same function, whose calls wait for each other. */
function oneAtATime<Args extends unknown[], Result>(
  work: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = last.then(() => work(...args));
    last = next.catch(() => {});
    return next;
  };
}
