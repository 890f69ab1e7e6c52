import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WeightmapError } from '@weightmap/core';

/** What a measuring process says when it is ready. */
export interface Ready {
  /** Trainable, of the network that it times. */
  readonly parameters?: number;
  /** Why it can't measure what was asked for. */
  readonly missing?: string;
}

/** What it answers. */
export interface Answer {
  /** Wall-clock milliseconds of each run. */
  readonly ms: readonly number[];
  /** Its resident memory afterwards; not every process says. */
  readonly rssMiB?: number;
}

/**
 * A process of its own that measures on demand. It prints a line `{"parameters": …}` when it has warmed up, and then
 * answers each line of its input, a number of runs, by an `Answer`. Between two questions it sleeps.
 */
export class StopwatchProcess {
  private readonly answers: AsyncIterator<string, undefined>;
  private complaint = '';
  /** Why the process could not be started. */
  private failure: string | undefined;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.on('data', (chunk: Buffer) => (this.complaint += chunk.toString()));
    child.on('error', ({ message }) => (this.failure = message));
    child.stdin!.on('error', () => {}); // it ended early: the missing answer tells
  }

  /** Starts it and waits until it is ready; the caller ends it. */
  static async start(
    name: string,
    [file, ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ process: StopwatchProcess; ready: Ready }> {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const started = new StopwatchProcess(name, child);
    return { process: started, ready: await started.answer<Ready>() };
  }

  /** Lets it run what it times so many times. */
  async measure(runs: number): Promise<Answer> {
    this.child.stdin!.write(`${runs}\n`);
    return this.answer<Answer>();
  }

  /** Resolves once it has gone, and its cores are free. */
  async end(): Promise<void> {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL'); // nothing is lost: it writes no files
    await gone;
  }

  /** The next line that is JSON: libraries may print what they like. */
  private async answer<T>(): Promise<T> {
    for (;;) {
      const line = await this.answers.next();
      if (line.done) break;
      if (line.value.startsWith('{')) return JSON.parse(line.value) as T;
    }
    throw new WeightmapError(`The process that measures ${this.name} ended early.`, {
      where: this.failure ?? this.complaint.trim().split('\n').at(-1),
    });
  }
}
