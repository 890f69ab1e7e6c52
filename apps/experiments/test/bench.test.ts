import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { datasets } from '@weightmap/datasets';
import { availableEngines } from '@weightmap/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRow } from '../src/bench/bench-layer.js';
import type { MemoryRow } from '../src/bench/bench-memory.js';
import type { StepRow } from '../src/bench/bench-steps.js';
import type { SweepRow } from '../src/bench/bench-sweeps.js';
import type { TrialsRow } from '../src/bench/bench-trials.js';
import { networkCase } from '../src/bench/network-case.js';
import { formsOf, startPeer } from '../src/bench/peers.js';
import { suites } from '../src/bench/suites.js';

/** What takes long and has a shorter sister here. */
const slow = Boolean(process.env.WEIGHTMAP_SLOW_TESTS);

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

/**
 * Measured figures are printed with four digits, so that each is off by up to 0.05 %: a result computed from two printed ones
 * differs from the printed result by 0.15 % at most. A wrong formula is off by far more.
 */
function expectPrinted(value: number | undefined, expected: number): void {
  expect(value! / expected).toBeGreaterThan(1 - 0.002);
  expect(value! / expected).toBeLessThan(1 + 0.002);
}

const isNative = (await availableEngines()).includes('native');

describe('weightmap bench', () => {
  it('times the step of the right network in each mode', async () => {
    const { stdout, stderr } = await bench('--cases', 'cnn-33', '--json');
    const rows = JSON.parse(stdout) as StepRow[];
    const leftOut = [...stderr.matchAll(/^left out (\w+)/gm)].map(([, mode]) => mode);
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

  it.runIf(slow)('times deep networks, and on a dataset of choice', async () => {
    const cases = 'resnet-alternating-smoothing,densenet-conv@digits';
    const { stdout } = await bench('--cases', cases, '--modes', 'eager', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      { case: 'resnet-alternating-smoothing', parameters: 1_152_298, mode: 'eager' },
      { case: 'densenet-conv@digits', parameters: 288_090, mode: 'eager' },
    ]);
  });

  it('explains wrong names and missing Pythons', async () => {
    expect(await complaintOf('--cases', 'cnn-34')).toContain('Did you mean "cnn-33"?');
    expect(await complaintOf('--cases', 'cnn-33@mnits')).toContain('Did you mean "mnist"?');
    expect(await complaintOf('--cases', 'cnn-33@')).toMatch(/dataset.*mnist/s);
    expect(await complaintOf('--modes', 'fuse')).toContain('Did you mean "fused"?');
    expect(await complaintOf('--peers', '--python', '/no/python')).toMatch(
      /\/no\/python.*pip install torch/s,
    );
  });
});

describe('the other suites', () => {
  const json = async <Row>(...args: string[]) => JSON.parse((await bench(...args, '--json')).stdout) as Row[];
  const mode = ['--modes', 'eager'];

  it('layer: both kinds, and their share of the matrix product', async () => {
    const rows = await json<LayerRow>('layer', ...mode);
    expect(rows.map(({ layer }) => layer)).toEqual(['smoothing 28×28, 32 → 32', 'unsharp 28×28, 32 → 32']);
    for (const { gflops, peakGflops, share, msMin } of rows) {
      // 3 products of 2 operations for each of 4 images, 784 pixels, 32 × 32 channels.
      expectPrinted(gflops, (3 * 2 * 4 * 784 * 1024) / (msMin * 1e6));
      expectPrinted(share, gflops / peakGflops);
    }
  });

  it('memory: before and after, and the difference', async () => {
    const [row] = await json<MemoryRow>('memory', ...mode, '--cases', 'cnn-33');
    expect(row).toMatchObject({ case: 'cnn-33', mode: 'eager', steps: 2, batch: 4 });
    expect(row.rssBeforeMiB).toBeGreaterThan(10);
    // Each with four digits: of thousands of MiB, halves of one are rounded away.
    const rounding = 0.0005 * (row.rssAfterMiB + row.rssBeforeMiB) + 0.0005 * Math.abs(row.growthMiB);
    expect(Math.abs(row.growthMiB - (row.rssAfterMiB - row.rssBeforeMiB))).toBeLessThanOrEqual(rounding);
  });

  it.runIf(slow)('sweeps: every strength of the paper’s figures, noise and FGSM', async () => {
    const rows = await json<SweepRow>('sweeps', ...mode, '--cases', 'cnn-33', '--images', '8');
    expect(rows.map(({ sweep, strengths, images }) => [sweep, strengths, images])).toEqual([
      ['uniform-noise', 11, 8],
      ['fgsm', 10, 8],
    ]);
    for (const { imagesPerSecond, seconds, strengths } of rows)
      expectPrinted(imagesPerSecond, (8 * strengths) / seconds);
  });

  it('trials: two at once', async () => {
    const [row] = await json<TrialsRow>('trials', ...mode, '--cases', 'cnn-33');
    expect(row).toMatchObject({ case: 'cnn-33', mode: 'eager', batch: 4 });
    expect(row.msTogether).toBeGreaterThan(0);
    expect(row).not.toHaveProperty('ratio');
  });

  it('are refused by another name', async () => {
    expect(await complaintOf('speed')).toContain('Allowed choices are steps, layer, sweeps, trials, memory');
  });
});

describe('a case', () => {
  it('is a variant, on the first dataset of the paper or on another', () => {
    expect(networkCase('cnn-33')).toMatchObject({ variant: { id: 'cnn-33' }, spec: datasets.mnist.spec });
    const { variant, spec } = networkCase('densenet-unsharp@digits');
    expect(variant.id).toBe('densenet-unsharp');
    expect(spec).toBe(datasets.digits.spec);
    expect(networkCase('resnet-conv@cifar10').spec).toBe(datasets.cifar10.spec);
  });

  it('has the three forms of PyTorch if it has a weight map layer anywhere', () => {
    const three = ['tuned', 'einsum', 'paper'];
    for (const id of ['cnn-smooth-32', 'resnet-unsharp', 'densenet-alternating-smoothing'])
      expect(formsOf(id), id).toEqual(three);
    for (const id of ['cnn-wide', 'resnet-conv', 'densenet-conv@digits'])
      expect(formsOf(id), id).toEqual(['tuned']);
  });
});

describe.runIf(process.platform !== 'win32')('weightmap bench --peers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weightmap-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /**
   * An interpreter that answers the benchmark with these two lines instead of running PyTorch, and keeps what it was
   * called with, an argument a line.
   */
  async function interpreter(ready: object, ms: number): Promise<string> {
    const file = path.join(folder, `python-${ms}`);
    const script = `#!/bin/sh
printf '%s\\n' "$@" > '${file}.arguments'
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
    const [own, ...peers] = JSON.parse((await bench(...args)).stdout) as StepRow[];
    expect(peers.map(({ mode }) => mode)).toEqual(['pytorch-tuned', 'pytorch-einsum', 'pytorch-paper']);
    for (const peer of peers) expect(peer).toMatchObject({ msMedian: 1000, msMin: 1000 });
    for (const form of ['tuned', 'einsum', 'paper'] as const)
      expectPrinted(own.ratios?.[form], own.msMedian / 1000);
  });

  it('compares sweeps, and two trials with twice a step', async () => {
    const python = await interpreter({ parameters: 261_070 }, 500);
    const args = ['--peers', '--python', python, '--cases', 'cnn-33', '--modes', 'eager', '--json'];
    const [peer, own] = JSON.parse((await bench('sweeps', ...args, '--images', '8')).stdout) as SweepRow[];
    expect(peer).toMatchObject({ mode: 'pytorch-tuned', sweep: 'uniform-noise', seconds: 0.5 });
    expectPrinted(own.ratio, own.seconds / 0.5);
    const given = (await readFile(`${python}.arguments`, 'utf8')).split('\n');
    expect(given[given.indexOf('--task') + 1]).toBe('fgsm');
    expect(given[given.indexOf('--strengths') + 1].split(',').map(Number)).toHaveLength(10);
    const [trials] = JSON.parse((await bench('trials', ...args)).stdout) as TrialsRow[];
    expect(trials.msPyTorch).toBe(1000);
    expectPrinted(trials.ratio, trials.msTogether / 1000);
  });

  it.each([
    {
      name: 'cnn-33-k9',
      parameters: 360_862,
      network: { architecture: 'cnn', kind: 'conv', channels: [33, 33, 8], kernelSize: 9 },
    },
    {
      name: 'resnet-conv@digits',
      parameters: 407_234,
      network: {
        architecture: 'resnet',
        kinds: ['conv'],
        stages: [
          [8, 3],
          [16, 4],
          [32, 6],
          [64, 4],
        ].map(([channels, blocks]) => ({ channels, blocks })),
      },
    },
    {
      name: 'densenet-conv',
      parameters: 288_090,
      network: { architecture: 'densenet', kinds: ['conv'], stem: 16, growth: 8, denseLayers: [2, 4, 8, 16] },
    },
  ])('describes the network of $name to PyTorch', async ({ name, parameters, network }) => {
    const python = await interpreter({ parameters }, parameters); // named apart from the other tests' ones
    const { process: peer } = await startPeer(
      { task: 'step', form: 'tuned', case: name, batch: 4, threads: 1 },
      python,
    );
    await peer.end();
    const [script, ...pairs] = (await readFile(`${python}.arguments`, 'utf8')).trimEnd().split('\n');
    expect(path.basename(script)).toBe('pytorch_peers.py');
    expect(pairs.filter((_, i) => i % 2 === 0)).toEqual([
      '--task',
      '--network',
      '--form',
      '--batch',
      '--threads',
    ]);
    const [task, description, ...others] = pairs.filter((_, i) => i % 2 === 1);
    expect([task, ...others]).toEqual(['step', 'tuned', '4', '1']);
    expect(JSON.parse(description)).toEqual({ ...network, image: [28, 28, 1], classes: 10 });
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
  const text = suites.steps.table([
    {
      ...row,
      case: 'cnn-smooth-32',
      mode: 'fused',
      msMedian: 50,
      msMin: 40,
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
