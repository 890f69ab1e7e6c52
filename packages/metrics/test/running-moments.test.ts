import { describe, expect, it } from 'vitest';
import { productMoments } from '../src/_product-moments.js';
import { momentsOf, RunningMoments } from '../src/_running-moments.js';

/** Variance by the definition, of columns of rows. */
const literal = (rows: readonly (readonly number[])[]) =>
  rows[0].map((_, i) => {
    const mean = rows.reduce((sum, row) => sum + row[i], 0) / rows.length;
    return rows.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / rows.length;
  });

const inBatches = (rows: readonly (readonly number[])[], size: number) => {
  const moments = new RunningMoments();
  for (let start = 0; start < rows.length; start += size) {
    const batch = rows.slice(start, start + size);
    moments.add(momentsOf(batch.flat(), batch.length));
  }
  return moments;
};

describe('RunningMoments', () => {
  const rows = Array.from({ length: 23 }, (_, i) => [Math.sin(i), 5 * Math.cos(3 * i) + i, -2]);

  it.each([1, 2, 7, 23])('gives the variances of the whole from batches of %d', (size) => {
    const moments = inBatches(rows, size);
    const expected = literal(rows);
    moments.variances().forEach((variance, i) => expect(variance).toBeCloseTo(expected[i], 12));
    expect(moments.meanVariance()).toBeCloseTo((expected[0] + expected[1] + expected[2]) / 3, 12);
    expect(moments.variances()[2]).toBe(0);
  });

  it('keeps the digits of a small variance around a large mean', () => {
    // E[x²] − E[x]² has none of them left: the squares are 10¹⁸, whose last place is 128.
    const large = [4, 7, 13, 16].map((value) => [1e9 + value]);
    for (const size of [1, 2, 3]) expect(inBatches(large, size).variances()[0]).toBeCloseTo(22.5, 6);
  });
});

describe('productMoments', () => {
  it.each([1, 3, 4, 9])('are those of every product w·x, for %d outputs', (outputs) => {
    const [batch, inputs] = [5, 6];
    const x = Float32Array.from({ length: batch * inputs }, (_, i) => Math.sin(7 * i) + 2);
    const weights = Float32Array.from({ length: inputs * outputs }, (_, i) => Math.cos(5 * i));
    const products = Array.from({ length: batch }, (_, b) =>
      Array.from(weights, (w, q) => w * x[b * inputs + Math.floor(q / outputs)]),
    );
    const { count, mean, squares } = productMoments(x, batch, weights);
    expect(count).toBe(batch);
    literal(products).forEach((variance, q) => {
      expect(squares[q] / batch).toBeCloseTo(variance, 12);
      expect(mean[q]).toBeCloseTo(products.reduce((sum, row) => sum + row[q], 0) / batch, 12);
    });
  });
});
