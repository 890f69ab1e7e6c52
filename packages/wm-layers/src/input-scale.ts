import * as tf from '@tensorflow/tfjs';
import { imageShape, soleTensor, type LayerArgs } from './_layer-shapes.js';

/**
 * Multiplies its input by a learned map of the same size: o = W ⊙ x, no bias.
 *
 *     [batch, height, width, channels] → the same
 *
 * The control of the paper's input-scale row: does a learned scale alone make a network robust? One
 * weight, `scale` [height, width, channels], initially all ones, so that training starts from the network
 * without the layer (chosen: the paper doesn't say).
 *
 * @throws Error if the input's height or width isn't known.
 * @see paper, table 4, "33 channels - input-scale"
 */
export class InputScale extends tf.layers.Layer {
  /** Name of the class in a saved model. */
  static readonly className = 'InputScale';
  private scale!: tf.LayerVariable;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.scale = this.addWeight(
      'scale',
      imageShape('InputScale', inputShape),
      'float32',
      tf.initializers.ones(),
    );
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    imageShape('InputScale', inputShape);
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      return soleTensor('InputScale', inputs).mul(this.scale.read());
    });
  }
}
tf.serialization.registerClass(InputScale);

/** Makes a layer that multiplies its input by a learned map of the same size, all ones at first; see `InputScale`. */
export const inputScale = (args: LayerArgs = {}): InputScale => new InputScale(args);
