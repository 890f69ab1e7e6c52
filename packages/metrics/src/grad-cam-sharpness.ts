import * as tf from '@tensorflow/tfjs';
import {
  countOf,
  type Classifier,
  type GradCamSharpnessRecord,
  type ImageSet,
  type OnProgress,
} from '@weightmap/core';
import { darkBackground, shareOnBackground, type Size } from './_background.js';
import { perturbedBatches, type Perturbation } from './_perturbed-batches.js';
import { summaryOf } from './_summary.js';
import { gradCam } from './grad-cam.js';
import { hoyerSparsity, relativeEntropy } from './sparsity.js';
import { checkFit } from './test-error.js';

/** What the maps of some images are like; see `gradCamSharpness`. */
export type GradCamSharpness = Pick<
  GradCamSharpnessRecord,
  'n' | 'empty' | 'hoyer' | 'entropy' | 'background'
>;

/** Which layer is looked at, on which images. */
export interface GradCamSharpnessOptions {
  /** Name of the layer that is looked at. */
  layer: string;
  /** What is done to the images first. Default: nothing. */
  perturbation?: Perturbation;
  /**
   * What is behind the images' objects. `dark`: a bright figure on a dark ground (MNIST), where pixels of the clean image
   * within the lowest tenth of its range are background. `unknown` (default): photographs, where nobody has
   * marked it: then there is no background share.
   */
  background?: 'dark' | 'unknown';
  /** Seeds what the perturbation draws. */
  seed: number;
  /** Images at a time; takes part in naming the streams, as in `robustnessCurve`. Default 64. */
  batchSize?: number;
  /** Counts images. */
  onProgress?: OnProgress;
}

/**
 * How sharp, sparse and localised Grad-CAM's maps are: figure 5 in numbers. The class explained is the predicted one.
 *
 * - `hoyer`: Hoyer's sparsity of a map at its own resolution, 0 (flat) … 1 (a single place);
 * - `entropy`: its entropy over the log of its number of places, 1 (flat) … 0 (a single place);
 * - `background`: the share of the map, brought to the image's size by nearest neighbour, that lies on the background of the
 *   clean image (also when the image explained is a noisy one).
 *
 * Each is the mean over the images, with standard deviation and n. Maps that are 0 everywhere are counted
 * in `empty` and left out of all three.
 *
 * @param classifier made of `model`; a compiled one makes this several times faster.
 * @throws WeightmapError if the set is empty or doesn't fit the classifier; whatever `gradCam` and the perturbation throw.
 * @see paper, section 5 and figure 5
 */
export async function gradCamSharpness(
  model: tf.LayersModel,
  classifier: Classifier,
  set: ImageSet,
  options: GradCamSharpnessOptions,
): Promise<GradCamSharpness> {
  const { layer, perturbation, background = 'unknown', seed, batchSize = 64, onProgress } = options;
  checkFit(classifier, set);
  const { height, width, channels } = set.spec;
  const total = countOf(set);
  const maps: MapFigures[] = [];
  const batches = perturbedBatches(classifier, set, { perturbation, seed, batchSize });
  for (const { images, start } of batches) {
    const { heatmaps, shape } = gradCam(model, images, { layer, classifier });
    const [batch, ...size] = shape;
    for (let i = 0; i < batch; i++) {
      const map = part(heatmaps, i, size[0] * size[1]);
      const pixels = part(set.pixels, start + i, height * width * channels);
      const mask = background === 'dark' ? darkBackground(pixels, channels) : null;
      maps.push(figuresOf(map, size, mask, [height, width]));
    }
    onProgress?.({ stage: 'Grad-CAM', done: Math.min(start + batchSize, total), total });
    await tf.nextFrame();
  }
  const summary = (name: keyof MapFigures) =>
    summaryOf(maps.map((map) => map[name]).filter((value) => value !== null));
  return {
    n: maps.length,
    empty: maps.filter(({ hoyer }) => hoyer === null).length,
    hoyer: summary('hoyer'),
    entropy: summary('entropy'),
    background: summary('background'),
  };
}

type MapFigures = Record<'hoyer' | 'entropy' | 'background', number | null>;

const figuresOf = (
  map: Float32Array,
  size: Size,
  background: Uint8Array | null,
  image: Size,
): MapFigures => ({
  hoyer: hoyerSparsity(map),
  entropy: relativeEntropy(map),
  background: background && shareOnBackground(map, size, background, image),
});

const part = <Values extends Float32Array | Uint8Array>(values: Values, index: number, size: number) =>
  values.subarray(index * size, (index + 1) * size) as Values;
