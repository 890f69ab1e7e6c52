import * as tf from '@tensorflow/tfjs';
import { execute, TENSORFLOW, typeOf } from '../tensorflow/backend.js';
import { hasKernel, run } from './_kernel.js';

/** Our kernels: batch normalisation by the batch's own statistics, and its gradient. */
const FORWARD = 'BatchNormTraining';
const BACKWARD = 'BatchNormTrainingGrad';

/** The private fields of tfjs's BatchNormalization layer. */
interface BatchNormalization extends tf.layers.Layer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: tf.LayerVariable;
  readonly beta?: tf.LayerVariable;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

const attributesOf = (epsilon: number) =>
  ({
    T: typeOf('float32'),
    U: typeOf('float32'),
    epsilon: { kind: 'float', value: epsilon },
    data_format: { kind: 'string', value: 'NHWC' },
    is_training: { kind: 'bool', value: true },
  }) as const;

/**
 * Registers TensorFlow's FusedBatchNormV3 and its gradient for the training of tfjs's BatchNormalization layer, for images
 * with the channels last. tfjs composes them of about thirty operations, each a pass over the whole feature map.
 *
 * The moving variance uses the biased variance of the batch, as in tfjs and unlike in TensorFlow.
 */
export function registerBatchNorm(): void {
  tf.registerKernel({
    kernelName: FORWARD,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { x, gamma, beta, none }, attrs }) =>
      execute(
        'FusedBatchNormV3',
        [x!, gamma!, beta!, none!, none!],
        {
          ...attributesOf(attrs!.epsilon as number),
          exponential_avg_factor: { kind: 'float', value: 1 },
        },
        6,
      ),
  });
  tf.registerKernel({
    kernelName: BACKWARD,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { dy, x, gamma, reserve1, reserve2, reserve3 }, attrs }) => {
      const [dx, dGamma, dBeta, ...unused] = execute(
        'FusedBatchNormGradV3',
        [dy!, x!, gamma!, reserve1!, reserve2!, reserve3!],
        attributesOf(attrs!.epsilon as number),
        5,
      );
      tf.dispose(unused);
      return [dx, dGamma, dBeta];
    },
  });
  const [layerClass] = tf.serialization.SerializationMap.getMap().classNameMap.BatchNormalization;
  const prototype = layerClass.prototype as tf.layers.Layer;
  const composed = Object.getOwnPropertyDescriptor(prototype, 'call')!.value as tf.layers.Layer['call'];
  prototype.call = function (this: BatchNormalization, inputs, kwargs) {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    const fits = input.rank === 4 && [3, -1].includes(this.axis) && this.gamma && this.beta;
    if (!kwargs.training || !fits || !hasKernel(FORWARD)) return composed.call(this, inputs, kwargs);
    return tf.tidy(() => train(this, input as tf.Tensor4D));
  };
}

function train(layer: BatchNormalization, x: tf.Tensor4D): tf.Tensor {
  const [gamma, beta] = [layer.gamma!.read(), layer.beta!.read()];
  const { y, mean, variance } = batchNorm(x, gamma, beta, layer.epsilon);
  const move = (variable: tf.LayerVariable, value: tf.Tensor) => {
    const old = variable.read();
    variable.write(tf.sub(old, tf.mul(tf.sub(old, value), 1 - layer.momentum)));
  };
  move(layer.movingMean, mean);
  move(layer.movingVariance, variance);
  return y;
}

/** y = γ·(x − mean) / √(variance + ε) + β, with mean and biased variance of each channel, the last axis. */
function batchNorm(x: tf.Tensor4D, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number) {
  const statistics: tf.Tensor[] = [];
  const normalize = tf.customGrad((...args) => {
    const [x, gamma, beta, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const none = tf.tensor1d([], 'float32');
    const [value, mean, variance, ...reserves] = run(FORWARD, { x, gamma, beta, none }, { epsilon });
    statistics.push(tf.keep(mean), tf.keep(variance));
    save([x, gamma, ...reserves]);
    const gradFunc = (dy: tf.Tensor, [x, gamma, reserve1, reserve2, reserve3]: tf.Tensor[]) =>
      run(BACKWARD, { dy, x, gamma, reserve1, reserve2, reserve3 }, { epsilon });
    return { value, gradFunc };
  });
  const y = normalize(x, gamma, beta);
  // TensorFlow gives the unbiased variance.
  const count = x.size / x.shape[3];
  const [mean, variance] = [
    statistics[0].clone(),
    tf.mul(statistics[1], count > 1 ? (count - 1) / count : 1),
  ];
  tf.dispose(statistics);
  return { y, mean, variance };
}
