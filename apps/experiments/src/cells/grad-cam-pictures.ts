import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { batchOf, randomStream, type Classifier, type Dataset } from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { gradCam, mapGeometry, mapOnImage } from '@weightmap/metrics';
import { magnification, type EvaluationConfig, type GradCamRecord, type Look } from '@weightmap/records';
import sharp from 'sharp';
import { conditions, type Condition } from './conditions.js';

export interface LookOptions {
  /** The cell's folder. */
  readonly folder: string;
  /** The folder in it that the pictures go to. */
  readonly place: string;
  /** Name of the layer that Grad-CAM uses. */
  readonly layer: string;
  /** The first test image of each of this many classes. */
  readonly samples: number;
  readonly seed: number;
  /** The conditions to draw. */
  readonly conditions: readonly Condition[];
  /** Whether the difference that an attack added is drawn as well, magnified around mid-gray. */
  readonly perturbations?: boolean;
  /** Gives the maps, where that is not the classifier that is attacked. */
  readonly explained?: Classifier;
  /** Checked before each attack and each picture. */
  readonly signal?: AbortSignal;
}

export interface GradCamPictureOptions extends Pick<LookOptions, 'folder' | 'layer' | 'samples' | 'seed'> {
  readonly evaluation: EvaluationConfig;
}

/** Draws each sample clean, noisy and attacked, with the Grad-CAM map of the predicted class (figure 5). */
export const drawGradCam = (
  model: tf.LayersModel,
  classifier: Classifier,
  dataset: Dataset,
  { evaluation, ...options }: GradCamPictureOptions,
): Promise<GradCamRecord[]> =>
  drawLooks(model, classifier, dataset, {
    ...options,
    place: 'grad-cam',
    conditions: conditions(evaluation),
  });

/**
 * Draws samples under some conditions, each with the Grad-CAM map of the predicted class: each place of the map is drawn at the
 * centre of its receptive field, pixels without a place are black. Each picture is written completely or not at all; the same
 * network gives the same bytes.
 *
 * @throws whatever the signal's reason is when it is aborted.
 */
export async function drawLooks(
  model: tf.LayersModel,
  classifier: Classifier,
  { test }: Dataset,
  {
    folder,
    place,
    layer,
    samples,
    seed,
    conditions: all,
    perturbations,
    explained = classifier,
    signal,
  }: LookOptions,
): Promise<Look[]> {
  const { classes } = test.spec;
  const chosen = classes
    .slice(0, samples)
    .map((_, label) => test.labels.indexOf(label))
    .filter((index) => index >= 0);
  if (chosen.length === 0) return [];
  const geometry = mapGeometry(model, layer);
  const { images, labels } = batchOf(test, chosen, classifier);
  const [low, high] = classifier.bounds;
  const looks: Look[] = [];
  try {
    const clean = await images.data<'float32'>();
    for (const { condition, strength, perturbation } of all) {
      signal?.throwIfAborted();
      const random = randomStream(seed, 'grad-cam');
      const outcomes = perturbation?.attack.run(classifier, images, labels, {
        strengths: [strength],
        random,
      });
      const inputs = outcomes?.[0].adversarial ?? images;
      try {
        const { heatmaps, classIndex, probabilities } = gradCam(model, inputs, {
          layer,
          classifier: explained,
        });
        const pixels = await inputs.data<'float32'>();
        const [, height, width, channels] = inputs.shape;
        const part = (values: Float32Array, i: number) => partOf(values, i, chosen.length);
        for (const [i, sample] of chosen.entries()) {
          signal?.throwIfAborted();
          const named = (what: string) => `${place}/${sample}-${condition}-${what}.png`;
          const [image, heatmap] = [named('image'), named('heatmap')];
          const gray = part(pixels, i).map((value) => (value - low) / (high - low));
          await writePng(folder, image, gray, { height, width, channels });
          const heat = mapOnImage(part(heatmaps, i), geometry, test.spec);
          await writePng(folder, heatmap, heat, { height, width, channels: 1 });
          const added = perturbations && perturbation ? named('perturbation') : undefined;
          if (added) {
            const factor = magnification(strength);
            const before = part(clean, i);
            const shown = part(pixels, i).map((value, at) => 0.5 + factor * (value - before[at]));
            await writePng(folder, added, shown, { height, width, channels });
          }
          looks.push({
            heatmap,
            image,
            layer,
            sample,
            condition,
            strength,
            ...(added && { perturbation: added }),
            label: classes[test.labels[sample]],
            predicted: classes[classIndex[i]],
            probability: probabilities[i],
          });
        }
      } finally {
        tf.dispose(outcomes?.map(({ adversarial }) => adversarial) ?? []);
      }
    }
  } finally {
    tf.dispose([images, labels]);
  }
  return looks;
}

const partOf = (values: Float32Array, index: number, parts: number) =>
  values.subarray((index * values.length) / parts, ((index + 1) * values.length) / parts);

/** Values in [0, 1] as a PNG at their own resolution; others are cut off there. */
async function writePng(
  folder: string,
  name: string,
  values: Float32Array,
  { height, width, channels }: { height: number; width: number; channels: number },
): Promise<void> {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * Math.min(Math.max(value, 0), 1)));
  const raw = { width, height, channels: channels as 1 | 3 };
  const png = await sharp(bytes, { raw }).png({ compressionLevel: 9 }).toBuffer();
  await writeWhole(path.join(folder, name), png, { within: folder });
}
