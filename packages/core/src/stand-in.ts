import * as tf from '@tensorflow/tfjs';

/**
 * Applies a function whose gradient is another's: backward pass differentiable approximation (BPDA), for functions that have no
 * useful gradient, such as rounding.
 *
 * @param forward gives the value.
 * @param standIn gives the gradient: a differentiable function with results of the same shape. Default: the identity, so that
 *   the gradient passes unchanged (straight through).
 *
 * Source: Athalye, Carlini & Wagner, “Obfuscated gradients give a false sense of security”, arXiv:1802.00420, section 4.1.
 */
export function withStandIn<In extends tf.Tensor, Out extends tf.Tensor>(
  forward: (x: In) => Out,
  standIn?: (x: In) => Out,
): (x: In) => Out {
  return (input) => {
    if (!standIn) {
      const straight = tf.customGrad((x) => ({
        value: forward(x as In),
        gradFunc: (dy: tf.Tensor) => dy.clone(),
      }));
      return straight(input) as Out;
    }
    // The stand-in is differentiated as usual, outside of the function whose gradient is given: tfjs can't nest gradients.
    const replace = tf.customGrad((x, _stood) => ({
      value: forward(x as In),
      gradFunc: (dy: tf.Tensor) => [tf.zerosLike(input), dy.clone()],
    }));
    return replace(input, standIn(input)) as Out;
  };
}
