import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { architectures, type CnnOptions } from '@weightmap/architectures';
import { fgsm } from '@weightmap/attacks';
import { WeightmapError, type Dataset, type Defense, type Plugin } from '@weightmap/core';
import { defenses } from '@weightmap/defenses';
import { cellId, readAttackedRun, readManifest, readRecords } from '@weightmap/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseDefenses } from '../src/plan/defense-choice.js';
import { expandGrid, selectVariants } from '../src/plan/grid.js';
import { planGrid } from '../src/plan/plan-grid.js';
import { adjustPreset, presets } from '../src/plan/presets.js';
import { datasetLoader, isFromPlugin, namesOf, pluginsOf, usePlugin } from '../src/plugins/components.js';
import { loadPlugin } from '../src/plugins/load-plugin.js';
import { checkAttack, checkPlugin } from '../src/plugins/plugin-schema.js';
import { environmentIn, here, weightmap as inProcess } from './_command.js';
import { rectangles } from './_rectangles.js';
import { makeRecord } from '@weightmap/test-utils/records';

const root = path.resolve(import.meta.dirname, '../../..');
const cli = path.join(root, 'apps/experiments/dist/cli.js');
const EXAMPLE = 'examples/plugin/stripes-dataset.mjs';
/** The commands that CONTRIBUTING shows: to list what a plugin gives, to run with it, to attack with it. */
const shown = /<!-- tested: plugin -->\s+```sh\n([^]*?)```/
  .exec(readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8'))![1]
  .trim()
  .split('\n')
  .map((line) => line.split(' ').slice(1));

const rectanglesSpec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };

let work: string;
let run: string;
beforeAll(async () => {
  work = await realpath(await mkdtemp(path.join(tmpdir(), 'weightmap-plugin-')));
  run = path.join(work, 'runs/stripes');
  await cp(path.join(root, EXAMPLE), path.join(work, EXAMPLE));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** The command as a process, step by step, which needs no recording of compiled steps. */
function weightmap(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    cwd: work,
    env: {
      ...process.env,
      ...environmentIn(work),
    },
  });
  return { status, stdout, stderr, output: `${stdout}\n${stderr}` };
}

/** A module of this text in a folder where nothing is installed. */
async function plugin(name: string, text: string): Promise<string> {
  const file = path.join(work, name);
  await writeFile(file, text);
  return file;
}

const sha256 = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** A metric that needs tfjs, which isn't installed where it lies. */
const METRIC = `
import * as tf from '@tensorflow/tfjs';
export const metrics = {
  'mean-pixel': {
    id: 'mean-pixel', label: 'Mean pixel', unit: '', source: 'test',
    measure: ({ test }) => tf.tidy(() => tf.mean(tf.tensor1d(Array.from(test.pixels))).dataSync()[0]),
  },
};`;

