import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { datasets } from '@weightmap/datasets';
import { availableEngines } from '@weightmap/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRow } from '../src/bench/bench-layer.js';
import type { MemoryRow } from '../src/bench/bench-memory.js';
import type { StepRow } from '../src/bench/bench-steps.js';
import type { SweepRow } from '../src/bench/bench-sweeps.js';
import type { TrialsRow } from '../src/bench/bench-trials.js';
import { networkCase } from '../src/bench/network-case.js';
import { fastestOf, peerName, peersOf, startPeer } from '../src/bench/peers.js';
import { readBenches } from '../src/bench/saved-bench.js';
import { suites } from '../src/bench/suites.js';
import { here, type Outcome } from './_command.js';

/** What takes long and has a shorter sister here. */
const slow = Boolean(process.env.WEIGHTMAP_SLOW_TESTS);

const few = ['--steps', '2', '--batch', '4', '--threads', '1'];

/** The command; what measures is a process of the built one. */
async function bench(...args: string[]): Promise<Outcome> {
  const outcome = await here('bench', ...few, ...args);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

/** What a failing command writes to standard error. */
async function complaintOf(...args: string[]): Promise<string> {
  const { code, stderr } = await here('bench', ...few, ...args);
  expect(code).toBeGreaterThan(0);
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr;
}

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
    expect(await complaintOf('speed')).toContain(
      'Allowed choices are steps, layer, sweeps, trials, grid, memory',
    );
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

  it('is run by PyTorch in every way, and in the three forms of the layer if it has a weight map anywhere', () => {
    const convolutions = ['tuned', 'tuned-channels-last', 'tuned-compile', 'tuned-bfloat16'];
    const names = (id: string) => peersOf(id).map((peer) => peerName(peer).replace('pytorch-', ''));
    for (const id of ['cnn-smooth-32', 'resnet-unsharp', 'densenet-alternating-smoothing'])
      expect(names(id), id).toEqual([...convolutions, 'einsum', 'einsum-compile', 'paper']);
    for (const id of ['cnn-wide', 'resnet-conv', 'densenet-conv@digits'])
      expect(names(id), id).toEqual(convolutions);
  });

  it('is compared with the fastest form that computes with float32', () => {
    const times = new Map([
      ['pytorch-tuned', 9],
      ['pytorch-tuned-channels-last', 7],
      ['pytorch-tuned-bfloat16', 2],
      ['fused', 1],
    ]);
    const own = (time: number) => time;
    const fastest = { name: 'pytorch-tuned-channels-last', time: 7 };
    expect(fastestOf(peersOf('cnn-33'), times, own)).toEqual(fastest); // compile was left out
    expect(fastestOf(peersOf('cnn-33'), new Map([['pytorch-tuned-bfloat16', 2]]), own)).toBeNull();
  });
});

