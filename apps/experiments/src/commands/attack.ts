import { attacks, type AttackId } from '@weightmap/attacks';
import { startEngine } from '@weightmap/engine';
import { Command, InvalidArgumentError } from 'commander';
import picomatch from 'picomatch';
import { WeightmapError, type CellConfig, type Dataset } from '@weightmap/core';
import { unknownName } from '../_nearest.js';
import { list, natural, positive, several } from '../_option-types.js';
import { stopOnSignal } from '../_stop-on-signal.js';
import { attackTable } from '../attacked/attack-table.js';
import { writeAttackedRun, type AttackedRun } from '../attacked/attacked-run.js';
import { baselinesOf, compareCorrupted } from '../attacked/corrupted-networks.js';
import { corruptionTable } from '../attacked/corruption-table.js';
import { summariseAttacks } from '../attacked/summarise-attacks.js';
import { attackCell } from '../cells/attack-cell.js';
import { benchmarkFor, corruptCell, type CellCorruptionOptions } from '../cells/corrupt-cell.js';
import { cellName } from '../cells/cell-name.js';
import { loadCellData } from '../cells/load-cell-data.js';
import { transferMatrix } from '../cells/transfer.js';
import { EXIT } from '../exit-codes.js';
import { readManifest } from '../plan/manifest.js';
import { attackFactories } from '../plugins/components.js';
import { usePlugins, usePluginsFor, useUnchangedPlugins } from '../plugins/stored-plugins.js';
import { startDisplay } from '../progress-display.js';
import { cellPaths, readCellRecord } from '../records/index.js';
import { buildReport } from '../report/index.js';

interface Options {
  attacks: string[];
  plugin: string[];
  epsilons: number[];
  images: number;
  masking: number;
  select: string[];
  transfer?: boolean;
  corruptions?: boolean;
  baseline?: string;
  threads: number;
  json?: boolean;
}

const DEFAULT_ATTACKS: readonly AttackId[] = ['fgsm', 'bim', 'pgd', 'apgd-ce', 'apgd-dlr'];

const numbers = (text: string) =>
  list(text).map((part) => {
    const [top, bottom = '1'] = part.split('/');
    const value = Number(top) / Number(bottom);
    if (!(value >= 0) || !Number.isFinite(value))
      throw new InvalidArgumentError('Numbers ≥ 0 are expected, such as 0.1 or 8/255, separated by commas.');
    return value;
  });

export function attackCommand(): Command {
  return new Command('attack')
    .argument('<run>', 'folder of the run')
    .option('--attacks <ids>', `comma-separated, of: ${Object.keys(attacks).join(', ')}`, list, [
      ...DEFAULT_ATTACKS,
    ])
    .option(
      '--epsilons <list>',
      'strengths, in units of pixels: 0.1 or 8/255, comma-separated',
      numbers,
      [0.05, 0.1, 0.2, 0.3],
    )
    .option('--images <n>', 'test images of each cell', positive, 1000)
    .option(
      '--masking <n>',
      'test images that are looked at for signs of gradient masking, 0 for none',
      natural,
      100,
    )
    .option('--select <ids>', 'rows: ids or globs, comma-separated', list, ['*'])
    .option('--plugin <file>', 'a module with attacks of your own; once for each', several, [])
    .option('--transfer', 'show the images made against each network to all others')
    .option(
      '--corruptions',
      'measure the errors under the corruptions of MNIST-C or CIFAR-10-C, and their mean (mCE)',
    )
    .option('--baseline <variant>', 'row whose errors mCE divides by; default: the first that is attacked')
    .option('--threads <n>', 'threads of the native engine', positive, 2)
    .option('--json', 'an object for programs')
    .addHelpText(
      'after',
      `
What was done before is taken from the cells' folders. The report of the run shows the results.

Examples:
  weightmap attack runs/standard
  weightmap attack runs/standard --attacks fgsm,pgd,square --epsilons 8/255,0.1 --select 'cnn-*' --transfer
  weightmap attack runs/standard --corruptions --baseline cnn-33`,
    )
    .action(async (run: string, options: Options) => {
      process.exitCode = await attackRun(run, options);
    });
}