describe('a plugin from a file', () => {
  const args = (out: string, ...more: string[]) => ['run', 'smoke', '--out', out, '--workers', '1', ...more];

  it('is listed with what it gives', () => {
    const listed = weightmap(...shown[0]);
    expect(listed.status, listed.output).toBe(0);
    expect(listed.stdout).toMatch(/cnn-tiny +stripes +74,651 /);
    expect(listed.stdout).toMatch(/datasets: stripes\n {2}variants: cnn-tiny\n {2}attacks: darken/);
  });

  it('gives data, a network and a metric to a run and to its workers, and marks the cells with its digest', async () => {
    const own = path.join(work, EXAMPLE);
    const metric = await plugin('mean-pixel.mjs', METRIC);
    const made = weightmap(...shown[1], '--plugin', metric, '--workers', '1');
    expect(made.status, made.output).toBe(0);
    const { records, damaged } = await readRecords(run);
    expect(damaged).toEqual([]);
    const [{ record }] = records;
    expect([record.dataset, record.variant, record.cell.architecture]).toEqual([
      'stripes',
      'cnn-tiny',
      'cnn',
    ]);
    expect(record.cell.plugins).toEqual([await sha256(own), await sha256(metric)].sort());
    // Bytes of 0…255: half of them 180 and half 20, and noise of 0…59.
    expect(record.metrics!['mean-pixel']).toBeGreaterThan(120);
    expect(record.metrics!['mean-pixel']).toBeLessThan(140);
    expect(record.metricNames).toEqual({ 'mean-pixel': { label: 'Mean pixel', unit: '' } });
    // Convolutions 1→8 and 8→8, 64 units on what 2·2 rows and columns less leave, 3 logits.
    expect(record.parameters).toBe(9 * 8 + 8 + 9 * 8 * 8 + 8 + 12 * 12 * 8 * 64 + 64 + 64 * 3 + 3);
    expect((await readManifest(run)).plugins).toEqual([
      { file: own, fromRun: `../../${EXAMPLE}`, sha256: await sha256(own) },
      { file: metric, fromRun: '../../mean-pixel.mjs', sha256: await sha256(metric) },
    ]);
  });

  it('is remembered by the run: the same command without it goes on', () => {
    const again = weightmap(...args(run, '--select', 'cnn-tiny'));
    expect(again.status, again.output).toBe(0);
    expect(again.stdout).toContain('1 of 1 cell already done');
  });

  it('attacks the networks of a run, from the run’s plugin and from one of its own', async () => {
    const own = await plugin(
      'lighten.mjs',
      `import { judged } from '@weightmap/attacks';
       export const attacks = { lighten: () => judged({
         id: 'lighten', label: 'Lighten', kind: 'noise', strengthUnit: 'epsilon', norm: 'linf', targeted: false,
         usesGradient: false, source: 'test', perturb: (v, { images }, { strengths }) => strengths.map((e) => images.add(e)),
       }) };`,
    );
    const few = ['--images', '30', '--masking', '0', '--epsilons', '0.1'];
    const ids = ['--attacks', 'darken,lighten'];
    const attacked = weightmap(...shown[2], ...few, ...ids, '--plugin', own);
    expect(attacked.status, attacked.output).toBe(0);
    const [{ attacks }] = (await readAttackedRun(run))!.cells;
    expect(attacks.map(({ id }) => id)).toEqual(['darken', 'lighten']);
    for (const { points } of attacks) expect(points[0].meanLinf).toBeCloseTo(0.1, 5);
    // Its results are those of this file: another is measured anew.
    const parts = path.join(run, 'cells/stripes/cnn-tiny/trial-1/attacks');
    const [lighten] = (await readdir(parts)).filter((name) => name.startsWith('lighten-'));
    const cache = await readFile(path.join(parts, lighten, 'result.json'), 'utf8');
    expect(cache).toContain(await sha256(own));
  });

  it('that has changed is named, and its cells are not taken for done', async () => {
    const moved = path.join(work, 'changed');
    await cp(run, path.join(moved, 'run'), { recursive: true });
    await mkdir(moved, { recursive: true });
    const own = path.join(work, EXAMPLE);
    const before = await readFile(own, 'utf8');
    await appendFile(own, '\n// another line\n');
    const out = path.join(moved, 'run');
    try {
      const remembered = weightmap(...args(out, '--select', 'cnn-tiny'));
      expect(remembered.status).toBe(1);
      expect(remembered.stderr).toContain('A plugin has changed since this run was planned.');
      const again = weightmap(...args(out, '--select', 'cnn-tiny', '--plugin', own));
      expect(again.status).toBe(1);
      expect(again.output).toContain('has changed since this run was begun');
      expect(again.stderr).toMatch(/1 stale, 0 valid[^]*plugin/);
      const attacked = weightmap('attack', out, '--attacks', 'fgsm');
      expect(attacked.status).toBe(1);
      expect(attacked.stderr).toContain('A plugin has changed since this run was planned.');
      await rm(path.join(out, 'cells/stripes/cnn-tiny/trial-1/record.json'));
      const worker = weightmap('cell', '--run', out, '--index', '0');
      expect(worker.status).toBe(1);
      expect(worker.stderr).toMatch(/A plugin has changed[^]*stripes-dataset\.mjs[^]*--plugin/);
      await rm(own);
      expect(weightmap('cell', '--run', out, '--index', '0').stderr).toContain(
        'A plugin of this run no longer exists.',
      );
    } finally {
      await writeFile(own, before);
    }
  });
});