describe.runIf(process.platform !== 'win32')('weightmap bench --peers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weightmap-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /**
   * An interpreter that answers the benchmark with these lines instead of running PyTorch, and keeps what it was called with, an
   * argument a line. A way of running has its own milliseconds, or a reason why it can't run.
   */
  async function interpreter(
    ready: object,
    ms: number,
    ways: Readonly<Record<string, number | string>> = {},
  ): Promise<string> {
    const file = path.join(folder, `python-${ms}`);
    const cases = Object.entries(ways).map(([way, value]) =>
      typeof value === 'number'
        ? `*" --way ${way} "*) ms=${value};;`
        : `*" --way ${way} "*) echo '${JSON.stringify({ missing: value, unable: true })}'; exit 3;;`,
    );
    const script = `#!/bin/sh
printf '%s\\n' "$@" > '${file}.arguments'
ms=${ms}
case " $* " in
${cases.join('\n')}
esac
echo 'a library says hello'
echo '${JSON.stringify(ready)}'
while read n; do
  printf '{"ms": [%s' $ms
  i=1; while [ $i -lt $n ]; do printf ', %s' $ms; i=$((i+1)); done
  echo ']}'
done`;
    await writeFile(file, script, { mode: 0o755 });
    return file;
  }

  it("divides the engine's median by that of PyTorch's fastest form, and by each form's", async () => {
    const python = await interpreter({ parameters: 1_157_226, warmUpSeconds: 2.5 }, 1000, {
      'channels-last': 800,
      bfloat16: 100,
      compile: 'no C++ compiler',
    });
    const args = ['--peers', '--python', python, '--cases', 'cnn-smooth-32', '--modes', 'eager', '--json'];
    const { stdout, stderr } = await bench(...args);
    const [own, ...peers] = JSON.parse(stdout) as StepRow[];
    expect(stderr).toContain('left out pytorch-tuned-compile: no C++ compiler');
    expect(peers.map(({ mode, msMedian, warmUpSeconds }) => [mode, msMedian, warmUpSeconds])).toEqual([
      ['pytorch-tuned', 1000, 2.5],
      ['pytorch-tuned-channels-last', 800, 2.5],
      ['pytorch-tuned-bfloat16', 100, 2.5],
      ['pytorch-einsum', 1000, 2.5],
      ['pytorch-paper', 1000, 2.5],
    ]);
    expect(own.fastest).toBe('pytorch-tuned-channels-last');
    expectPrinted(own.ratio, own.msMedian / 800);
    for (const form of ['tuned', 'einsum', 'paper']) expectPrinted(own.ratios?.[form], own.msMedian / 1000);
    expectPrinted(own.ratios?.['tuned-bfloat16'], own.msMedian / 100);
  });

  it('compares sweeps, and two trials with twice a step', async () => {
    const python = await interpreter({ parameters: 261_070 }, 500, { compile: 400, bfloat16: 50 });
    const args = ['--peers', '--python', python, '--cases', 'cnn-33', '--modes', 'eager', '--json'];
    const sweeps = JSON.parse((await bench('sweeps', ...args, '--images', '8')).stdout) as SweepRow[];
    const noise = sweeps.filter(({ sweep }) => sweep === 'uniform-noise');
    expect(noise.map(({ mode }) => mode)).toEqual([
      'pytorch-tuned',
      'pytorch-tuned-channels-last',
      'pytorch-tuned-compile',
      'pytorch-tuned-bfloat16',
      'eager',
    ]);
    expect(noise[0].seconds).toBe(0.5);
    expect(noise[4].fastest).toBe('pytorch-tuned-compile');
    expectPrinted(noise[4].ratio, noise[4].seconds / 0.4);
    const given = (await readFile(`${python}.arguments`, 'utf8')).split('\n');
    expect(given[given.indexOf('--task') + 1]).toBe('fgsm');
    expect(given[given.indexOf('--strengths') + 1].split(',').map(Number)).toHaveLength(10);
    const [trials] = JSON.parse((await bench('trials', ...args)).stdout) as TrialsRow[];
    expect([trials.msPyTorch, trials.fastest]).toEqual([800, 'pytorch-tuned-compile']);
    expectPrinted(trials.ratio, trials.msTogether / 800);
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
      { task: 'step', form: 'tuned', way: 'eager', case: name, batch: 4, threads: 1 },
      python,
    );
    await peer.end();
    const [script, ...pairs] = (await readFile(`${python}.arguments`, 'utf8')).trimEnd().split('\n');
    expect(path.basename(script)).toBe('pytorch_peers.py');
    expect(pairs.filter((_, i) => i % 2 === 0)).toEqual([
      '--task',
      '--network',
      '--form',
      '--way',
      '--batch',
      '--threads',
    ]);
    const [task, description, ...others] = pairs.filter((_, i) => i % 2 === 1);
    expect([task, ...others]).toEqual(['step', 'tuned', 'eager', '4', '1']);
    expect(JSON.parse(description)).toEqual({ ...network, image: [28, 28, 1], classes: 10 });
  });

  it('describes a shortened cell to PyTorch, and starts it with the words before its command', async () => {
    const python = await interpreter({ parameters: 261_070 }, 3);
    const cell = { steps: 2, images: 8, padding: 2, betas: [0, 0.5], epsilons: [0.1] };
    const { process: peer } = await startPeer(
      { task: 'cell', form: 'tuned', way: 'compile', case: 'cnn-33', batch: 4, threads: 1, cell },
      python,
      ['env'],
    );
    await peer.end();
    const given = (await readFile(`${python}.arguments`, 'utf8')).split('\n');
    expect(given[given.indexOf('--task') + 1]).toBe('cell');
    expect(JSON.parse(given[given.indexOf('--cell') + 1])).toEqual(cell);
  });

  it('refuses to compare different networks, and an interpreter without PyTorch', async () => {
    const other = await interpreter({ parameters: 7 }, 1);
    expect(
      await complaintOf('--peers', '--python', other, '--cases', 'cnn-33', '--modes', 'eager'),
    ).toContain('7 parameters');
    const none = await interpreter({ missing: 'No module named torch' }, 2);
    expect(await complaintOf('--peers', '--python', none)).toMatch(/has no PyTorch.*pip install torch/s);
  });
});

describe('weightmap bench --save', () => {
  it('keeps the result and draws the history; a damaged file is named and left out', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'weightmap-saved-bench-'));
    try {
      await writeFile(path.join(folder, 'broken.json'), '{"schemaVersion": 2}');
      const { stdout, stderr } = await bench(
        ...['--cases', 'cnn-33', '--modes', 'eager', '--json', '--save', folder],
      );
      const [row] = JSON.parse(stdout) as StepRow[];
      expect(stderr).toMatch(/left out broken\.json: schemaVersion: /);
      const { runs } = await readBenches(folder);
      expect(runs).toMatchObject([
        {
          suite: 'steps',
          conditions: { threads: 1, batch: 4 },
          figures: [
            { name: 'cnn-33, eager', variant: 'cnn-33', value: row.msMedian, unit: 'ms', ratio: null },
          ],
          rows: [row],
        },
      ]);
      expect(await readFile(path.join(folder, 'index.html'), 'utf8')).toContain('cnn-33, eager');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('the table has the ratio to the fastest form of PyTorch, and the seconds of its warm-up', () => {
  const row = { batch: 64, threads: 2, parameters: 1_157_226, steps: 20, case: 'cnn-smooth-32' };
  const text = suites.steps.table([
    { ...row, mode: 'fused', msMedian: 50, msMin: 40, ratio: 0.25, fastest: 'pytorch-tuned', ratios: {} },
    { ...row, mode: 'pytorch-tuned', msMedian: 200, msMin: 190, warmUpSeconds: 3.51 },
  ]);
  expect(text.split('\n')).toEqual([
    'case           mode           parameters  ms, median  ms, least  steps  / fastest  warm-up, s',
    'cnn-smooth-32  fused           1,157,226       50.00      40.00     20      0.250',
    'cnn-smooth-32  pytorch-tuned   1,157,226      200.00     190.00     20                    3.5',
  ]);
});
