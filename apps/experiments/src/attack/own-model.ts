import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { checkLogits, countOf, firstOf, tensorsOf, UsageError, WeightmapError } from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { compiledClassifier, startEngine } from '@weightmap/engine';
import type { AttackedRun, CellConfig } from '@weightmap/records';
import { attackPage, attackTable } from '@weightmap/report';
import { count, duration, strength } from '@weightmap/report/text';
import colours from 'picocolors';
import { attackFactories } from '../plugins/components.js';
import { usePlugins } from '../plugins/stored-plugins.js';
import { EXIT } from '../terminal/exit-codes.js';
import { print, printError, printJson } from '../terminal/output.js';
import { chooseAttacks, strengthsFor, type AttackWish, type ChosenAttack } from './choice.js';
import { withHeldOutSeeds } from './held-out-seeds.js';
import { attackOwnNetwork, radiiOf, withoutGradient, type ReadyAttack } from './own-model-attacks.js';
import { loadOwnImages, type OwnImages } from './own-model-images.js';
import { loadOwnModel, preprocessed, type OwnModel, type Preprocessing } from './own-model-network.js';
import { cleanWarnings } from './own-model-warnings.js';
import { plannedAttack } from './plan-campaign.js';
import { summariseAttacks } from './summary.js';

/** How a network of the user is attacked. */
export interface OwnModelOptions {
  /** Id of a dataset, or a folder of pictures. */
  readonly data: string;
  /** Of a safetensors file: whose weights it holds. */
  readonly variant?: string;
  /** Of a network with several outputs: the name of the one with the classes. */
  readonly output?: string;
  /** Default: pixels from 0 to 1. */
  readonly bounds?: readonly [low: number, high: number];
  /** Default: none. */
  readonly normalise?: Pick<Preprocessing, 'mean' | 'deviation'>;
  /** The class folders in the order of the network's outputs. */
  readonly classes?: readonly string[];
  readonly attacks?: readonly AttackWish[];
  readonly epsilons?: readonly number[];
  readonly images: number;
  /** Images of the masking checks; 0 for no checks. */
  readonly masking: number;
  readonly threads: number;
  readonly plugins?: readonly string[];
  /** The folder of the results. */
  readonly out?: string;
  readonly json?: boolean;
  /** The command as the user wrote it: the page names it. */
  readonly command: string;
  /** Attacks if none are named. */
  readonly defaults: readonly string[];
}

/** Of the choice of images and of all attacks. */
const SEED = 1;
/** Milliseconds between two lines of progress of the same stage. */
const SAY_EVERY = 10_000;

/**
 * Whether an argument of `weightmap attack` is a network of the user and not a run.
 *
 * @param hasData whether images were named, which only such a network needs.
 */
export async function isOwnModel(given: string, hasData: boolean): Promise<boolean> {
  const exists = (name: string) =>
    stat(name).then(
      () => true,
      () => false,
    );
  if (await exists(path.join(given, 'grid.json'))) return false;
  const found = await stat(given).catch(() => null);
  return (
    hasData ||
    found?.isFile() === true ||
    /\.(json|safetensors)$/i.test(given) ||
    (await exists(path.join(given, 'model.json')))
  );
}

/**
 * Attacks a network of the user in this process and writes the results: `attack.json` and a page. Everything is checked before the first
 * attack starts.
 *
 * @returns the exit code.
 * @throws WeightmapError if the network and the images don't belong together, or an attack can't run on it.
 */