describe('the readings of the fan-in', () => {
  it('are variants whose initial weights reach the bound of each reading', async () => {
    const file = path.join(root, 'examples/plugin/fan-in-variants.mjs');
    const { default: given } = (await import(file)) as { default: unknown };
    const { variants = [] } = checkPlugin(given, file);
    const spec = { height: 10, width: 9, channels: 2, classes: ['a', 'b'] };
    const fanIn: Record<string, number> = { channels: 2, map: 2 * 10 * 9 };
    expect(variants.map(({ id }) => id)).toEqual(
      Object.keys(fanIn).map((rule) => `cnn-smooth-32-fan-in-${rule}`),
    );
    for (const { id, options, gradCamLayer } of variants) {
      const model = architectures.cnn.build({ spec, options: options as CnnOptions, seed: 1, name: id });
      const largest = model.getLayer('smoothing1').getWeights()[0].abs().max().dataSync()[0];
      const bound = 1 / Math.sqrt(fanIn[id.split('-').at(-1)!]);
      expect(largest / bound).toBeLessThanOrEqual(1);
      expect(largest / bound).toBeGreaterThan(0.99);
      expect(() => model.getLayer(gradCamLayer)).not.toThrow();
      model.dispose();
    }
  });
});

describe('a defence of a plugin', () => {
  const file = path.join(root, 'examples/plugin/label-smoothing.mjs');
  const dataset: Dataset = {
    ...{ id: 'digits', label: 'rectangles', source: 'made', checksum: 'a'.repeat(64), notes: [] },
    ...{ spec: rectanglesSpec, train: rectangles(rectanglesSpec, 18) },
    ...{ validation: rectangles(rectanglesSpec, 9), test: rectangles(rectanglesSpec, 9) },
  };
  const cellsOf = (...texts: string[]) =>
    expandGrid(selectVariants(['cnn-33']), dataset, presets.smoke, 1, chooseDefenses(texts));
  beforeAll(async () => usePlugin(await loadPlugin(file)));

  it('is crossed with the variants; its digest is in the identity of its cells alone', async () => {
    const [plain, own, other, foreign] = cellsOf(
      ...['none', 'label-smoothing', 'label-smoothing:smoothing=0.3', 'noisy-training'],
    );
    expect([own.variant, other.variant]).toEqual([
      'cnn-33+label-smoothing',
      'cnn-33+label-smoothing+smoothing-0.3',
    ]);
    expect(own.defense).toEqual({ id: 'label-smoothing', options: { smoothing: 0.1 } });
    expect(own.names?.label).toBe('CNN, conv 33 + Label smoothing');
    const digest = [await sha256(file)];
    expect([own.plugins, other.plugins]).toEqual([digest, digest]);
    expect([plain.plugins, foreign.plugins]).toEqual([undefined, undefined]);
    expect([plain, own, foreign].map(isFromPlugin)).toEqual([false, true, false]);
  });

  it('says which of its options is wrong; what it throws is its own fault', () => {
    expect(failureOf(() => chooseDefenses(['label-smoothing:smoothing=2']))).toMatch(/at smoothing: 2/);
    const broken = {
      ...defenses['noisy-training'],
      id: 'broken',
      parse: () => (null as unknown as object).constructor,
    } as unknown as Defense;
    usePlugin({ file: '/there/broken.mjs', sha256: 'd'.repeat(64), plugin: { defenses: { broken } } });
    expect(failureOf(() => chooseDefenses(['broken']))).toMatch(
      /The defence "broken" of a plugin failed: TypeError[^]*broken\.mjs/,
    );
  });

  const row: Defense = defenses['noisy-training'];
  it.each<[string, object, RegExp]>([
    ['without an attack that knows it', { adaptive: [] }, /defenses\.own\.adaptive: an attack that knows/],
    ['that changes nothing', { objective: undefined }, /defenses\.own: one or more of build, objective/],
    ['of an unknown kind', { kinds: ['magic'] }, /defenses\.own\.kinds\.0/],
    ['whose strength is no option', { strength: 'size' }, /defenses\.own\.strength: the name of an option/],
    ['without options', { defaults: undefined }, /defenses\.own\.defaults/],
    ['called none', { id: 'none' }, /an id other than none/],
    ['by another id', { id: 'other' }, /defenses\.own\.id is "other", "own" is expected/],
  ])('is refused where it is one %s', (_, changes, message) => {
    const given = { defenses: { own: { ...row, id: 'own', ...changes } } };
    expect(failureOf(() => checkPlugin(given, 'own.mjs'))).toMatch(message);
  });

  it('is refused where its defaults aren’t what it takes them for, or an attack is unknown, or the id taken', async () => {
    const text = (parse: string) => `export const defenses = { own: { id: 'own', label: 'Own', source: 'test',
      kinds: ['objective'], optimisesAtTest: false, isRandom: false, adaptive: [{ attack: 'pdg', why: 'test' }],
      defaults: { size: 1 }, strength: null, parse: ${parse}, gradients: () => 1, objective: () => undefined } };`;
    let count = 0;
    const load = async (parse: string) => loadPlugin(await plugin(`own-${++count}.mjs`, text(parse)));
    const failed = (promise: Promise<unknown>) =>
      promise.then(
        () => 'it did not fail',
        (error: WeightmapError) => error.explain(),
      );
    expect(await failed(load('() => ({ size: 2 })'))).toMatch(/parse\(\{\}\) gives \{"size":2\}/);
    expect(await failed(load('() => ({ size: NaN })'))).toMatch(/defenses\.own\.parse\(\{\}\)/);
    expect(await failed(load('() => null.x'))).toMatch(/can't take its defaults: TypeError/);
    const loaded = await load('() => ({ size: 1 })');
    expect(failureOf(() => usePlugin(loaded))).toMatch(/no attack "pdg"\. Did you mean "pgd"/);
    const taken = { file: 'own.mjs', sha256: '', plugin: { defenses: { trades: { ...row, id: 'trades' } } } };
    expect(failureOf(() => usePlugin(taken))).toMatch(/"trades" is taken by another of the defenses/);
  });
});

/** Less than a dataset by its methods. */
const half = (id: string) => ({
  id,
  label: id,
  spec: { height: 1, width: 1, channels: 1, classes: ['a', 'b'] },
  locate: () => {},
});
const whole = (id: string) => ({ ...half(id), load: () => {} });
const variant = {
  id: 'own',
  architecture: 'cnm',
  label: 'x',
  datasets: [],
  options: {},
  gradCamLayer: 'x',
};

/** What it says, and where. */
function failureOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof WeightmapError) return error.explain();
    throw error;
  }
  return 'it did not fail';
}