async function attackRun(run: string, options: Options): Promise<number> {
  const manifest = await readManifest(run);
  await usePlugins(options.plugin);
  await useUnchangedPlugins(run, manifest);
  const factories = attackFactories();
  const ids = Object.keys(factories);
  for (const id of options.attacks) if (!ids.includes(id)) throw unknownName('attack', id, ids, '--attacks');
  const chosen = options.attacks.map((id) => factories[id]());
  const infos = new Map(chosen.map((attack) => [attack.id, attack]));
  const display = startDisplay(options.json ? process.stderr : process.stdout);
  const signal = stopOnSignal(display.note);
  const trained = [];
  for (const cell of manifest.cells) if (await readCellRecord(run, cell)) trained.push(cell);
  const finished = trained.filter(({ variant }) => picomatch.isMatch(variant, options.select));
  if (finished.length === 0)
    throw new WeightmapError('There is no trained network to attack.', {
      where: run,
      expected: `a finished cell that --select ${options.select.join(',')} matches`,
      fix: '`weightmap status` shows which cells are done',
    });
  const baseline = options.baseline ?? finished[0].variant;
  const baselines = options.corruptions ? baselinesOf(finished, trained, baseline) : null;
  await usePluginsFor(finished, run, manifest);
  const engine = await startEngine({ threads: options.threads });
  const data = new Map<string, Dataset>();
  const attacked: AttackedRun = { schemaVersion: 1, images: options.images, cells: [], transfer: null };
  try {
    const dataOf = async (cell: CellConfig) => {
      const dataset = data.get(cell.dataset.id) ?? (await loadCellData(cell, manifest));
      data.set(cell.dataset.id, dataset);
      return dataset;
    };
    for (const [i, cell] of finished.entries()) {
      const dataset = await dataOf(cell);
      const result = await attackCell(cell, {
        ...{ run, dataset, engine, signal, attacks: chosen },
        ...{ epsilons: options.epsilons, images: options.images, maskingImages: options.masking },
        pictures: isFirstTrial(cell, finished),
        onProgress: ({ stage, done, total }) =>
          display.progress({ stage: `${i + 1}/${finished.length} ${cellName(cell)}: ${stage}`, done, total }),
      });
      const summary = summariseAttacks(cell, result, infos);
      attacked.cells.push(summary);
      display.line(
        `${cellName(cell)}: ${summary.cleanAccuracyPercent.toFixed(1)} % clean, ${summary.worst.at(-1)?.accuracyPercent.toFixed(1) ?? '–'} % in the worst case`,
      );
    }
    if (baselines)
      attacked.corruptions = await corruptNetworks(baselines, {
        ...{ run, engine, signal, images: options.images, baseline, dataOf },
        onProgress: display.progress,
      });
    if (options.transfer) attacked.transfer = await transferBetween(run, finished, data, options, signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    display.end();
    display.line('stopped; the same command goes on from what is stored');
    return EXIT['stopped, continue with the same command'];
  }
  display.end();
  const file = await writeAttackedRun(run, attacked);
  const { html } = await buildReport(run, { command: `weightmap attack ${run}` });
  if (options.json) console.log(JSON.stringify(attacked));
  else {
    const tables = [attackTable(attacked), attacked.corruptions && corruptionTable(attacked.corruptions)];
    display.line(['', ...tables.filter(Boolean), `results: ${file}\nreport: ${html}`].join('\n\n').slice(1));
  }
  return EXIT.done;
}

const isFirstTrial = (cell: CellConfig, cells: readonly CellConfig[]): boolean =>
  !cells.some(
    ({ variant, dataset, trial }) =>
      variant === cell.variant && dataset.id === cell.dataset.id && trial < cell.trial,
  );

/** Each network and the baselines under the corruptions that suit their images. */
async function corruptNetworks(
  baselines: ReturnType<typeof baselinesOf>,
  {
    images,
    baseline,
    dataOf,
    onProgress,
    ...common
  }: Omit<CellCorruptionOptions, 'dataset'> & {
    baseline: string;
    dataOf: (cell: CellConfig) => Promise<Dataset>;
  },
): Promise<AttackedRun['corruptions']> {
  const errors: Parameters<typeof compareCorrupted>[1] = new Map();
  for (const cell of new Set([...baselines.values(), ...baselines.keys()])) {
    const dataset = await dataOf(cell);
    const found = await corruptCell(cell, {
      ...{ ...common, dataset, images },
      onProgress: ({ stage, ...rest }) => onProgress?.({ stage: `${cellName(cell)}: ${stage}`, ...rest }),
    });
    errors.set(cell, { benchmark: benchmarkFor(dataset), errors: found });
  }
  return compareCorrupted(baselines, errors, { baseline, images });
}

/** Networks of one trial and dataset; a matrix over all would compare what was trained on other images. */
async function transferBetween(
  run: string,
  finished: Awaited<ReturnType<typeof readManifest>>['cells'],
  data: ReadonlyMap<string, Dataset>,
  { epsilons, images }: Options,
  signal: AbortSignal,
): Promise<AttackedRun['transfer']> {
  const epsilon = Math.max(...epsilons);
  const pairs = [];
  for (const [id, dataset] of data) {
    const trial = Math.min(...finished.filter((cell) => cell.dataset.id === id).map((cell) => cell.trial));
    const networks = finished.filter((cell) => cell.dataset.id === id && cell.trial === trial);
    pairs.push(
      ...(await transferMatrix(
        networks.map((cell) => ({ name: cell.variant, weights: cellPaths(run, cell).weights })),
        dataset,
        { epsilon, images, seed: networks[0].seed, signal },
      )),
    );
  }
  return { epsilon, pairs };
}
