import * as tf from '@tensorflow/tfjs';
import { execute, TENSORFLOW, typeOf } from '../tensorflow/backend.js';
import { DataType } from '../tensorflow/binding.js';
import { hasKernel, run } from './_kernel.js';

/** Name of our kernel: int32 [n] → float32 [n, 4], one number for each byte. */
const BYTES_TO_FLOATS = 'WeightmapBytesToFloats';

/**
 * Packs pixels as bytes into a tensor, a quarter of the memory that floats need. `unpackPixels` turns it into floats.
 *
 * On the native engine one int32 holds four bytes, since tfjs has no type for bytes; other engines hold floats.
 *
 * @param bytes 0 … 255; copied, so the array may be used again.
 * @returns a tensor for `unpackPixels` only; the caller disposes it.
 */
export function packPixels(bytes: Uint8Array): tf.Tensor {
  if (!hasKernel(BYTES_TO_FLOATS)) return tf.tensor1d(Float32Array.from(bytes));
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return tf.tensor1d(words, 'int32');
}

/**
 * Turns pixels from `packPixels` into numbers: b/255 for each byte b, in [0, 1], as the nearest float32 on every engine.
 *
 * @param shape of the result; its product is the number of packed bytes.
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
    kernelFunc: ({ inputs: { packed } }) => {
      const byte = { kind: 'type', value: DataType.uint8 } as const;
      const [bytes] = execute('Bitcast', [packed!], { T: typeOf('int32'), type: byte });
      const [floats] = execute('Cast', [bytes], {
        SrcT: byte,
        DstT: typeOf('float32'),
        Truncate: { kind: 'bool', value: false },
      });
      bytes.dispose();
      return floats;
    },
  });
}
