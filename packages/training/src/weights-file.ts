import type * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { decodeSafetensors, encodeSafetensors, type ReadTensor, type StoredTensor } from './_safetensors.js';
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
 * Loads the weights of a safetensors file into a model, by name. Nothing changes unless all of them fit. What PyTorch keeps beside
 * the weights of a network, the count of its batches (`num_batches_tracked`), is passed over.
 *
 * @param model of the same architecture; names and axes as `saveSafetensors` writes them.
 * @throws WeightmapError if the file is missing or damaged, a weight is missing, of another shape, unknown, not float32 or not
 *   finite.
 */
export async function loadSafetensors(model: tf.LayersModel, file: string): Promise<void> {
  const bytes = await readIfThere(file);
  if (!bytes) throw new WeightmapError("The weights can't be read: there is no such file.", { where: file });
  const stored = decodeSafetensors(bytes, file);
  const names = weightNames(model);
  const surplus = [...stored].filter(
    ([name, tensor]) => !names.includes(name) && !isBatchCount(name, tensor),
  );
  const problems = [
    ...names.flatMap((name, i) => {
      const found = stored.get(name);
      const shape = model.weights[i].shape as number[];
      if (!found) return [`${name} is missing`];
      if (found.dtype !== 'F32') return [`${name} is ${found.dtype}, not F32`];
      if (found.shape.join() !== shape.join())
        return [`${name} is [${found.shape.join(', ')}] where the model has [${shape.join(', ')}]`];
      return found.values!.every(Number.isFinite) ? [] : [`${name} holds NaN or an infinity`];
    }),
    ...surplus.map(([name]) => `${name} is not a weight of the model`),
  ];
  if (problems.length > 0)
    throw new WeightmapError("The weights don't fit the model.", {
      where: `${file}: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
      expected:
        'the weights of the same architecture, in float32, with the names and axes that saveSafetensors writes',
      fix: howToFit(names, stored),
    });
  writeWeights(
    model,
    names.map((name) => stored.get(name)!.values!),
  );
}

/** PyTorch's count of the batches that a batch normalisation has seen: not used at inference. */
const isBatchCount = (name: string, { dtype, shape }: ReadTensor) =>
  /(^|\.)num_batches_tracked$/.test(name) && /^[IU]\d+$/.test(dtype) && shape.every((length) => length === 1);

/** Put before all names by `DataParallel`, `torch.compile`, Lightning and others. */
const PREFIX = /^(?:(?:module|model|_orig_mod|net|network|backbone|encoder|state_dict)\.)+/;

/** What to do about weights that don't fit, if the reason is a common one. */
function howToFit(names: readonly string[], stored: ReadonlyMap<string, ReadTensor>): string | undefined {
  const theirs = [...stored.keys()].filter((name) => !names.includes(name));
  const prefix = PREFIX.exec(theirs[0] ?? '')?.[0];
  if (prefix !== undefined && theirs.every((name) => name.startsWith(prefix)))
    return `all unknown names begin with "${prefix}", which wrappers of a network put there: save {name.removeprefix("${prefix}"): tensor …}`;
  if (theirs.some((name) => /\.(weight|running_mean|running_var)$/.test(name)))
    return (
      'the names are those of PyTorch. Rename them as saveSafetensors writes them (weight: kernel, or gamma in a batch normalisation; ' +
      'bias: bias, or beta; running_mean: moving_mean; running_var: moving_variance), and turn the axes: ' +
      'convolutions by permute(2, 3, 1, 0), fully connected layers by t(), the one after flattening also from channels first to last'
    );
  const other = names
    .map((name) => stored.get(name)?.dtype)
    .find((dtype) => dtype !== undefined && dtype !== 'F32');
  if (other !== undefined) return 'convert the weights before saving, in PyTorch by `tensor.float()`';
  return undefined;
}