describe('what a plugin gives', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', {}, /it has no components[^]*datasets, architectures, variants, attacks, defenses, metrics/],
    ['no object', 42, /not a plugin[^]*expected object/],
    ['a part that there isn’t', { dataset: {} }, /not a plugin[^]*"dataset"/],
    ['half a dataset', { datasets: { own: half('own') } }, /datasets\.own\.load: a function is expected/],
    ['two names for one', { datasets: { other: whole('own') } }, /datasets\.other\.id is "own"/],
    ['a name that is no id', { attacks: { My_Attack() {} } }, /attacks\.My_Attack: an id in kebab-case/],
    [
      'one class',
      { datasets: { own: { ...whole('own'), spec: { classes: ['a'] } } } },
      /own\.spec\.classes:.*>=2/,
    ],
    [
      'a variant without a layer',
      { variants: [{ ...variant, gradCamLayer: '' }] },
      /variants\.0\.gradCamLayer/,
    ],
    ['a metric without a measure', { metrics: { own: { id: 'own' } } }, /metrics\.own\.measure: a function/],
  ])('is refused where it is %s', (_, value, message) => {
    expect(failureOf(() => checkPlugin(value, 'own.mjs'))).toMatch(message);
  });

  it('is refused where an attack’s factory makes something else', () => {
    expect(failureOf(() => checkAttack({ id: 'own' }, 'own', 'own.mjs'))).toMatch(
      /attacks\.own\(\)\.run: a function is expected/,
    );
    const lonely = { ...fgsm(), leastClasses: 1 };
    expect(failureOf(() => checkAttack(lonely, 'fgsm', 'own.mjs'))).toMatch(
      /attacks\.fgsm\(\)\.leastClasses/,
    );
    expect(failureOf(() => checkAttack({ ...fgsm() }, 'own', 'own.mjs'))).toMatch(
      /id is "fgsm", "own" is expected/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    [
      'of a dataset',
      { datasets: { digits: whole('digits') } },
      /"digits" is taken[^]*own\.mjs[^]*other than mnist/,
    ],
    [
      'of a variant, twice',
      { variants: [1, 2].map(() => ({ ...variant, architecture: 'cnn' })) },
      /"own" is taken/,
    ],
    ['of a metric', { metrics: { flops: { id: 'flops' } } }, /"flops" is taken[^]*test-error/],
  ])('is refused where an id is taken: %s', (_, plugin, message) => {
    const loaded = { file: 'own.mjs', sha256: '', plugin: plugin as Plugin };
    expect(failureOf(() => usePlugin(loaded))).toMatch(message);
  });

  it('is refused where a variant’s architecture is unknown', () => {
    const loaded = { file: 'own.mjs', sha256: '', plugin: { variants: [variant] } };
    expect(failureOf(() => usePlugin(loaded))).toMatch(
      /no architecture "cnm"\. Did you mean "cnn"[^]*own\.mjs/,
    );
  });
});

