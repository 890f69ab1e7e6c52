import * as tf from '@tensorflow/tfjs';
import {
  checkedImages,
  type AttackBatch,
  type RandomStream,
  type Victim,
  type VictimStep,
} from '@weightmap/core';
import { FAR } from '../harness/_nearest.js';
import { fools, perImage } from '../harness/_worst.js';

/** Where an attack that uses only decisions finds its first adversarial images. */
export interface OutsideOptions {
  /** Most noise images tried to find an adversarial one. */
  tries?: number;
  /**
   * `[any number, height, width, channels]`: images to start from, such as other images of the dataset; the caller's. Each
   * attacked image starts from the one nearest in L2 that is adversarial, and from noise only if there is none. With
   * targets, which noise seldom hits, the images of the batch are added to them.
   */
  starts?: tf.Tensor4D | undefined;
}

/** Adversarial images to start from. */
export type Outside = {
  /** The clean image if none was found. */
  readonly outside: tf.Tensor4D;
  /** [batch], 1 if it is adversarial. */
  readonly fooled: tf.Tensor1D;
};

type Inputs = Outside & Omit<AttackBatch, 'images'> & { readonly noise: tf.Tensor4D };

const look: VictimStep<Inputs, Outside> =
  (model) =>
  ({ outside, fooled, labels, targets, noise }) => {
    const hit = fools(model.logits(noise), labels, targets, model.answers);
    const found = hit.greater<tf.Tensor1D>(fooled);
    return { outside: tf.where(perImage(found), noise, outside), fooled: fooled.maximum(hit) };
  };

/**
 * Finds an adversarial image for each image: the image itself if it is adversarial, else the nearest of the given images
 * that is, else the first of uniform noise within the bounds that is.
 *
 * @param options.tries most noise images.
 * @throws WeightmapError if `starts` has another shape than the images, or a pixel out of bounds.
 */
export function startOutside(
  victim: Victim,
  batch: AttackBatch,
  { random, tries, starts }: OutsideOptions & { random: RandomStream; tries: number },
): Outside {
  const { images, ...truth } = batch;
  return tf.tidy(() => {
    const checked = starts && checkedImages(victim, starts, 'starts');
    const none: Outside = { outside: images, fooled: tf.zeros<tf.Rank.R1>([images.shape[0]]) };
    let found = victim.compute(look, { ...none, ...truth, noise: images });
    const all = () => found.fooled.min().dataSync()[0] === 1;
    const known = [...(checked ? [checked] : []), ...(truth.targets ? [images] : [])];
    if (known.length > 0 && !all()) found = nearestOf(victim, batch, tf.concat(known, 0), found);
    for (let i = 0; i < tries && !all(); i++) {
      const noise = tf.tensor4d(random.uniforms(images.size, ...victim.bounds), images.shape);
      found = victim.compute(look, { ...found, ...truth, noise });
    }
    return found;
  });
}

/** The adversarial ones of the known images that are nearest in L2, for images without one so far. */
function nearestOf(
  victim: Victim,
  { images, labels, targets }: AttackBatch,
  known: tf.Tensor4D,
  found: Outside,
): Outside {
  const predicted = victim.logits(known).argMax(1).expandDims(0);
  const wanted = targets ? predicted.equal(targets.expandDims(1)) : predicted.notEqual(labels.expandDims(1));
  const [x, k] = [images, known].map((some) => some.reshape<tf.Tensor2D>([some.shape[0], -1]));
  const squares = (rows: tf.Tensor2D) => rows.square().sum(1);
  // ‖x‖² is left out: it is the same for all known images.
  const apart = squares(k)
    .expandDims(0)
    .sub(x.matMul(k, false, true).mul(2));
  const nearest = tf.where(wanted, apart, tf.fill(apart.shape, FAR)).argMin(1);
  const hit = wanted.any(1).cast('float32').greater<tf.Tensor1D>(found.fooled);
  return {
    outside: tf.where(perImage(hit), tf.gather(known, nearest), found.outside),
    fooled: found.fooled.maximum(hit.cast('float32')),
  };
}
