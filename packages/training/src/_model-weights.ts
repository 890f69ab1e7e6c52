import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';

/** Bytes of a number, by its type, or by the type that it is stored as. */
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

/** A weight's entry in `model.json`. */
const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: z
    .looseObject({
      dtype: z.enum(['uint8', 'uint16', 'float16']),
      min: z.number().optional(),
      scale: z.number().optional(),
    })
    .refine(({ dtype, min, scale }) => dtype === 'float16' || (min !== undefined && scale !== undefined))
    .optional(),
});

const sizeOf = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

/**
 * Checks the list of weights of a `model.json` against the bytes that there are, before any is allocated.
 *
 * @throws Error with the reason.
 */
export function checkWeights(entries: readonly unknown[], bytes: number): void {
  const names = new Set<string>();
  let expected = 0;
  for (const [i, entry] of entries.entries()) {
    const parsed = weightSchema.safeParse(entry);
    if (!parsed.success)
      throw new Error(
        `weight ${i} has no valid name, shape and dtype: ${parsed.error.issues[0].message} at ${parsed.error.issues[0].path.join('.')}`,
      );
    const { name, shape, dtype, quantization } = parsed.data;
    if (names.has(name)) throw new Error(`it lists the weight ${name} twice`);
    names.add(name);
    expected += sizeOf(shape) * BYTES[quantization?.dtype ?? dtype];
  }
  if (expected !== bytes)
    throw new Error(`it describes ${expected} bytes of weights, and there are ${bytes}`);
}

/** Numbers that a layer may give for one image: a gigabyte of them. */
const MOST_ACTIVATIONS = 2 ** 28;

/**
 * Builds the layers of a model without its weights, which are 0. A model that asks for more or other weights than are stored is
 * refused before they are allocated.
 *
 * @param topology `modelTopology` of a `model.json`, checked by `checkGraph`.
 * @param specs the stored weights, checked by `checkWeights`.
 * @throws Error if the model has other weights, a layer's output is absurdly large, or tfjs can't build it.
 */
export async function buildLayers(
  topology: object,
  specs: readonly tf.io.WeightsManifestEntry[],
): Promise<tf.LayersModel> {
  let left = specs.reduce((sum, { shape, group }) => sum + (group === 'optimizer' ? 0 : sizeOf(shape)), 0);
  const added: tf.LayerVariable[] = [];
  const { prototype } = tf.layers.Layer as unknown as { prototype: { addWeight: AddWeight } };
  const { addWeight } = prototype;
  prototype.addWeight = function (this: tf.layers.Layer, name, shape, dtype, _initializer, ...rest) {
    const size = sizeOf(shape as number[]);
    if (!(size <= left))
      throw new Error(
        `the layer "${this.name}" asks for a ${name} of [${shape.join(', ')}], and no such weights are stored`,
      );
    left -= size;
    const weight = addWeight.call(this, name, shape, dtype, tf.initializers.zeros(), ...rest);
    added.push(weight);
    return weight;
  };
  let building: Promise<tf.LayersModel>;
  try {
    // It builds the layers before it waits for anything: nobody else's layers meet the changed method.
    building = tf.models.modelFromJSON({ modelTopology: topology } as unknown as tf.io.ModelJSON);
  } finally {
    prototype.addWeight = addWeight;
  }
  try {
    const model = await building;
    checkOutputs(model);
    return model;
  } catch (error) {
    added.forEach((weight) => {
      weight.dispose();
    });
    throw error;
  }
}

type AddWeight = (
  this: tf.layers.Layer,
  name: string,
  shape: tf.Shape,
  dtype: tf.DataType | undefined,
  initializer: unknown,
  ...rest: unknown[]
) => tf.LayerVariable;

function checkOutputs({ layers }: tf.LayersModel): void {
  for (const layer of layers) {
    if (layer instanceof tf.LayersModel) checkOutputs(layer);
    for (const { outputShapes } of layer.inboundNodes) {
      const shapes = (Array.isArray(outputShapes[0]) ? outputShapes : [outputShapes]) as tf.Shape[];
      for (const [, ...shape] of shapes)
        if (!(sizeOf(shape.map((length) => length ?? 1)) <= MOST_ACTIVATIONS))
          throw new Error(
            `the layer "${layer.name}" gives [${shape.join(', ')}] for one image, more than a gigabyte`,
          );
    }
  }
}
