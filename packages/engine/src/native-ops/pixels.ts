import * as tf from '@tensorflow/tfjs';
import { execute, hasKernel, run, TENSORFLOW, typeOf } from './_kernel.js';

/** The name of our kernel: int32 [n] → float32 [n, 4], each byte a number. */
const BYTES_TO_FLOATS = 'WeightmapBytesToFloats';

/**
 * Pixels as bytes on their way into a step: a quarter of the memory of floats to make and to copy, and the step itself
 * makes numbers of them (`unpackPixels`).
 *
 * On the native engine four bytes travel in one int32, since tfjs has no type for bytes; elsewhere floats do.
 *
 * @param bytes 0 … 255; copied, so the array may be used again.
 * @returns a tensor for `unpackPixels` and nothing else; the caller's.
 */
export function packPixels(bytes: Uint8Array): tf.Tensor {
  if (!hasKernel(BYTES_TO_FLOATS)) return tf.tensor1d(Float32Array.from(bytes));
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return tf.tensor1d(words, 'int32');
}

/**
 * The pixels that `packPixels` packed, divided by 255: float32 in [0, 1], on every engine the float32 nearest to b/255.
 *
 * @param shape whose product is the number of bytes packed.
 */
export const unpackPixels = <Rank extends tf.Rank>(
  packed: tf.Tensor,
  shape: tf.ShapeMap[Rank],
): tf.Tensor<Rank> =>
  tf.tidy(() => {
    if (packed.dtype === 'float32') return packed.reshape<tf.Tensor<Rank>>(shape).div(255);
    const floats = run(BYTES_TO_FLOATS, { packed })[0].reshape([-1]);
    const count = (shape as number[]).reduce((product, size) => product * size, 1);
    const whole = floats.size === count ? floats : floats.slice(0, count);
    return whole.reshape<tf.Tensor<Rank>>(shape).div(255);
  });

export function registerPixels(): void {
  tf.registerKernel({
    kernelName: BYTES_TO_FLOATS,
    backendName: TENSORFLOW,
    kernelFunc: ({ inputs: { packed }, backend }) => {
      const byte = { kind: 'type', value: TF_UINT8 } as const;
      const [bytes] = execute(backend, 'Bitcast', [packed!], { T: typeOf(backend, 'int32'), type: byte });
      const [floats] = execute(backend, 'Cast', [bytes], {
        SrcT: byte,
        DstT: typeOf(backend, 'float32'),
        Truncate: { kind: 'bool', value: false },
      });
      bytes.dispose();
      return floats;
    },
  });
}

/** TensorFlow's number for that type. */
const TF_UINT8 = 4;
