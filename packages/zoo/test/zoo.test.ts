import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadDataset } from '@weightmap/datasets';
import { readAttackedRun, readRecords } from '@weightmap/records';
import { useEngine } from '@weightmap/test-utils';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPretrained, pretrained, type PretrainedId } from '../src/index.js';
import { float16Bits } from '../tools/_float16.mjs';

const networks = path.resolve(import.meta.dirname, '../networks');
const results = path.resolve(import.meta.dirname, '../../../results');
const ids = Object.keys(pretrained) as PretrainedId[];
const work = mkdtempSync(path.join(tmpdir(), 'weightmap-zoo-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
useEngine();

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const percent = (accuracy: number) => 100 - accuracy;

describe('the cards', () => {
  it('are those of the networks that lie here, with their checksums, and all are below 16 MB', () => {
    expect(readdirSync(networks).sort()).toEqual([...ids].sort());
    let total = 0;
    for (const id of ids) {
      expect(readdirSync(path.join(networks, id)).sort()).toEqual(Object.keys(pretrained[id].files).sort());
      for (const [name, { bytes, sha256: digest }] of Object.entries(pretrained[id].files)) {
        const content = readFileSync(path.join(networks, id, name));
        expect([id, name, content.length, sha256(content)]).toEqual([id, name, bytes, digest]);
        total += bytes;
      }
    }
    expect(ids.length).toBeGreaterThan(4);
    expect(total).toBeLessThan(16e6);
  });

  it('have the figures of the published records', async () => {
    const { records } = await readRecords(results);
    const attacked = await readAttackedRun(results);
    for (const id of ids) {
      const card = pretrained[id];
      const record = records.find(({ record: { cellId } }) => cellId === card.record.cellId)!.record;
      expect(card).toMatchObject({
        id: record.variant,
        testErrorPercent: record.testErrorPercent,
        parameters: record.parameters,
        training: { epochs: record.epochs, selectedEpoch: record.selectedEpoch, seed: record.seed },
        record: { trial: record.trial, commit: record.provenance.git?.sha },
        uniformNoise: record.noise.map(({ beta, errorPercent }) => ({ strength: beta, errorPercent })),
        fgsm: record.fgsm.map(({ epsilon, errorPercent }) => ({ strength: epsilon, errorPercent })),
      });
      const attacks = attacked?.cells.find(({ cellId }) => cellId === card.record.cellId);
      expect(card.attacks?.images).toBe(attacks?.images);
      expect(card.attacks?.worst.map(({ errorPercent }) => errorPercent)).toEqual(
        attacks?.worst.map(({ accuracyPercent }): unknown => expect.closeTo(percent(accuracyPercent), 3)),
      );
    }
  });
});

describe('the README', () => {
  it('has a row for each network, with the figures of its card', () => {
    const lines = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8').split('\n');
    const cells = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const rows = lines.filter((line) => line.startsWith('| `')).map(cells);
    const at = (points: readonly { strength: number; errorPercent: number }[], strength: number) =>
      points.find((point) => point.strength === strength)!.errorPercent.toFixed(2);
    expect(rows).toEqual(
      ids.map((id) => {
        const { parameters, testErrorPercent, uniformNoise, fgsm, float16, files } = pretrained[id];
        const size = files['weights.bin'].bytes + files['model.json'].bytes;
        return [
          `\`${id}\``,
          parameters.toLocaleString('en'),
          testErrorPercent.toFixed(2),
          float16.testErrorPercent.toFixed(2),
          at(uniformNoise, 0.3),
          at(fgsm, 0.1),
          (size / 1e6).toFixed(1),
        ];
      }),
    );
  });
});

describe('loadPretrained', () => {
  it.each(ids)('%s gives the logits of its card, and leaves no tensors', async (id) => {
    const before = tf.memory().numTensors;
    const { model, card } = await loadPretrained(id);
    const [height, width, channels] = card.imageShape;
    const pixels = Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return Array.from({ length: channels }, () => ((7 * y + 3 * x) % 11) / 10);
    });
    const logits = tf.tidy(
      () =>
        (
          model.predict(tf.tensor4d(pixels.flat(), [1, height, width, channels])) as tf.Tensor
        ).arraySync() as number[][],
    );
    expect(logits).toEqual([card.probeLogits.map((logit): unknown => expect.closeTo(logit, 3))]);
    expect(model.countParams()).toBeGreaterThanOrEqual(card.parameters);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reads drawn digits, which it was not trained on, far better than chance', async () => {
    const { test } = await loadDataset('digits', { seed: 1 });
    const { model } = await loadPretrained('cnn-33');
    const count = 200;
    const found = tf.tidy(() => {
      const pixels = Float32Array.from(test.pixels.subarray(0, count * 784), (byte) => byte / 255);
      const logits = model.predict(tf.tensor4d(pixels, [count, 28, 28, 1])) as tf.Tensor;
      return logits.argMax(-1).dataSync();
    });
    model.dispose();
    const right = Array.from(found).reduce((sum, one, i) => sum + Number(one === test.labels[i]), 0);
    expect(right).toBeGreaterThan(count / 2);
  });

  it('reads a copy of the folder, from a path and by HTTP', async () => {
    const copy = path.join(work, 'copy');
    cpSync(path.join(networks, 'cnn-33'), path.join(copy, 'cnn-33'), { recursive: true });
    const server = createServer((request, response) => {
      response.end(readFileSync(path.join(copy, request.url!.replace('/served/', ''))));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      for (const from of [copy, `http://127.0.0.1:${port}/served`]) {
        const { model, card } = await loadPretrained('cnn-33', { from });
        expect([from, model.countParams(), card.id]).toEqual([from, 261_070, 'cnn-33']);
        model.dispose();
      }
    } finally {
      server.close();
    }
  });

  it('refuses an unknown name, a missing file and a changed one', async () => {
    await expect(loadPretrained('cnn-34' as PretrainedId)).rejects.toThrow(
      'No trained network is called "cnn-34"',
    );
    await expect(loadPretrained('cnn-33', { from: work })).rejects.toThrow(/can't be read: ENOENT/);
    const changed = path.join(work, 'changed');
    cpSync(path.join(networks, 'cnn-33'), path.join(changed, 'cnn-33'), { recursive: true });
    const file = path.join(changed, 'cnn-33', 'weights.bin');
    const bytes = readFileSync(file);
    bytes[1000] ^= 1;
    writeFileSync(file, bytes);
    await expect(loadPretrained('cnn-33', { from: changed })).rejects.toThrow(
      'not the one that belongs to its card',
    );
    writeFileSync(file, bytes.subarray(1));
    await expect(loadPretrained('cnn-33', { from: changed })).rejects.toThrow(
      'not the one that belongs to its card',
    );
  });
});

describe('a 16-bit float', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 + 2 ** -11, 0x3c00], // half a step: to even
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2 - 2 ** -12, 0x4000], // carries into the exponent
    [65504, 0x7bff],
    [65519, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [3 * 2 ** -25, 0x0002],
  ])('%d has the bits %d', (value, bits) => expect(float16Bits(value)).toBe(bits));

  it('does not exist for larger numbers and NaN', () => {
    for (const value of [65520, -1e9, Infinity, NaN])
      expect(() => float16Bits(value)).toThrow('has no 16-bit float');
  });
});
