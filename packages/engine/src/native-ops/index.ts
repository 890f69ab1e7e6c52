import { registerBatchNorm } from './_batch-norm.js';
import { registerBias } from './_bias.js';
import { registerPixels } from './pixels.js';
import { registerReluGradient } from './_relu.js';
import { registerSparseSoftmax } from './softmax-cross-entropy.js';

export { packPixels, unpackPixels } from './pixels.js';
export { sparseSoftmaxCrossEntropy } from './softmax-cross-entropy.js';

let registered = false;

/**
 * Registers single TensorFlow operations for what tfjs composes of several: gradients of ReLU and bias, softmax cross-entropy,
 * batch normalisation in training. The other backends keep tfjs's composed forms.
 */
export function registerNativeOps(): void {
  if (registered) return;
  registered = true;
  registerReluGradient();
  registerBias();
  registerSparseSoftmax();
  registerBatchNorm();
  registerPixels();
}
