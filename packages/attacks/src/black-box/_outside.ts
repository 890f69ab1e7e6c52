import * as tf from '@tensorflow/tfjs';
import type { RandomStream, Victim, VictimStep } from '@weightmap/core';
import { checkImages } from '../harness/_inputs.js';
import { FAR } from '../harness/_nearest.js';
import { fools, perImage } from '../harness/_worst.js';

/** Where an attack by decisions alone finds images that fool, to begin with. */
export interface OutsideOptions {
  /** Images of noise tried to find one that fools. */
  tries?: number;
  /**
   * `[any number, height, width, channels]`: images to begin from, such as other images of the data set; the caller's. Each
   * attacked image takes the nearest in L2 that fools, and noise only where none does. With targets, which noise seldom
   * hits, the batch's own images are among them.
   */
  starts?: tf.Tensor4D | undefined;
}

/** Images that fool, to begin with. */
export type Outside = {
  /** The clean image where none was found. */
  readonly outside: tf.Tensor4D;
  /** [batch], 1 where it fools. */
  readonly fooled: tf.Tensor1D;
};

type Given = {
  readonly images: tf.Tensor4D;
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
};

type Inputs = Outside & Omit<Given, 'images'> & { readonly noise: tf.Tensor4D };

const look: VictimStep<Inputs, Outside> =
  (model) =>
  ({ outside, fooled, labels, targets, noise }) => {
    const hit = fools(model.logits(noise), labels, targets);
    const found = hit.greater<tf.Tensor1D>(fooled);
    return { outside: tf.where(perImage(found), noise, outside), fooled: fooled.maximum(hit) };
  };

/**
 * For each image one that fools: itself, if it does, else the nearest of those given that does, else the first of noise,
 * uniform within the bounds.
 *
 * @param options.tries how many images of noise, at most.
 * @throws WeightmapError if the starts have another shape than the images, or a pixel outside the bounds.
 */
export function startOutside(
  victim: Victim,
  given: Given,
  { random, tries, starts }: OutsideOptions & { random: RandomStream; tries: number },
): Outside {
  const { images, ...aim } = given;
  if (starts) checkImages(victim, starts, 'starts');
  return tf.tidy(() => {
    const none: Outside = { outside: images, fooled: tf.zeros<tf.Rank.R1>([images.shape[0]]) };
    let found = victim.compute(look, { ...none, ...aim, noise: images });
    const all = () => found.fooled.min().dataSync()[0] === 1;
    const known = [...(starts ? [starts] : []), ...(aim.targets ? [images] : [])];
    if (known.length > 0 && !all()) found = nearestOf(victim, given, tf.concat(known, 0), found);
    for (let i = 0; i < tries && !all(); i++) {
      const noise = tf.tensor4d(random.uniforms(images.size, ...victim.bounds), images.shape);
      found = victim.compute(look, { ...found, ...aim, noise });
    }
    return found;
  });
}

/** The nearest in L2 of the images known that fool, where nothing was found yet. */
function nearestOf(
  victim: Victim,
  { images, labels, targets }: Given,
  known: tf.Tensor4D,
  found: Outside,
): Outside {
  const taken = victim.logits(known).argMax(1).expandDims(0);
  const wanted = targets ? taken.equal(targets.expandDims(1)) : taken.notEqual(labels.expandDims(1));
  const [x, k] = [images, known].map((some) => some.reshape<tf.Tensor2D>([some.shape[0], -1]));
  const squares = (rows: tf.Tensor2D) => rows.square().sum(1);
  // The image's own square is the same for all that it is compared with.
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
