import * as tf from '@tensorflow/tfjs';
import type { FlopRule } from '@weightmap/core';

/** Configuration of a denoising autoencoder. */
export interface DenoisingAutoencoderConfig {
  /** Hidden units. */
  readonly units: number;
  /** Seed of its initial weights. */
  readonly seed: number;
  /** Name of the layer. */
  readonly name?: string;
}

/** Slope of the leaky ReLU below 0. */
const LEAK = 0.2;

/**
 * Replaces features by their reconstruction,
 *
 *     d(h) = lrelu(W · lrelu(Wᵀ·h + b) + c),   lrelu(x) = max(x, 0.2·x)
 *
 *     [batch, width] → the same shape
 *
 * Trained to take noise away, as `fortifiedNetwork` does, it moves features towards those of training images.
 */
export class DenoisingAutoencoder extends tf.layers.Layer {
  /** Name under which the layer is saved. */
  static readonly className = 'DenoisingAutoencoder';
  readonly #config: Omit<DenoisingAutoencoderConfig, 'name'>;
  #weights: tf.LayerVariable[] = [];

  constructor({ units, seed, ...config }: DenoisingAutoencoderConfig) {
    super(config);
    this.#config = { units, seed };
  }

  override build([, width]: number[]): void {
    const { units, seed } = this.#config;
    const bound = 1 / Math.sqrt(width + units);
    const uniform = tf.initializers.randomUniform({ minval: -bound, maxval: bound, seed });
    const zeros = tf.initializers.zeros();
    this.#weights = [
      this.addWeight('kernel', [width, units], 'float32', uniform),
      this.addWeight('hidden-bias', [units], 'float32', zeros),
      this.addWeight('bias', [width], 'float32', zeros),
    ];
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const h = Array.isArray(inputs) ? inputs[0] : inputs;
      const [kernel, hiddenBias, bias] = this.#weights.map((weight) => weight.read());
      const hidden = h.matMul(kernel).add(hiddenBias).leakyRelu(LEAK);
      return hidden.matMul(kernel, false, true).add(bias).leakyRelu(LEAK);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#config };
  }
}
tf.serialization.registerClass(DenoisingAutoencoder);

/** Counts the operations of a denoising autoencoder: two matrix products, biases and activations. */
export const denoisingFlops: FlopRule = ({ config, output }) => {
  const [width] = output;
  const units = Number(config.units);
  return { paper: 0, executed: 4 * width * units + 3 * (width + units) };
};
