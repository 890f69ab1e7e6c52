import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { saveModel } from '@weightmap/training';
import sharp from 'sharp';

export const SIZE = 8;
const PIXELS = SIZE * SIZE;

/** Weights of a linear classifier of two classes, “dark” and “light”: the logit of “light” minus that of “dark”. */
export const weights = Array.from(
  { length: PIXELS },
  (_, i) => (i % 3 === 0 ? -0.5 : 1) * (1 + (i % 5) / 10),
);
const total = weights.reduce((sum, weight) => sum + weight, 0);
/** At mid-gray no class wins. */
export const bias = -total / 2;

/** Bytes of uniform images, some distance from mid-gray, so that no attack in these tests reaches black or white. */
export const levels = { dark: [90, 100, 112, 122], light: [133, 143, 155, 165] } as const;

/** The smallest ε at which FGSM fools the classifier on a uniform image of that byte: its margin over the weights' L1 norm. */
export const smallestFooling = (level: number): number =>
  Math.abs(total * (level / 255) + bias) / weights.reduce((sum, weight) => sum + Math.abs(weight), 0);

/** The share of the images that FGSM leaves right at a strength, in percent. */
export const accuracyAt = (epsilon: number): number => {
  const all = Object.values(levels).flat().map(smallestFooling);
  return (100 * all.filter((least) => least > epsilon).length) / all.length;
};

/** Writes the images as PNG, a folder a class. */
export async function writePictures(folder: string, channels: 1 | 3 = 1): Promise<void> {
  for (const [name, bytes] of Object.entries(levels)) {
    await mkdir(path.join(folder, name), { recursive: true });
    for (const byte of bytes)
      await sharp(Buffer.alloc(PIXELS * channels, byte), { raw: { width: SIZE, height: SIZE, channels } })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png()
        .toFile(path.join(folder, name, `${byte}.png`));
  }
}

export interface LinearOptions {
  readonly activation?: 'softmax' | 'sigmoid';
  /** One output: the logit of “light”. */
  readonly single?: boolean;
  /** A Softmax layer of its own. */
  readonly softmaxLayer?: boolean;
  /** Every pixel x is given as factor·x + offset. */
  readonly factor?: number;
  readonly offset?: number;
  /** Outputs swapped. */
  readonly swapped?: boolean;
}

/** The linear classifier as a layers model. */
export function linear({
  activation,
  single = false,
  softmaxLayer = false,
  factor = 1,
  offset = 0,
  swapped = false,
}: LinearOptions = {}): tf.Sequential {
  const model = tf.sequential();
  model.add(tf.layers.flatten({ inputShape: [SIZE, SIZE, 1] }));
  model.add(tf.layers.dense({ units: single ? 1 : 2, activation }));
  if (softmaxLayer) model.add(tf.layers.softmax());
  const own = weights.map((weight) => weight / factor);
  const ownBias = bias - own.reduce((sum, weight) => sum + weight * offset, 0);
  const row = (value: number) => (single ? [value] : swapped ? [value, 0] : [0, value]);
  model.setWeights([tf.tensor2d(own.map(row)), tf.tensor1d(row(ownBias))]);
  return model;
}

export async function writeLinear(folder: string, options?: LinearOptions): Promise<void> {
  const model = linear(options);
  await saveModel(model, folder);
  model.dispose();
}

/** The linear classifier as a graph model, as `tensorflowjs_converter` writes one. */
export async function writeGraph(
  folder: string,
  { end = 'Softmax', batch = -1 }: { end?: 'Softmax' | 'Identity'; batch?: number } = {},
): Promise<void> {
  const float = { dtype: { type: 'DT_FLOAT' } };
  const shape = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  const node = (name: string, op: string, input: string[] = [], attr = {}) => ({ name, op, input, attr });
  const T = { T: { type: 'DT_FLOAT' } };
  const nodes = [
    node('x', 'Placeholder', [], { ...float, shape: shape(batch, SIZE, SIZE, 1) }),
    node('flat/shape', 'Const', [], { dtype: { type: 'DT_INT32' } }),
    node('kernel', 'Const', [], float),
    node('bias', 'Const', [], float),
    node('flat', 'Reshape', ['x', 'flat/shape'], T),
    node('product', 'MatMul', ['flat', 'kernel'], {
      ...T,
      transpose_a: { b: false },
      transpose_b: { b: false },
    }),
    node('logits', 'BiasAdd', ['product', 'bias'], T),
    node('end', end, ['logits'], T),
    node('Identity', 'Identity', ['end'], T),
  ];
  const kernel = Float32Array.from(weights.flatMap((weight) => [0, weight]));
  const bytes = Buffer.concat(
    [Int32Array.from([-1, PIXELS]), kernel, Float32Array.from([0, bias])].map((values) =>
      Buffer.from(values.buffer),
    ),
  );
  const entry = (name: string, dtype: string, ...own: number[]) => ({ name, shape: own, dtype });
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'group1-shard1of1.bin'), bytes);
  await writeFile(
    path.join(folder, 'model.json'),
    JSON.stringify({
      format: 'graph-model',
      generatedBy: '2.15.0',
      convertedBy: 'TensorFlow.js Converter',
      signature: {
        inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: shape(batch, SIZE, SIZE, 1).shape } },
        outputs: { out: { name: 'Identity:0', dtype: 'DT_FLOAT', tensorShape: shape(batch, 2).shape } },
      },
      modelTopology: { node: nodes, versions: { producer: 1 } },
      weightsManifest: [
        {
          paths: ['group1-shard1of1.bin'],
          weights: [
            entry('flat/shape', 'int32', 2),
            entry('kernel', 'float32', PIXELS, 2),
            entry('bias', 'float32', 2),
          ],
        },
      ],
    }),
  );
}
