import * as tf from '@tensorflow/tfjs';
import type { FlopRule } from '@weightmap/core';

/** Configuration of a layer of Gaussian classes. */
export interface GaussianClassesConfig {
  /** Number of classes: at most `latent`. */
  readonly classes: number;
  /** Length of a code. */
  readonly latent: number;
  /** Distance of each class's mean from 0. */
  readonly distance: number;
  /** Hidden units of the decoder. */
  readonly units: number;
  /** Numbers of an image that is decoded: height · width · channels. */
  readonly pixels: number;
  /** Seed of the decoder's initial weights. */
  readonly seed: number;
  /** Name of the layer. */
  readonly name?: string;
}

/**
 * Classifies codes by the nearest of the classes' means, one Gaussian of deviation 1 for each class, and holds a decoder from codes to
 * images,
 *
 *     logit_c = −½·‖μ − m_c‖²,   m_c = r·e_c: each class's mean lies on an axis of its own
 *
 *     [batch, 2·latent], means μ and the logarithms of variances → [batch, classes]
 *
 * The decoder has one hidden layer: W₂·relu(W₁·z + b₁) + b₂, whose sigmoid are pixels.
 */
export class GaussianClasses extends tf.layers.Layer {
  /** Name under which the layer is saved. */
  static readonly className = 'GaussianClasses';
  readonly #config: Omit<GaussianClassesConfig, 'name'>;
  #weights: tf.LayerVariable[] = [];

  constructor({ classes, latent, distance, units, pixels, seed, ...config }: GaussianClassesConfig) {
    super(config);
    this.#config = { classes, latent, distance, units, pixels, seed };
  }

  override build(): void {
    const { latent, units, pixels, seed } = this.#config;
    const zeros = tf.initializers.zeros();
    const uniform = (own: number) => tf.initializers.glorotUniform({ seed: own });
    this.#weights = [
      this.addWeight('hidden-kernel', [latent, units], 'float32', uniform(seed)),
      this.addWeight('hidden-bias', [units], 'float32', zeros),
      this.addWeight('kernel', [units, pixels], 'float32', uniform(seed + 1)),
      this.addWeight('bias', [pixels], 'float32', zeros),
    ];
    this.built = true;
  }

  override computeOutputShape([batch]: number[]): tf.Shape {
    return [batch, this.#config.classes];
  }

  /** The means of the classes: [classes, latent]. */
  means(): tf.Tensor2D {
    const { classes, latent, distance } = this.#config;
    return tf.tidy(() => tf.eye(latent).slice([0, 0], [classes, latent]).mul<tf.Tensor2D>(distance));
  }

  /**
   * Mean and logarithm of the variance of each code.
   *
   * @param values [batch, 2·latent], the layer's input.
   * @returns two times [batch, latent].
   */
  codes(values: tf.Tensor): [mean: tf.Tensor2D, logVariance: tf.Tensor2D] {
    return tf.split(values, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  }

  /**
   * @param codes [batch, latent]
   * @returns [batch, pixels], logits of the pixels.
   */
  decode(codes: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const [hidden, hiddenBias, kernel, bias] = this.#weights.map((weight) => weight.read());
      return codes.matMul(hidden).add(hiddenBias).relu().matMul(kernel).add<tf.Tensor2D>(bias);
    });
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [mean] = this.codes(Array.isArray(inputs) ? inputs[0] : inputs);
      const distances = mean.expandDims(1).sub(this.means().expandDims(0)).square().sum(2);
      return distances.div(-2);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#config };
  }
}
tf.serialization.registerClass(GaussianClasses);

/** Counts the operations of Gaussian classes: the distances. Its decoder doesn't run to classify. */
export const gaussianClassesFlops: FlopRule = ({ config, output }) => ({
  paper: 0,
  executed: output[0] * (3 * Number(config.latent) + 1),
});
