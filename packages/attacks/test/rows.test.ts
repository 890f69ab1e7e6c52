import * as tf from '@tensorflow/tfjs';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { takeTurns, type Rows } from '../src/harness/_rows.js';

useEngine('cpu');

type Counting = Rows & { readonly name: tf.Tensor1D; readonly count: tf.Tensor1D };

/** Image i is fooled at turn `ends[i]`, when its pixel is 100·i + the turns that it took part in. */
async function played(ends: number[], turns: number, stop = true, wanted?: number) {
  const sizes: number[] = [];
  const seen: number[][] = [];
  const batch = ends.length;
  const start: Counting = {
    found: tf.fill([batch, 1, 1, 1], -1),
    fooled: tf.zeros([batch]),
    name: tf.range(0, batch),
    count: tf.zeros([batch]),
  };
  const limits = tf.tensor1d(ends);
  const found = await expectNoLeak(
    () =>
      takeTurns(
        start,
        turns,
        ({ found, fooled, name, count }, { index, pick }) => {
          sizes.push(name.size);
          seen.push([...name.dataSync()]);
          const taken = count.add<tf.Tensor1D>(1);
          const now = name.mul(100).add(taken).reshape<tf.Tensor4D>([-1, 1, 1, 1]);
          const before = fooled.equal(1).reshape<tf.Tensor4D>([-1, 1, 1, 1]);
          const over = pick(limits).lessEqual(index).cast<tf.Tensor1D>('float32');
          return { found: tf.where(before, found, now), fooled: over, count: taken };
        },
        { stop, wanted },
      ),
    1,
  );
  const result = { found: [...found.dataSync()], sizes, seen };
  expect(Object.values(start).every(({ isDisposed }) => !isDisposed)).toBe(true);
  tf.dispose([found, limits, Object.values(start)]);
  return result;
}

describe('turns', () => {
  it('end for those fooled: the rows shrink to a half, a quarter and an eighth, and results keep their places', async () => {
    const ends = Array.from({ length: 20 }, (_, i) => [0, 0, 5, 9, 99][i % 5] + (i === 19 ? 30 : 0));
    const { found, sizes, seen } = await played(ends, 60);
    expect([...new Set(sizes)]).toEqual([20, 10, 5]);
    expect(found).toEqual(ends.map((end, i) => 100 * i + Math.min(end + 1, 60)));
    // Who is still to be fooled is in every turn.
    seen.forEach((names, turn) =>
      ends.forEach((end, i) => {
        if (turn <= end) expect(names).toContain(i);
      }),
    );
  });

  it('of a long attack shrink to any eighth, once that saves more than compiling costs', async () => {
    const ends = Array.from({ length: 40 }, (_, i) => (i < 10 ? 0 : i < 15 ? 1000 : 9999));
    // 10 of 40 are done: 30 rows save 10 for 1,199 turns. The next 5 would be saved for 199 turns, so they stay.
    expect([...new Set((await played(ends, 1200)).sizes)]).toEqual([40, 30]);
  });

  it('attack only the first images, if only those are wanted', async () => {
    const { found, sizes, seen } = await played([9, 0, 9, 9, 9, 9, 9, 9], 12, true, 2);
    expect(seen[0]).toEqual([0, 1]);
    expect([...new Set(sizes)]).toEqual([2, 1]);
    expect(found).toEqual([10, 101, -1, -1, -1, -1, -1, -1]);
  });

  it('go on in full if nobody is to drop out, and stop when all are fooled', async () => {
    expect((await played([0, 0, 0, 7], 12, false)).sizes).toEqual(new Array(12).fill(4));
    expect((await played([0, 2, 3], 12)).sizes.length).toBe(5); // the look after turn 4 finds none left
  });

  it('may be none, and shrink no further than to one image', async () => {
    expect((await played([3], 0)).found).toEqual([-1]);
    expect((await played([0, 0, 99], 9)).sizes).toEqual([3, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect((await played([99, 0], 9)).found).toEqual([9, 101]);
  });
});
