import { readFile } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { messageOf, WeightmapError } from '@weightmap/core';
import { writeWhole } from '@weightmap/core/files';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './_safetensors.js';
import { readWeights, writeWeights } from './_weights.js';

/**
 * The names of a model's weights in other programs: `<layer>.<weight>`, such as `conv1.kernel`, `smoothing2.weight_map`,
 * `batchnorm1.moving_mean`, in the order of `model.weights`.
 */
export const weightNames = (model: tf.LayersModel): string[] =>
  model.weights.map(({ originalName }) =>
    originalName.replaceAll('/', '.').replace(/[a-z][A-Z]/g, ([low, high]) => `${low}_${high.toLowerCase()}`),
  );

/**
 * Writes a model's weights as safetensors, for Python and others. Shapes and axes are those of tfjs: convolutions
 * `[height, width, in, out]`, fully connected layers `[in, out]`, weight maps `[height, width, in, out]`, biases of weight maps
 * `[height, width, out]`. The architecture isn't in the file.
 *
 * @param metadata text by name, kept in the file's header beside `format: tfjs`.
 * @throws WeightmapError if two weights have one name, or the file can't be written.
 */
export async function saveSafetensors(
  model: tf.LayersModel,
  file: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const names = weightNames(model);
  const values = readWeights(model);
  const tensors = new Map<string, StoredTensor>(
    names.map((name, i) => [name, { shape: model.weights[i].shape as number[], values: values[i] }]),
  );
  if (tensors.size < names.length)
    throw new WeightmapError('Two weights of the model have the same name.', {
      where: names.find((name, i) => names.indexOf(name) !== i),
      fix: 'give its layers different names',
    });
  await writeWhole(file, encodeSafetensors(tensors, { format: 'tfjs', ...metadata }));
}

/**
 * Loads the weights of a safetensors file into a model, by name. Nothing changes unless all of them fit.
 *
 * @param model of the same architecture; names and axes as `saveSafetensors` writes them.
 * @throws WeightmapError if the file is missing or damaged, a weight is missing, of another shape, unknown, not float32 or not
 *   finite.
 */
export async function loadSafetensors(model: tf.LayersModel, file: string): Promise<void> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new WeightmapError(`The weights can't be read: ${messageOf(error)}`, { where: file });
  });
  const stored = decodeSafetensors(bytes, file);
  const names = weightNames(model);
  const problems = names.flatMap((name, i) => {
    const found = stored.get(name);
    const shape = model.weights[i].shape as number[];
    if (!found) return [`${name} is missing`];
    if (found.shape.join() !== shape.join())
      return [`${name} is [${found.shape.join(', ')}] where the model has [${shape.join(', ')}]`];
    return found.values.every(Number.isFinite) ? [] : [`${name} holds NaN or an infinity`];
  });
  const unknown = [...stored.keys()].filter((name) => !names.includes(name));
  problems.push(...unknown.map((name) => `${name} is not a weight of the model`));
  if (problems.length > 0)
    throw new WeightmapError("The weights don't fit the model.", {
      where: `${file}: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
      expected: 'the weights of the same architecture',
    });
  writeWeights(
    model,
    names.map((name) => stored.get(name)!.values),
  );
}
