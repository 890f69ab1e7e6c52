import * as tf from '@tensorflow/tfjs';
import { createAttack } from '@weightmap/attacks';
import { imageSet } from '@weightmap/core';
import { robustnessCurve } from '@weightmap/metrics';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../src/files/base64.js';
import { addToCurve } from '../src/engine/look.js';
import { measureCurves, partsOfCurves } from '../src/jobs/measure-curve.js';
import type { Session } from '../src/session.js';
import type { Wish } from '../src/wish.js';
import { benchmark, openInNode } from './_node-look.js';

useEngine();

const set = { ...benchmark, images: benchmark.images.slice(0, 25) };
const [network] = set.networks;
const wishOf = (id: 'fgsm' | 'pgd' | 'uniform-noise', target: number | null = null): Wish => ({
  image: { pixels: new Float32Array(784), label: 0, index: 0 },
  attack: createAttack(id),
  ...{ strength: 0.1, target, seed: 3 },
});

describe('curves in parts', () => {
  it('cover each image, network and strength once', () => {
    for (const id of ['fgsm', 'pgd']) {
      const parts = partsOfCurves(set.networks, 25, { id });
      expect(parts).toHaveLength(id === 'pgd' ? 3 * 3 * 9 : 3 * 3);
      for (const one of set.networks) {
        const cells = parts
          .filter((part) => part.network === one)
          .flatMap(({ start, end, points: [from, to] }) =>
            Array.from({ length: end - start }, (_, i) => start + i).flatMap((image) =>
              Array.from({ length: to - from }, (_, i) => `${image} ${from + i}`),
            ),
          );
        expect([cells.length, new Set(cells).size]).toEqual([25 * 9, 25 * 9]);
      }
    }
  });

  it.each(['fgsm', 'uniform-noise'] as const)(
    'give the curve of the benchmark, and leave no tensor: %s',
    (id) =>
      expectNoLeak(async () => {
        const opened = await openInNode(network);
        const session = {
          load: () => Promise.resolve(opened.facts),
          addToCurve: ((_, { attack, target, seed }, part) =>
            Promise.resolve(
              addToCurve(opened, { attack: attack.id, target, seed, ...part }),
            )) as Session['addToCurve'],
        };
        let last: unknown;
        const progress: number[] = [];
        await measureCurves(session, [network], {
          ...{ wish: wishOf(id), benchmark: set, signal: new AbortController().signal },
          onPart: (_, curve, done, total) => {
            last = curve;
            progress.push(done / total);
          },
        });
        const pixels = Uint8Array.from(set.images.flatMap((image) => [...bytesOf(image.pixels)]));
        const images = imageSet(
          benchmark,
          pixels,
          Uint8Array.from(set.images, ({ label }) => label),
        );
        const strengths = Array.from({ length: 9 }, (_, i) =>
          Number((((id === 'fgsm' ? 0.4 : 1) * i) / 8).toPrecision(6)),
        );
        const expected = await robustnessCurve(opened.classifier, images, createAttack(id), strengths, {
          ...{ seed: 3, batchSize: 10 },
        });
        expect(last).toMatchObject(
          expected.map(({ strength, misclassified, count }) => ({ strength, count, wrong: misclassified })),
        );
        expect(progress.at(-1)).toBe(1);
        opened.model.dispose();
      }),
  );

  it('leave out the images of the target’s class', () =>
    expectNoLeak(async () => {
      const opened = await openInNode(network);
      const empty = { strength: 0.4, count: 0, wrong: 0, interval: [0, 100] as const };
      const shown = set.images.slice(0, 3);
      const pixels = Float32Array.from(
        shown.flatMap((image) => [...bytesOf(image.pixels)]),
        (byte) => byte / 255,
      );
      const part = { pixels, labels: [0, 1, 2], start: 0, attack: 'fgsm', seed: 1, points: [empty] };
      expect(addToCurve(opened, { ...part, target: 1 })[0].count).toBe(2);
      const one = { ...part, pixels: pixels.subarray(784, 1568), labels: [1] };
      expect(addToCurve(opened, { ...one, target: 1 })).toEqual([empty]);
      opened.model.dispose();
    }));

  it('end between two requests when they are cancelled', async () => {
    const ending = new AbortController();
    let requests = 0;
    const session = {
      load: () => Promise.resolve({ parameters: 1, flops: null, maps: null }),
      addToCurve: ((_, __, { points }) => {
        if (++requests === 2) ending.abort(new Error('cancelled'));
        return Promise.resolve(points);
      }) as Session['addToCurve'],
    };
    const measuring = measureCurves(session, set.networks, {
      ...{ wish: wishOf('pgd'), benchmark: set, signal: ending.signal, onPart: () => {} },
    });
    await expect(measuring).rejects.toThrow('cancelled');
    expect(requests).toBe(2);
  });
});

describe('an attempt at several strengths', () => {
  it('succeeds where the look at each strength is fooled, towards a target too', async () => {
    const { attempt, look } = await import('../src/engine/look.js');
    const opened = await openInNode(network);
    const [{ pixels, label }] = set.images;
    const strengths = [0, 0.1, 0.2, 0.4];
    for (const attack of ['fgsm', 'pgd', 'uniform-noise'])
      for (const target of attack === 'uniform-noise' ? [null] : [null, 8]) {
        const aim = {
          ...{
            pixels: Float32Array.from(bytesOf(pixels), (byte) => byte / 255),
            label,
            target,
            attack,
            seed: 5,
          },
        };
        const before = tf.memory().numTensors;
        const fooled = strengths.map((strength) => {
          const { predicted } = look(opened, { ...aim, strength });
          return target === null ? predicted !== label : predicted === target;
        });
        expect(attempt(opened, { ...aim, strengths }), `${attack} ${target}`).toEqual(fooled);
        expect(tf.memory().numTensors).toBe(before);
      }
    opened.model.dispose();
  });
});