export async function attackOwnModel(given: string, options: OwnModelOptions): Promise<number> {
  const { data, variant, output, classes, images, masking, threads, json, command } = options;
  const say = json ? printError : print;
  await usePlugins(options.plugins);
  const chosen = chooseAttacks(options.attacks ?? options.defaults.map((id) => ({ id })), attackFactories());
  const engine = await startEngine({ threads, onSlower: () => {} });
  const read = progressLines(say);
  const load = (shape: OwnModel['shape']) =>
    loadOwnImages(data, {
      ...{ images, seed: SEED, shape, classes },
      onProgress: ({ stage, done, total }) => read(stage, done / total),
    });
  let own: OwnImages | undefined;
  const model = await loadOwnModel(given, {
    variant,
    spec: async () => (own = await load({})).set.spec,
  });
  try {
    own ??= await load(model.shape);
    const { set, dataset } = own;
    const pre: Preprocessing = {
      bounds: options.bounds ?? [0, 1],
      ...(options.normalise ?? { mean: [0], deviation: [1] }),
    };
    const { classifier: network, outputs, compiles } = model.classifier(set.spec, output);
    const plain = preprocessed(network, pre);
    checkFirst(plain, set);
    const ready = suitable(chosen, own, options);
    const held = ready.map((one) => (dataset ? withHeldOutSeeds(one.attack, dataset, SEED) : null));
    const needsGradient = masking > 0 && radiiOf(ready).length > 0;
    if (needsGradient || ready.some(({ attack }) => attack.usesGradient))
      checkGradient(withoutGradient(plain, set));
    const compiled = compiles ? compiledClassifier(plain) : null;
    say(
      `${colours.bold('weightmap attack')}: ${model.name} (${model.form}) on ${count(countOf(set), 'image')} of ${own.label}, ` +
        `${ready.map(({ planned }) => planned.label).join(', ')}; strengths are in units of pixels from 0 to 1`,
    );
    try {
      const measured = await attackOwnNetwork(
        compiled ?? plain,
        set,
        ready.map((one, i) => ({ ...one, attack: held[i]?.attack ?? one.attack })),
        { masking, seed: SEED, onShare: progressLines(say) },
      );
      const warnings = cleanWarnings(network, set, measured.clean, pre);
      const cell = { variant: model.name, dataset: { id: own.id }, trial: 1, weights: model.sha256 };
      const results: AttackedRun = {
        schemaVersion: 2,
        images: countOf(set),
        subsetSeed: SEED,
        // Named like a cell of a run, so that the same tables and figures show it.
        cells: [summariseAttacks(cell as unknown as CellConfig, { ...measured, pictures: null })],
        transfer: null,
      };
      const stored = {
        schemaVersion: 1,
        model: { given, form: model.form, sha256: model.sha256, variant, output, outputs },
        data: {
          given: data,
          label: own.label,
          source: own.source,
          checksum: own.checksum,
          classes: set.spec.classes,
        },
        preprocessing: pre,
        unit: 'strengths are in units of pixels from 0 to 1',
        seed: SEED,
        engine: engine.name,
        warnings,
        results,
      };
      const out = options.out ?? path.join('attacked', `${model.name}-on-${own.id}`);
      const [file, page] = [path.join(out, 'attack.json'), path.join(out, 'index.html')];
      const facts = factsOf(model, own, { pre, outputs, engine: engine.name, given });
      await writeWhole(file, `${JSON.stringify(stored, null, 1)}\n`, { within: out });
      await writeWhole(
        page,
        attackPage(results, {
          ...{ model: model.name, data: own.label, classes: set.spec.classes.length },
          ...{ facts, warnings, command },
        }),
        { within: out },
      );
      if (json) printJson(stored);
      else
        print(
          [
            '',
            attackTable(results, ({ variant }) => variant),
            ...warnings.map((text) => colours.yellow(`warning: ${text}`)),
            `results: ${file}\nreport: ${page}`,
          ]
            .join('\n\n')
            .slice(1),
        );
      return EXIT.done;
    } finally {
      held.forEach((one) => one?.dispose());
      compiled?.dispose();
    }
  } finally {
    model.dispose();
  }
}

/** The chosen attacks at their strengths. @throws WeightmapError if one can't run on such images, or none is left. */
function suitable(
  chosen: readonly ChosenAttack[],
  { set: { spec }, dataset, label }: OwnImages,
  { attacks, epsilons }: Pick<OwnModelOptions, 'attacks' | 'epsilons'>,
): ReadyAttack[] {
  const tooFew = chosen.filter(({ attack: { leastClasses = 2 } }) => spec.classes.length < leastClasses);
  if (tooFew.length > 0 && attacks !== undefined)
    throw new WeightmapError(
      `The attack ${tooFew[0].attack.id} needs at least ${tooFew[0].attack.leastClasses} classes.`,
      { where: `${label} has ${spec.classes.length}`, fix: `leave ${tooFew[0].attack.id} out of --attacks` },
    );
  if (!dataset && chosen.some(({ attack }) => attack.id === 'substitute'))
    throw new WeightmapError('There are no held-out images for a substitute model.', {
      where: `${label}, a folder of test images`,
      fix: 'leave substitute out of --attacks',
    });
  return chosen
    .filter((one) => !tooFew.includes(one))
    .map((one) => ({ attack: one.attack, planned: plannedAttack(one, strengthsFor(one, spec, epsilons)) }));
}

