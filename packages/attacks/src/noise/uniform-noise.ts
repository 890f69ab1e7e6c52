import * as tf from '@tensorflow/tfjs';
import type { Attack, VictimStep } from '@weightmap/core';
import { judged } from '../harness/evaluate.js';

/** How to rescale the noisy image to the bounds. */
export interface UniformNoiseOptions {
  /**
   * How to rescale the noisy image y = x + U(0, β) to the bounds [l, h]:
   * - `min-max` (default): by its own extremes, l + (h − l)·(y − min y) / (max y − min y);
   * - `bound`: by the largest value that y can have, l + (h − l)·(y − l) / (h − l + β); for [0, 1] that is y / (1 + β).
   */
  rescale?: 'min-max' | 'bound';
}

/**
 * Uniform noise: y = x + β·u with u ~ U(0, 1) for every pixel and channel, then rescaled to the bounds.
 *
 * β is in units of pixels. All β share one draw of u, which makes curves over β smooth. At β = 0 the image is unchanged, and
 * not rescaled either. (`min-max` also stretches the contrast of images that do not fill the bounds, so for such images
 * there is a jump between β = 0 and small β.) A constant y cannot be stretched, and is only clipped.
 *
 * Source: paper, section 4, which does not define the rescaling; `min-max` is this project's choice.
 *
 * Tested: against the formula in plain loops with the same random numbers, for both ways of rescaling.
 */
export function uniformNoise({ rescale = 'min-max' }: UniformNoiseOptions = {}): Attack {
  const add: VictimStep<NoiseInputs, { noisy: tf.Tensor4D }> =
    ({ bounds }) =>
    ({ images, noise, beta: β }) => ({ noisy: rescalings[rescale](images.add(noise.mul(β)), β, bounds) });
  return judged({
    id: 'uniform-noise',
    label: 'uniform noise',
    kind: 'noise',
    strengthUnit: 'beta',
    norm: null,
    targeted: false,
    usesGradient: false,
    source: 'paper, section 4',
    perturb(victim, { images }, { strengths, random }) {
      const noise = tf.tensor<tf.Rank.R4>(random.uniforms(images.size), images.shape);
      return strengths.map((beta) =>
        beta === 0 ? images : victim.compute(add, { images, noise, beta: tf.scalar(beta) }).noisy,
      );
    },
  });
}

type NoiseInputs = {
  readonly [name: string]: tf.Tensor;
  readonly images: tf.Tensor4D;
  readonly noise: tf.Tensor4D;
  readonly beta: tf.Scalar;
};

type Rescaling = (noisy: tf.Tensor4D, beta: tf.Scalar, bounds: readonly [number, number]) => tf.Tensor4D;

const rescalings: Record<NonNullable<UniformNoiseOptions['rescale']>, Rescaling> = {
  'min-max'(noisy, _beta, [low, high]) {
    const smallest = noisy.min([1, 2, 3], true);
    const range = noisy.max([1, 2, 3], true).sub(smallest);
    const flat = range.equal(0);
    const stretched: tf.Tensor4D = noisy
      .sub(smallest)
      .div(range.add(flat.cast('float32')))
      .mul(high - low)
      .add(low);
    return tf.where<tf.Tensor4D>(flat, noisy, stretched);
  },
  bound: (noisy, beta, [low, high]) =>
    noisy
      .sub(low)
      .mul(tf.div(high - low, beta.add(high - low)))
      .add(low),
};
