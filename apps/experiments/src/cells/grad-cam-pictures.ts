import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  batchOf,
  randomStream,
  type Classifier,
  type Dataset,
  type EvaluationConfig,
  type GradCamRecord,
} from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { gradCam } from '@weightmap/metrics';
import sharp from 'sharp';
import { conditions } from './conditions.js';

export interface GradCamPictureOptions {
  /** The cell's folder; pictures go to `grad-cam/` in it. */
  folder: string;
  /** Name of the layer to look at. */
  layer: string;
  /** The first test image of each of this many classes. */
  samples: number;
  seed: number;
  evaluation: EvaluationConfig;
}

/** Draws each sample clean, noisy and attacked, with what Grad-CAM says of the predicted class (figure 5). */
export async function drawGradCam(
  model: tf.LayersModel,
  classifier: Classifier,
  { test }: Dataset,
  { folder, layer, samples, seed, evaluation }: GradCamPictureOptions,
): Promise<GradCamRecord[]> {
  const { classes } = test.spec;
  const chosen = classes
    .slice(0, samples)
    .map((_, label) => test.labels.indexOf(label))
    .filter((index) => index >= 0);
  if (chosen.length === 0) return [];
  await mkdir(path.join(folder, 'grad-cam'), { recursive: true });
  const { images, labels } = batchOf(test, chosen);
  const pictured = conditions(evaluation).map(({ condition, strength, perturbation }) => {
    const random = randomStream(seed, 'grad-cam');
    const outcomes = perturbation?.attack.run(classifier, images, labels, { strengths: [strength], random });
    return { condition, strength, inputs: outcomes?.[0].adversarial ?? images };
  });

  const records: GradCamRecord[] = [];
  for (const { condition, strength, inputs } of pictured) {
    const { heatmaps, shape, classIndex, probabilities } = gradCam(model, inputs, { layer, classifier });
    const pixels = await inputs.data<'float32'>();
    const [, height, width, channels] = inputs.shape;
    for (const [i, sample] of chosen.entries()) {
      const image = `grad-cam/${sample}-${condition}-image.png`;
      const heatmap = `grad-cam/${sample}-${condition}-heatmap.png`;
      await writePng(path.join(folder, image), partOf(pixels, i, chosen.length), { height, width, channels });
      await writePng(path.join(folder, heatmap), partOf(heatmaps, i, chosen.length), {
        height: shape[1],
        width: shape[2],
        channels: 1,
      });
      records.push({
        ...{ heatmap, image, layer, sample, condition, strength },
        label: classes[test.labels[sample]],
        predicted: classes[classIndex[i]],
        probability: probabilities[i],
      });
    }
  }
  tf.dispose([labels, ...pictured.map(({ inputs }) => inputs)]);
  return records;
}

const partOf = (values: Float32Array, index: number, parts: number) =>
  values.subarray((index * values.length) / parts, ((index + 1) * values.length) / parts);

/** Values in [0, 1] as a PNG at their own resolution. */
async function writePng(
  file: string,
  values: Float32Array,
  { height, width, channels }: { height: number; width: number; channels: number },
): Promise<void> {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * Math.min(Math.max(value, 0), 1)));
  const raw = { width, height, channels: channels as 1 | 3 };
  await writeWhole(file, await sharp(bytes, { raw }).png({ compressionLevel: 9 }).toBuffer());
}
