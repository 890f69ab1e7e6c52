import * as tf from '@tensorflow/tfjs';
import { countOf, WeightmapError, type Classifier, type ImageSet, type OnProgress } from '@weightmap/core';
import { darkBackground, shareOnBackground } from './_background.js';
import { perturbedBatches, type Perturbation } from './_perturbed-batches.js';
import { summaryOf, type Summary } from './_summary.js';
import { gradCam } from './grad-cam.js';
import { framedPlaces, frameOf, mapGeometry, type ImageFrame } from './map-geometry.js';

export type { Summary } from './_summary.js';
import { hoyerSparsity, relativeEntropy } from './sparsity.js';
import { checkFit } from './test-error.js';

/** How sharp, sparse and localised the maps of some images are; see `gradCamSharpness`. */
export interface GradCamSharpness {
  /** Maps made, one for each image. */
  readonly n: number;
  /** The pixels that the figures below are taken over. Figures of different frames can't be compared. */
  readonly frame: ImageFrame;
  /** Maps that are 0 everywhere in the frame: they are left out of the summaries. */
  readonly empty: number;
  /**
   * Hoyer's sparsity: 0 for a flat map, 1 for one that has a single place. Null if every map is empty, or there is one
   * place in the frame.
   */
  readonly hoyer: Summary | null;
  /** Entropy over the log of the number of places: 1 for a flat map, 0 for a single place. Null as `hoyer`. */
  readonly entropy: Summary | null;
  /**
   * Share of the map that lies on the background of the clean image. Null if every map is empty, and for photographs,
   * where nobody has marked a background.
   */
  readonly background: Summary | null;
}

/** Layer, frame, perturbation and seed of the measurement. */
export interface GradCamSharpnessOptions {
  /** Name of the layer that is looked at. */
  layer: string;
  /**
   * The pixels that are looked at, for maps of different geometry to be compared: `commonFrame` of their `frameOf`.
   * Default: all that the layer's maps cover.
   */
  frame?: ImageFrame;
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
 * Measures how sharp, sparse and localised Grad-CAM's maps are: figure 5 in numbers. It explains the predicted class.
 *
 * Each place of a map sits at the centre of its receptive field (`mapGeometry`). Only places whose centres lie in `frame`
 * count, at the map's own resolution:
 *
 * - `hoyer`: their Hoyer sparsity, 0 (flat) … 1 (a single place);
 * - `entropy`: their entropy over the log of their number, 1 (flat) … 0 (a single place);
 * - `background`: every pixel of the frame having the value of its nearest place, the share that lies on the background
 *   of the clean image (also when the image explained is a noisy one).
 *
 * Each is the mean over the images, with standard deviation and n. Maps that are 0 everywhere in the frame are counted
 * in `empty` and left out of all three.
 *
 * @param classifier made of `model`; a compiled one makes this several times faster.
 * @throws WeightmapError if the set is empty or doesn't fit the classifier, or no place lies in the frame; whatever `mapGeometry`, `gradCam` and the perturbation throw.
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
  const geometry = mapGeometry(model, layer);
  const frame = options.frame ?? frameOf(geometry, set.spec);
  const { places, pixels: under } = frame ? framedPlaces(geometry, frame, set.spec) : nothing;
  if (!frame || places.length === 0)
    throw new WeightmapError('No place of the Grad-CAM maps lies in the frame.', {
      where: `the layer "${layer}", ${geometry.rows.places}×${geometry.columns.places} places; frame ${JSON.stringify(frame)}`,
      fix: 'leave the frame out, or give `commonFrame` of the frames that the compared maps cover',
    });
  const values = new Float32Array(places.length);
  const maps: MapFigures[] = [];
  const batches = perturbedBatches(classifier, set, { perturbation, seed, batchSize });
  for (const { images, start } of batches) {
    const { heatmaps, shape } = gradCam(model, images, { layer, classifier });
    for (let i = 0; i < shape[0]; i++) {
      const map = part(heatmaps, i, shape[1] * shape[2]);
      places.forEach((place, j) => (values[j] = map[place]));
      const pixels = part(set.pixels, start + i, height * width * channels);
      const mask = background === 'dark' ? darkBackground(pixels, channels) : null;
      maps.push({
        isEmpty: values.every((value) => value === 0),
        hoyer: hoyerSparsity(values),
        entropy: relativeEntropy(values),
        background: mask && shareOnBackground(map, under, mask),
      });
    }
    onProgress?.({ stage: 'Grad-CAM', done: Math.min(start + batchSize, total), total });
    await tf.nextFrame();
  }
  const summary = (name: 'hoyer' | 'entropy' | 'background') =>
    summaryOf(maps.map((map) => map[name]).filter((value) => value !== null));
  return {
    n: maps.length,
    frame,
    empty: maps.filter(({ isEmpty }) => isEmpty).length,
    hoyer: summary('hoyer'),
    entropy: summary('entropy'),
    background: summary('background'),
  };
}

type MapFigures = Record<'hoyer' | 'entropy' | 'background', number | null> & { readonly isEmpty: boolean };

const nothing = { places: new Int32Array(0), pixels: new Int32Array(0) };

const part = <Values extends Float32Array | Uint8Array>(values: Values, index: number, size: number) =>
  values.subarray(index * size, (index + 1) * size) as Values;