describe('a plugin that is wrong', () => {
  let wrongs = 0;
  it.each<[string, string, RegExp]>([
    [
      'with a syntax error',
      'export default {\n  datasets: {,\n};',
      /can't be loaded: SyntaxError[^]*wrong-\d\.mjs, line 2/,
    ],
    ['whose function throws', '\nexport default () => { null.x; };', /can't be loaded: TypeError[^]*line 2/],
    ['that imports a missing package', "import 'no-such-package';", /can't be loaded:[^]*no-such-package/],
    ['that gives nothing by name', 'export const answer = 42;', /it has no components/],
    [
      'whose attack can’t be made',
      'export const attacks = { own() { throw new Error("no luck"); } };',
      /attack "own" of a plugin can't be made: no luck/,
    ],
  ])('%s is refused in a few lines', async (name, text, message) => {
    // Of another name than the one before, which this process has loaded.
    const file = await plugin(`wrong-${++wrongs}.mjs`, text);
    // `list` loads plugins as `run` does, and starts soonest.
    const args = ['list', '--plugin', file];
    // The runner of the tests reads a file's syntax itself: only a process has Node's complaint.
    const isSyntax = name === 'with a syntax error';
    const { code, stderr } = isSyntax ? await inProcess(args, { work, cwd: work }) : await here(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  it('with a layer that has no FLOP rule is listed with a dash and the reason; its own rule counts it', async () => {
    const text = (more: string) => `
import * as tf from '@tensorflow/tfjs';
class Cube extends tf.layers.Layer {
  static className = 'Cube';
  computeOutputShape(shape) { return shape; }
}
const build = ({ spec: { height, width, channels, classes } }) => tf.sequential({ layers: [
  new Cube({ name: 'cube', inputShape: [height, width, channels] }),
  tf.layers.globalMaxPooling2d({}), tf.layers.dense({ units: classes.length }) ] });
export default {
  architectures: { cubes: { label: 'cubes', source: 'test', build } },
  variants: [{ id: 'cubes-1', architecture: 'cubes', label: 'one cube', datasets: ['digits'], options: {}, gradCamLayer: 'cube' }],
  ${more}
};`;
    const without = weightmap('list', '--plugin', await plugin('cubes.mjs', text('')));
    expect(without.status, without.stderr).toBe(0);
    expect(without.stdout).toMatch(/^cubes-1 +digits +20 +– +– +one cube$/m);
    expect(without.stdout).toContain(
      'cubes-1 on digits: There is no rule for the operations of the layer "cube", a Cube.',
    );
    const rule = 'flops: { Cube: ({ output: [h, w, c] }) => ({ paper: 0, executed: 2 * h * w * c }) },';
    const counted = weightmap('list', '--json', '--plugin', await plugin('counted.mjs', text(rule)));
    const rows = JSON.parse(counted.stdout) as { id: string; flops: unknown }[];
    // Two products a pixel, the comparisons of the pool, and 1 → 10 units.
    const executed = 2 * 784 + 783 + 2 * 10 + 10;
    expect(rows.find(({ id }) => id === 'cubes-1')?.flops).toEqual({ paper: 0, executed });
  });

  it('and is not found, is refused', async () => {
    const { code, stderr } = await here('list', '--plugin', './none.mjs');
    expect(stderr).toMatch(/no such plugin[^]*none\.mjs[^]*JavaScript module/);
    expect(code).toBe(1);
  });
});

describe('what a plugin does', () => {
  const datasets = (load: unknown): Plugin => ({
    datasets: { 'its-own': { ...whole('its-own'), load } as never },
  });
  const file = '/there/own.mjs';
  let load: unknown = null;
  beforeAll(() =>
    usePlugin({ file, sha256: 'a'.repeat(64), plugin: datasets(() => (load as () => unknown)()) }),
  );

  it.each<[string, () => unknown, RegExp]>([
    [
      'breaks down',
      () => (null as unknown as { x: 1 }).x,
      /"its-own" of a plugin can't be loaded: TypeError[^]*own\.mjs/,
    ],
    ['is rejected', () => Promise.reject(new Error('no luck')), /can't be loaded: no luck/],
    ['has another id', () => ({ id: 'mine' }), /has the id "mine"/],
    ['has no checksum', () => ({ id: 'its-own' }), /has no checksum/],
    ['has no images', () => ({ id: 'its-own', checksum: 'a'.repeat(64) }), /has no images to train/],
  ])('is its own fault: a dataset that %s', async (_, given, message) => {
    load = given;
    const failure = await datasetLoader('its-own')
      .load({ seed: 1 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WeightmapError);
    expect((failure as WeightmapError).explain()).toMatch(message);
  });

  it('leaves what stops a run as it is', async () => {
    const reason = { stoppedBy: 'SIGINT' };
    load = () => AbortSignal.abort(reason).throwIfAborted();
    await expect(datasetLoader('its-own').load({ seed: 1 })).rejects.toBe(reason);
  });

  it('needs a dataset by name for a network that names none', async () => {
    const plugin = { variants: [{ ...variant, id: 'its-net', architecture: 'cnn' }] };
    usePlugin({ file: '/there/net.mjs', sha256: 'b'.repeat(64), plugin });
    const planned = planGrid(adjustPreset('smoke', {}), {
      select: ['its-net'],
      seed: 1,
      onNote: () => {},
    });
    await expect(planned).rejects.toThrow('No dataset is known for its-net.');
  });

  it('names its variants in their cells, where it says how, and none of the benchmark', () => {
    const cnn = { ...variant, architecture: 'cnn', label: 'CNN, mine' };
    const variants = [
      { ...cnn, id: 'plain' },
      { ...cnn, id: 'told', shortLabel: 'mine', kinds: ['unsharp'] as const },
      { ...cnn, id: 'built', options: { kind: 'smoothing' } },
    ];
    usePlugin({ file: '/there/names.mjs', sha256: 'c'.repeat(64), plugin: { variants } });
    const names = {
      label: 'CNN, mine',
      shortLabel: 'CNN, mine',
      kinds: ['conv' as const],
      architecture: 'CNN',
    };
    expect(namesOf('plain')).toEqual({ names });
    expect(namesOf('told')).toEqual({ names: { ...names, shortLabel: 'mine', kinds: ['unsharp'] } });
    expect(namesOf('built')).toEqual({ names: { ...names, kinds: ['smoothing'] } });
    expect(namesOf('cnn-33')).toEqual({});
    // Another name is no other cell.
    const { cell } = makeRecord({});
    expect(cellId({ ...cell, names })).toBe(cellId(cell));
  });

  it('is part of the identity of the cells that use it, and of no other', () => {
    expect(pluginsOf({ dataset: 'its-own', variant: 'cnn-33' })).toEqual({ plugins: ['a'.repeat(64)] });
    expect(pluginsOf({ dataset: 'digits', variant: 'cnn-33' })).toEqual({});
  });
});
