import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { availableEngines } from '@weightmap/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchRow } from '../src/bench/bench-case.js';
import { benchTable } from '../src/bench/table.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const run = promisify(execFile);

/** Runs the built command as a user would. */
const bench = (...args: string[]) =>
  run(process.execPath, [cli, 'bench', '--steps', '2', '--batch', '4', '--threads', '1', ...args]);

/** What a failing command wrote to standard error. */
const complaintOf = (...args: string[]) =>
  bench(...args).then(
    () => expect.fail('it succeeded'),
    ({ code, stderr }: { code: number; stderr: string }) => {
      expect(code).toBeGreaterThan(0);
      expect(stderr).not.toMatch(/^\s+at /m);
      return stderr;
    },
  );

const isNative = (await availableEngines()).includes('native');

describe('weightmap bench', () => {
  it('times the step of the right network in each mode', async () => {
    const { stdout, stderr } = await bench('--cases', 'cnn-33', '--json');
    const rows = JSON.parse(stdout) as BenchRow[];
    const leftOut = [...stderr.matchAll(/^(\w+) left out/gm)].map(([, mode]) => mode);
    expect([...rows.map(({ mode }) => mode), ...leftOut].sort()).toEqual(['compiled', 'eager', 'fused']);
    if (isNative) expect(leftOut).not.toContain('compiled');
    for (const row of rows) {
      expect(row).toMatchObject({ case: 'cnn-33', batch: 4, threads: 1, parameters: 261_070, steps: 2 });
      for (const ms of [row.msMedian, row.msMin]) expect(ms).toSatisfy((value) => Number.isFinite(value));
      expect(row.msMin).toBeGreaterThan(0);
      expect(row.msMedian).toBeGreaterThanOrEqual(row.msMin);
      expect(row.ratios).toBeUndefined();
    }
  });

  it('explains wrong names and missing Pythons', async () => {
    expect(await complaintOf('--cases', 'cnn-34')).toContain('Did you mean "cnn-33"?');
    expect(await complaintOf('--modes', 'fuse')).toContain('Did you mean "fused"?');
    expect(await complaintOf('--peers', '--python', '/no/python')).toMatch(
      /\/no\/python.*pip install torch/s,
    );
  });
});

describe.runIf(process.platform !== 'win32')('weightmap bench --peers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weightmap-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** An interpreter that answers the benchmark with these two lines instead of running PyTorch. */
  async function interpreter(ready: object, ms: number): Promise<string> {
    const file = path.join(folder, `python-${ms}`);
    const script = `#!/bin/sh
echo 'a library says hello'
echo '${JSON.stringify(ready)}'
while read n; do
  printf '{"ms": [${ms}'
  i=1; while [ $i -lt $n ]; do printf ', ${ms}'; i=$((i+1)); done
  echo ']}'
done`;
    await writeFile(file, script, { mode: 0o755 });
    return file;
  }

  it("divides the engine's median by PyTorch's, form by form", async () => {
    const python = await interpreter({ parameters: 1_157_226 }, 1000);
    const args = ['--peers', '--python', python, '--cases', 'cnn-smooth-32', '--modes', 'eager', '--json'];
    const [own, ...peers] = JSON.parse((await bench(...args)).stdout) as BenchRow[];
    expect(peers.map(({ mode }) => mode)).toEqual(['pytorch-tuned', 'pytorch-einsum', 'pytorch-paper']);
    for (const peer of peers) expect(peer).toMatchObject({ msMedian: 1000, msMin: 1000 });
    const ratio = Number((own.msMedian / 1000).toPrecision(3));
    for (const form of ['tuned', 'einsum', 'paper'] as const)
      expect(own.ratios?.[form]).toBeCloseTo(ratio, 3);
  });

  it('refuses to compare different networks, and an interpreter without PyTorch', async () => {
    const other = await interpreter({ parameters: 7 }, 1);
    expect(await complaintOf('--peers', '--python', other, '--cases', 'cnn-33')).toContain('7 parameters');
    const none = await interpreter({ missing: 'No module named torch' }, 2);
    expect(await complaintOf('--peers', '--python', none)).toMatch(/has no PyTorch.*pip install torch/s);
  });
});

it('the table has a column for each form of PyTorch', () => {
  const row = { batch: 64, threads: 2, parameters: 1_157_226, steps: 20 };
  const text = benchTable([
    {
      ...{ ...row, case: 'cnn-smooth-32', mode: 'fused', msMedian: 50, msMin: 40 },
      ratios: { tuned: 0.25, paper: 0.01 },
    },
    { ...row, case: 'cnn-smooth-32', mode: 'pytorch-tuned', msMedian: 200, msMin: 190 },
  ]);
  expect(text.split('\n')).toEqual([
    'case           mode           parameters  ms, median  ms, least  steps  / tuned  / paper',
    'cnn-smooth-32  fused           1,157,226       50.00      40.00     20    0.250    0.010',
    'cnn-smooth-32  pytorch-tuned   1,157,226      200.00     190.00     20',
  ]);
});
