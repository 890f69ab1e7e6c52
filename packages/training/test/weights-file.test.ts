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
      bytesOf({ ...header, 'norm.beta': entry([2], 16, 20, 'F16') }, values),
      'norm.beta is F16, not F32',
    ],
    [
      'a shape of another network',
      bytesOf({ ...header, 'logits.kernel': entry([1, 2], 0, 8) }, values),
      'logits.kernel is [1, 2] where the model has [2, 1]',
    ],
    [
      'an unknown weight',
      bytesOf({ ...header, more: entry([], 28, 32) }, [...values, 1]),
      'more is not a weight of the model',
    ],
    ['NaN', bytesOf(header, [NaN, ...values.slice(1)]), 'logits.kernel holds NaN'],
    [
      'a missing weight',
      bytesOf({ 'logits.kernel': header['logits.kernel'] }, values.slice(0, 2)),
      'logits.bias is missing',
    ],
    [
      'an overlap',
      bytesOf({ ...header, 'logits.bias': entry([1], 4, 8) }, values),
      'logits.bias overlaps the tensor before it',
    ],
    [
      'a hole',
      bytesOf({ ...header, 'norm.beta': undefined }, values),
      '4 bytes before norm.moving_mean belong',
    ],
    ['a byte more', Buffer.concat([bytesOf(header, values), Buffer.alloc(1)]), '1 bytes at its end belong'],
    [
      'a name twice',
      bytesOf(`{"a":${JSON.stringify(entry([], 0, 4))},"a":${JSON.stringify(entry([], 0, 4))}}`, [1]),
      '"a" is in it twice',
    ],
    [
      'a name twice, once escaped',
      bytesOf(`{"a":${JSON.stringify(entry([], 0, 4))},"\\u0061" :${JSON.stringify(entry([], 0, 4))}}`, [1]),
      '"a" is in it twice',
    ],
    [
      'a field twice',
      bytesOf('{"a":{"dtype":"F32","shape":[],"shape":[1],"data_offsets":[0,4]}}', [1]),
      '"shape" is in it twice',
    ],
    [
      'a size as 1.0',
      bytesOf('{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', [1]),
      '1.0 is not a whole number',
    ],
    [
      'a size as 1e0',
      bytesOf('{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', [1]),
      '1e0 is not a whole number',
    ],
    ['a negative offset', bytesOf({ a: entry([2], -4, 4) }, [1]), 'whole number'],
    ['offsets in the wrong order', bytesOf({ a: entry([1], 4, 0) }, [1]), 'bytes before a belong'],
    [
      'half of a surrogate pair',
      bytesOf('{"\\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', [1]),
      'surrogate',
    ],
    ['metadata that is no text', bytesOf({ ...header, __metadata__: { epoch: 3 } }, values), '__metadata__'],
    [
      'metadata that is no text, named __proto__',
      bytesOf(
        JSON.stringify({ ...header, __metadata__: { proto: {} } }).replace('"proto"', '"__proto__"'),
        values,
      ),
      '__metadata__',
    ],
    ['metadata that is a list', bytesOf({ ...header, __metadata__: ['x'] }, values), '__metadata__'],
    ['an unknown type', bytesOf({ a: entry([1], 0, 4, 'F33') }, [1]), 'unknown type F33'],
    ['a space before the header', bytesOf(` ${JSON.stringify(header)}`, values), 'does not begin with {'],
    ['a byte order mark', bytesOf('\xef\xbb\xbf{}', []), 'header does not follow'],
    [
      'a shape of 2⁶⁴ and 0',
      bytesOf({ a: entry([2 ** 32, 2 ** 32, 2 ** 40, 2 ** 40, 2 ** 40], 0, 0) }, []),
      'size of a differs',
    ],
    [
      'a length beyond the format',
      Buffer.concat([Buffer.from('ffffffffffffff7f', 'hex'), Buffer.alloc(50)]),
      'not a safetensors file',
    ],
    ['a PyTorch file', Buffer.from('PK\x03\x04....model/data.pkl................'), 'PyTorch file'],
    ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n................', 'latin1'), 'HDF5'],
  ])('refuses %s and leaves the model as it is', async (_, bytes, expected) => {
    expect(await failure(bytes)).toContain(expected);
  });

  it('takes tensors in any order, with metadata and spaces after the header', async () => {
    const turned = Object.fromEntries(Object.entries(header).reverse());
    expect(await failure(bytesOf(`${JSON.stringify({ ...turned, __metadata__: null })}   `, values))).toBe(
      'loaded',
    );
  });

  it("passes over PyTorch's count of batches, and nothing else", async () => {
    const count = (name: string, dtype = 'I64', shape: number[] = []) =>
      failure(bytesOf({ ...header, [name]: entry(shape, 28, 36, dtype) }, [...values, 0, 0]));
    expect(await count('norm.num_batches_tracked')).toBe('loaded');
    expect(await count('module.norm.num_batches_tracked')).toBe('loaded');
    expect(await count('norm.num_batches')).toContain('norm.num_batches is not a weight');
    expect(await count('norm.num_batches_tracked', 'F32', [2])).toContain('is not a weight');
  });

  it('explains the names of PyTorch and of its wrappers', async () => {
    const named = (change: (name: string) => string) =>
      failure(
        bytesOf(
          Object.fromEntries(
            Object.entries(header).map(([name, value]) => [
              name === '__metadata__' ? name : change(name),
              value,
            ]),
          ),
          values,
        ),
      );
    for (const prefix of ['module.', 'model.', '_orig_mod.module.'])
      expect(await named((name) => prefix + name)).toContain(`begin with "${prefix}"`);
    expect(
      await named((name) => name.replace('kernel', 'weight').replace('moving_variance', 'running_var')),
    ).toMatch(/names are those of PyTorch[^]*permute\(2, 3, 1, 0\)/);
  });
});
