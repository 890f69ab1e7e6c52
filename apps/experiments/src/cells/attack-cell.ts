import * as tf from '@tensorflow/tfjs';
import { maskingReport, type MaskingReport } from '@weightmap/attacks';
import {
  batchesOf,
  batchOf,
  countOf,
  firstOf,
  predictClasses,
  randomStream,
  type Attack,
  type CellConfig,
  type Classifier,
  type Dataset,
  type ImageSet,
  type OnProgress,
} from '@weightmap/core';
import type { EngineInfo } from '@weightmap/engine';
import { attackOrigin, findVariant } from '../plugins/components.js';
import { cellPaths } from '../records/index.js';
import { drawAttacked, picturedStrength, strongestAt, type AttackedLooks } from './attacked-pictures.js';
import type { AttackedPoint } from './attacked-point.js';
import { digestOf, openEvaluationCache } from './evaluation-cache.js';
import { withHeldOutSeeds } from './held-out-seeds.js';
import { openNetwork } from './open-network.js';

/** Images attacked at a time; they take part in naming the random streams. */
const BATCH = 100;

export interface CellAttackOptions {
  readonly run: string;
  readonly dataset: Dataset;
  readonly engine: EngineInfo;
  readonly attacks: readonly Attack[];
  /** Radii of attacks that have one; noise takes them as its own strength. */
  readonly epsilons: readonly number[];
  /** Test images, the first ones. */
  readonly images: number;
  /** Images that are looked at for signs of gradient masking; 0 for no look. */
  readonly maskingImages: number;
  /** Whether to draw a few of them, clean and under the strongest attack on L∞. */
  readonly pictures: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface AttackedCell {
  readonly images: number;
  /** Of each image: `1` if it is misclassified as it is. */
  readonly clean: string;
  readonly attacks: readonly { readonly id: string; readonly points: readonly AttackedPoint[] }[];
  readonly masking: MaskingReport | null;
  /** Null if not asked for, or without an attack on L∞. */
  readonly pictures: AttackedLooks | null;
}

/**
 * Attacks the trained network of a finished cell.
 *
 * What was done before, for these weights, this attack and this strength, is taken from the cell's folder.
 *
 * @throws whatever the signal's reason is when it is aborted; WeightmapError if the weights are missing or damaged.
 */
export async function attackCell(cell: CellConfig, options: CellAttackOptions): Promise<AttackedCell> {
  const { run, dataset, engine, epsilons, images, maskingImages, signal, onProgress } = options;
  const paths = cellPaths(run, cell);
  const network = await openNetwork(paths.weights);
  const { model, classifier } = network;
  const held = withHeldOutSeeds(options.attacks, dataset, cell.seed);
  const { attacks } = held;
  try {
    const cache = openEvaluationCache(paths.evaluation, digestOf(model));
    const set = firstOf(dataset.test, images);
    const common = { data: dataset.checksum, seed: cell.seed, engine: engine.name, images: countOf(set) };
    const attacked: { id: string; points: AttackedPoint[] }[] = [];
    for (const attack of attacks) {
      const circumstances = { ...common, ...attackOrigin(attack.id), ...held.circumstances(attack.id) };
      const points = await cache.entries(`attack-${attack.id}`, circumstances, epsilons, (missing) =>
        sweep(classifier, set, attack, missing, { seed: cell.seed, signal, onProgress }),
      );
      attacked.push({ id: attack.id, points });
    }
    const looked = firstOf(dataset.test, maskingImages);
    const epsilon = Math.max(...epsilons);
    const [masking] =
      maskingImages === 0
        ? [null]
        : await cache.entries('masking', { ...common, images: countOf(looked) }, [epsilon], () =>
            Promise.resolve([
              lookForMasking(classifier, looked, epsilon, { seed: cell.seed, signal, onProgress }),
            ]),
          );
    const pictured = options.pictures ? picturedStrength(epsilons) : null;
    const strongest = pictured === null ? null : strongestAt(pictured, attacks, attacked);
    const pictures =
      pictured === null || !strongest
        ? null
        : await drawAttacked(model, classifier, dataset, strongest, pictured, {
            ...{ folder: paths.folder, layer: findVariant(cell.variant).gradCamLayer, seed: cell.seed },
            ...{ cache, circumstances: { data: dataset.checksum, engine: engine.name }, signal },
          });
    return { images: countOf(set), clean: cleanFlags(classifier, set), attacks: attacked, masking, pictures };
  } finally {
    held.dispose();
    network.dispose();
  }
}

interface Watching {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
}

async function sweep(
  classifier: Classifier,
  set: ImageSet,
  attack: Attack,
  strengths: readonly number[],
  { seed, signal, onProgress }: Watching,
): Promise<AttackedPoint[]> {
  const points = strengths.map(() => ({ flags: [] as number[], changed: 0, linf: 0, l2: 0 }));
  for (const { images, labels, start } of batchesOf(set, BATCH)) {
    signal.throwIfAborted();
    const random = randomStream(seed, 'attack', attack.id, start);
    attack.run(classifier, images, labels, { strengths, random }).forEach((outcome, i) => {
      outcome.adversarial.dispose();
      const point = points[i];
      point.flags.push(...outcome.misclassified);
      outcome.linf.forEach((linf, image) => {
        if (linf === 0) return;
        point.changed++;
        point.linf += linf;
        point.l2 += outcome.l2[image];
      });
    });
    onProgress?.({ stage: attack.id, done: Math.min(start + BATCH, countOf(set)), total: countOf(set) });
    await tf.nextFrame();
  }
  return points.map(({ flags, changed, linf, l2 }, i) => ({
    strength: strengths[i],
    fooled: flags.join(''),
    meanLinf: changed ? linf / changed : null,
    meanL2: changed ? l2 / changed : null,
  }));
}

function lookForMasking(
  classifier: Classifier,
  set: ImageSet,
  epsilon: number,
  { seed, signal, onProgress }: Watching,
): MaskingReport {
  const { images, labels } = batchOf(
    set,
    Array.from({ length: countOf(set) }, (_, i) => i),
  );
  try {
    return maskingReport(classifier, images, labels, {
      ...{ epsilon, seed },
      onProgress(done, total) {
        signal.throwIfAborted();
        onProgress?.({ stage: 'signs of masking', done, total });
      },
    });
  } finally {
    tf.dispose([images, labels]);
  }
}

function cleanFlags(classifier: Classifier, set: ImageSet): string {
  const flags: number[] = [];
  for (const { images, start } of batchesOf(set, BATCH))
    predictClasses(classifier, images).forEach((guess, i) =>
      flags.push(Number(guess !== set.labels[start + i])),
    );
  return flags.join('');
}
