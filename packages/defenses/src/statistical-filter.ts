import * as tf from '@tensorflow/tfjs';
import type { FlopRule } from '@weightmap/core';

/** Configuration of a statistical filter. */
export interface StatisticalFilterConfig {
  /** Hidden units of the network that makes the scales. */
  readonly units: number;
  /** Seed of its initial weights. */
  readonly seed: number;
  /** Name of the layer. */
  readonly name?: string;
}

/** Keeps the deviation of a constant map differentiable. */
const FLOOR = 1e-6;

/**
 * Multiplies each channel of an image's maps by a number that a small network makes from their means and standard deviations,
 *
 *     y_c = (1 + g_c(s)) · x_c,   s = (mean_1, …, mean_C, std_1, …, std_C),   g = W₂ · relu(W₁ · s + b₁) + b₂
 *
 * Before a convolution this is one whose weights, w_c of the channel c, are (1 + g_c(s)) · w_c, others for each image. W₂ and b₂ are 0
 * at first, which leaves the maps as they are.
 *
 *     [batch, height, width, channels] → the same shape
 */
export class StatisticalFilter extends tf.layers.Layer {
  /** Name under which the layer is saved. */
  static readonly className = 'StatisticalFilter';
  readonly #config: Omit<StatisticalFilterConfig, 'name'>;
  #weights: tf.LayerVariable[] = [];

  constructor({ units, seed, ...config }: StatisticalFilterConfig) {
    super(config);
    this.#config = { units, seed };
  }

  override build(inputShape: tf.Shape): void {
    const channels = inputShape[3]!;
    const { units, seed } = this.#config;
    const zeros = tf.initializers.zeros();
    const add = (name: string, shape: number[], initializer: ReturnType<typeof tf.initializers.zeros>) =>
      this.addWeight(name, shape, 'float32', initializer);
    this.#weights = [
      add('hidden-kernel', [2 * channels, units], tf.initializers.glorotUniform({ seed })),
      add('hidden-bias', [units], zeros),
      add('scale-kernel', [units, channels], zeros),
      add('scale-bias', [channels], zeros),
    ];
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const [hidden, hiddenBias, kernel, bias] = this.#weights.map((weight) => weight.read());
      const mean = x.mean([1, 2], true);
      const deviation = x.sub(mean).square().mean([1, 2], true).add(FLOOR).sqrt();
      const [batch, , , channels] = x.shape;
      const statistics = tf.concat([mean, deviation], 3).reshape([batch, 2 * channels]);
      const g = statistics.matMul(hidden).add(hiddenBias).relu().matMul(kernel).add(bias);
      return x.mul(g.add(1).reshape([batch, 1, 1, channels]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#config };
  }
}
tf.serialization.registerClass(StatisticalFilter);

/**
 * Counts the operations of a statistical filter, for `flops` of `@weightmap/metrics`: five for each value of the maps, and those of
 * the small network.
 */
export const statisticalFilterFlops: FlopRule = ({ config, output }) => {
  const [height, width, channels] = output;
  const units = Number(config.units);
  const network = 2 * units * 3 * channels + 2 * units + 2 * channels;
  return { paper: 0, executed: 5 * height * width * channels + network };
};
