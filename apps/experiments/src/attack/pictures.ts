import { createHash } from 'node:crypto';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { Attack, Classifier, Dataset } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import type { EvaluationCache, Look } from '@weightmap/records';
import { drawLooks } from '../cells/grad-cam-pictures.js';
import type { AttackedPoint } from './part-results.js';

/** Samples that get pictures. */
const SAMPLES = 4;

/** Grad-CAM of a few images, clean and attacked. */
export interface AttackedLooks {
  /** The label of the attack. */
  readonly attack: string;
  readonly looks: readonly Look[];
}

/** A part's result: the pictures, and the digest of their files. */
export interface StoredPictures extends AttackedLooks {
  readonly sha256: string;
}

export interface AttackedPictureOptions {
  /** The cell's folder; the pictures go to `attacked/` in it. */
  readonly folder: string;
  readonly layer: string;
  readonly seed: number;
  readonly cache: EvaluationCache;
  /** Gives the maps, where that is not the classifier that is attacked; passes images through the layer once. */
  readonly explained?: Classifier;
  /** Everything else that the pictures depend on. */
  readonly circumstances: object;
  readonly signal: AbortSignal;
}

/**
 * The strength that pictures are made at: the middle one of those above 0 (the lower of two). At the largest, nearly every
 * network is fooled and the image no longer shows its class.
 */
export function picturedStrength(epsilons: readonly number[]): number | null {
  const positive = epsilons.filter((epsilon) => epsilon > 0).sort((a, b) => a - b);
  return positive[Math.floor((positive.length - 1) / 2)] ?? null;
}

/** The L∞ attack that fools the network on the largest share of its images at a strength, the first of equals; null if there is none. */
export function strongestAt(
  epsilon: number,
  attacks: readonly Attack[],
  attacked: readonly { id: string; points: readonly AttackedPoint[] }[],
): Attack | null {
  const fooled = ({ id }: Attack) => {
    const points = attacked.find((one) => one.id === id)?.points;
    const flags = points?.find(({ strength }) => strength === epsilon)?.fooled ?? '';
    return [...flags].filter((flag) => flag === '1').length / Math.max(flags.length, 1);
  };
  const bounded = attacks.filter(({ norm }) => norm === 'linf');
  return bounded.reduce<Attack | null>(
    (best, attack) => (best && fooled(best) >= fooled(attack) ? best : attack),
    null,
  );
}

/**
 * Draws a few test images clean and attacked, the perturbation, and Grad-CAM of both. Pictures that are already in the cell's
 * folder, unchanged, are not drawn again.
 * @throws the signal's reason when it is aborted.
 */
export async function drawAttacked(
  model: tf.LayersModel,
  classifier: Classifier,
  dataset: Dataset,
  attack: Attack,
  epsilon: number,
  { folder, layer, explained, seed, cache, circumstances, signal }: AttackedPictureOptions,
): Promise<AttackedLooks> {
  const known = () =>
    cache.entries(
      'attacked-pictures',
      { ...circumstances, attack: attack.id, layer, seed, samples: SAMPLES },
      [epsilon],
      async () => {
        const looks = await drawLooks(model, classifier, dataset, {
          explained,
          folder,
          place: 'attacked',
          layer,
          samples: SAMPLES,
          seed,
          perturbations: true,
          signal,
          conditions: [
            { condition: 'clean', strength: 0 },
            { condition: 'attacked', strength: epsilon, perturbation: { attack, strength: epsilon } },
          ],
        });
        return [{ looks, sha256: await digestOfPictures(folder, looks) }];
      },
    );
  let [{ looks, sha256 }] = await known();
  if ((await digestOfPictures(folder, looks)) !== sha256) {
    // Lost, damaged, or drawn over by another attack or strength.
    await cache.forget('attacked-pictures');
    [{ looks, sha256 }] = await known();
  }
  return { attack: attack.label, looks };
}

/** SHA-256 over the bytes of all pictures. */
export async function digestOfPictures(folder: string, looks: readonly Look[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { image, heatmap, perturbation } of looks)
    for (const file of [image, heatmap, ...(perturbation ? [perturbation] : [])])
      hash.update(
        (await readIfThere(path.join(folder, file), { within: folder }).catch(() => null)) ?? `no ${file}`,
      );
  return hash.digest('hex');
}
