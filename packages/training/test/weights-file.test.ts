import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { loadSafetensors, saveSafetensors, weightNames } from '../src/index.js';
import { emptyFolder } from './_tiny.js';

useEngine();

const dense = (units: number, bias: number) =>
  tf.sequential({
    layers: [
      tf.layers.dense({
        name: 'logits',
        units,
        inputShape: [2],
        biasInitializer: tf.initializers.constant({ value: bias }),
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
    ],
  });

/** A file made by hand. */
const bytesOf = (header: object | string, values: readonly number[]) => {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = Buffer.alloc(8 + json.length + 4 * values.length);
  bytes.writeBigUInt64LE(BigInt(json.length));
  bytes.write(json, 8);
  values.forEach((value, i) => bytes.writeFloatLE(value, 8 + json.length + 4 * i));
  return bytes;
};
const entry = (shape: readonly number[], begin: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const header = {
  __metadata__: { by: 'hand' },
  'logits.kernel': entry([2, 1], 0, 8),
  'logits.bias': entry([1], 8, 12),
  'norm.gamma': entry([1], 12, 16),
  'norm.beta': entry([1], 16, 20),
  'norm.moving_mean': entry([1], 20, 24),
  'norm.moving_variance': entry([1], 24, 28),
};
const values = [0.5, -2, 3, 1, 0, 0.25, 4];

async function failure(bytes: Buffer): Promise<string> {
  const file = join(await emptyFolder(), 'x.safetensors');
  await writeFile(file, bytes);
  const model = dense(1, 7);
  const before = model.getWeights().map((weight) => weight.dataSync());
  const said = await loadSafetensors(model, file).then(
    () => 'loaded',
    (error: unknown) =>
      error instanceof WeightmapError ? error.explain() : `not for people: ${String(error)}`,
  );
  if (said !== 'loaded') expect(model.getWeights().map((weight) => weight.dataSync())).toEqual(before);
  model.dispose();
  return said;
}

describe('safetensors', () => {
  it('names weights by layer, in words of Python', () => {
    const model = dense(1, 0);
    expect(weightNames(model)).toEqual(Object.keys(header).slice(1));
    model.dispose();
  });

  it('has the bytes that the format asks for', async () => {
    const file = join(await emptyFolder(), 'weights.safetensors');
    const model = dense(3, 7);
    await expectNoLeak(() => saveSafetensors(model, file, { epoch: '3' }));
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const read = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, unknown>;
    expect(read.__metadata__).toEqual({ format: 'tfjs', epoch: '3' });
    expect(read['logits.kernel']).toEqual(entry([2, 3], 0, 24));
    expect(read['logits.bias']).toEqual(entry([3], 24, 36));
    expect(bytes.length).toBe(8 + length + 4 * (6 + 3 + 4 * 3));
    const kernel = model.getWeights()[0].dataSync();
    expect(Array.from(kernel, (_, i) => bytes.readFloatLE(8 + length + 4 * i))).toEqual([...kernel]);
    expect(bytes.readFloatLE(8 + length + 24)).toBe(7);
    model.dispose();
  });

  it('gives a model the weights of a file that somebody else wrote', async () => {
    const file = join(await emptyFolder(), 'theirs.safetensors');
    await writeFile(file, bytesOf(header, values));
    const model = dense(1, 7);
    await expectNoLeak(() => loadSafetensors(model, file));
    expect(model.weights.flatMap((weight) => [...weight.read().dataSync()])).toEqual(values);
    const [out] = (model.predict(tf.tensor2d([[1, 1]])) as tf.Tensor).dataSync();
    expect(out).toBeCloseTo((0.5 - 2 + 3 - 0.25) / Math.sqrt(4 + 1e-3), 5);
    model.dispose();
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'only 0 bytes'],
    ['no such file', Buffer.from('hello, I am a text and not a tensor'), 'not a safetensors file'],
    ['a cut one', bytesOf(header, values).subarray(0, -1), 'cut short'],
    ['a header that is no JSON', bytesOf('{"logits', []), 'header'],
    ['offsets that lie', bytesOf({ ...header, 'norm.beta': entry([1], 16, 24) }, values), 'size'],
    [
      'half precision',
      bytesOf({ ...header, 'norm.beta': entry([1], 16, 18, 'F16') }, values),
      'norm.beta are F16',
    ],
    [
      'a shape of another network',
      bytesOf({ ...header, 'logits.kernel': entry([1, 2], 0, 8) }, values),
      'logits.kernel is [1, 2] where the model has [2, 1]',
    ],
    [
      'an unknown weight',
      bytesOf({ ...header, more: entry([], 0, 4) }, values),
      'more is not a weight of the model',
    ],
    ['NaN', bytesOf(header, [NaN, ...values.slice(1)]), 'logits.kernel holds NaN'],
    [
      'a missing weight',
      bytesOf({ 'logits.kernel': header['logits.kernel'] }, values),
      'logits.bias is missing',
    ],
  ])('refuses %s and leaves the model as it is', async (_, bytes, expected) => {
    expect(await failure(bytes)).toContain(expected);
  });
});
