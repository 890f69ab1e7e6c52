import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WeightmapError } from '@weightmap/core';

/** The first line of a measuring process, when it is ready. */
export interface Ready {
  /** Trainable parameters of the network that it times. */
  readonly parameters?: number;
  /** Why it can't measure. */
  readonly missing?: string;
  /** The program is there, and can't run the network in the way that was asked for. */
  readonly unable?: boolean;
  /** Seconds of the first runs, with compiling. */
  readonly warmUpSeconds?: number;
}

/** Its answer to each request. */
export interface Answer {
  /** Wall-clock milliseconds of each run. */
  readonly ms: readonly number[];
  /** Its resident memory afterwards, if it reports it. */
  readonly rssMiB?: number;
}

/**
 * A child process that measures on request. It prints a line `{"parameters": …}` when it has warmed up. Then each line of its
 * input is a number of runs, which it answers with an `Answer`. Between two requests it sleeps.
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
    child.stdin!.on('error', () => {}); // it ended early: the missing answer is reported
  }

  /** Starts the process and waits until it is ready. The caller ends it. */
  static async start(
    name: string,
    [file, ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ process: StopwatchProcess; ready: Ready }> {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const started = new StopwatchProcess(name, child);
    return { process: started, ready: await started.answer<Ready>() };
  }

  /** Times so many runs. */
  async measure(runs: number): Promise<Answer> {
    this.child.stdin!.write(`${runs}\n`);
    return this.answer<Answer>();
  }

  /** Resolves when the process has ended and its cores are free. */
  async end(): Promise<void> {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL'); // nothing is lost: it writes no files
    await gone;
  }

  /** The next line that is JSON. Others are skipped, because libraries print too. */
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