/** @throws WeightmapError if a classifier gives something else than finite logits for the first images. */
function checkFirst(classifier: Parameters<typeof checkLogits>[0], set: OwnImages['set']): void {
  const { images, labels } = tensorsOf(firstOf(set, 8));
  try {
    checkLogits(classifier, images);
  } catch (error) {
    if (!(error instanceof WeightmapError) || !/probabilities/.test(error.message)) throw error;
    throw new WeightmapError('The model gives probabilities by other means than a softmax at its end.', {
      where: error.details.where,
      expected: 'logits, or a softmax as its last operation',
      fix: 'save the model up to the layer before the probabilities',
    });
  } finally {
    tf.dispose([images, labels]);
  }
}

function checkGradient(problem: string | null): void {
  if (problem === null) return;
  throw new WeightmapError(`The gradient of the model can't be computed: ${problem}.`, {
    where: 'the gradient of its logits at the first image',
    expected: 'operations that have a gradient, as most attacks and the checks for masking need it',
    fix: 'run the attacks that need none: --attacks square,hop-skip-jump,boundary --masking 0',
  });
}

function factsOf(
  { form, sha256 }: OwnModel,
  { source, checksum, set }: OwnImages,
  { pre, outputs, engine, given }: { pre: Preprocessing; outputs: string; engine: string; given: string },
): (readonly [string, string])[] {
  const { height, width, channels, classes } = set.spec;
  const { bounds, mean, deviation } = pre;
  const isPlain = mean.every((value) => value === 0) && deviation.every((value) => value === 1);
  return [
    ['network', `${given}, ${form}, SHA-256 ${sha256.slice(0, 16)}…`],
    ['its outputs', outputs],
    ['images', `${source}; ${height}×${width}×${channels}; checksum ${checksum.slice(0, 16)}…`],
    ['classes, in order', classes.join(', ')],
    [
      'pixels that it expects',
      `${bounds.join(' to ')}${isPlain ? '' : `, minus ${mean.join(', ')}, over ${deviation.join(', ')}`}`,
    ],
    ['ε of 8/255', `${strength((8 / 255) * (bounds[1] - bounds[0]))} in the pixels that it expects`],
    ['engine', engine],
  ];
}

/** Prints lines about the share of work that is done: at each stage, and every few seconds. */
function progressLines(say: (text: string) => void): (stage: string, share: number) => void {
  const started = Date.now();
  let said = { stage: '', at: 0 };
  return (stage, share) => {
    const now = Date.now();
    if (stage === said.stage && now - said.at < SAY_EVERY) return;
    said = { stage, at: now };
    const left =
      share > 0.02 ? `, at most ${duration(((now - started) / 1000 / share) * (1 - share))} left` : '';
    say(`  ${stage}  ${Math.round(100 * share)} %${left}`);
  };
}

/** Numbers of `--normalise`: `0.5,0.5`, or a number a channel, joined by colons. @throws Error in words for the user. */
export function parseNormalise(text: string): Pick<Preprocessing, 'mean' | 'deviation'> {
  const [mean, deviation, ...more] = text.split(',').map((part) => part.split(':').map(numberOf));
  if (!mean || !deviation || more.length > 0 || [...mean, ...deviation].some(Number.isNaN))
    throw new UsageError(
      'mean,std is expected: two numbers, or a number for each channel: m1:m2:m3,s1:s2:s3.',
      {
        where: `--normalise ${text}`,
      },
    );
  if (deviation.some((value) => value <= 0))
    throw new UsageError('A standard deviation is above 0.', { where: `--normalise ${text}` });
  return { mean, deviation };
}

/** Numbers of `--bounds`: `0,255`. @throws UsageError */
export function parseBounds(text: string): [low: number, high: number] {
  const [low, high, ...more] = text.split(',').map(numberOf);
  if (more.length > 0 || !(low < high))
    throw new UsageError('Two numbers are expected, the smaller one first, such as 0,1 or 0,255 or -1,1.', {
      where: `--bounds ${text}`,
    });
  return [low, high];
}

const numberOf = (text: string): number =>
  /^\s*-?(\d+\.?\d*|\.\d+)(e-?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
