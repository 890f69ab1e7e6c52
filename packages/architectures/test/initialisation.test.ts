import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { buildVariant, type VariantId } from '../src/index.js';
import { mnist } from './_specs.js';

useEngine();

function weightsOf(id: VariantId, seed: number, layers: string[]): Record<string, number[][]> {
  const model = buildVariant(id, { spec: mnist, seed });
  const weights = layers.map((name) => [
    name,
    model
      .getLayer(name)
      .getWeights()
      .map((weight) => [...weight.dataSync()]),
  ]);
  model.dispose();
  return Object.fromEntries(weights) as Record<string, number[][]>;
}

const layersOf = {
  'cnn-33': ['conv1', 'conv2', 'conv3', 'fc1', 'logits'],
  'cnn-smooth-32': ['smoothing1', 'fc1'],
};

describe('the initial weights', () => {
  it('are U(−s, s) with s = 1/√fan_in', () => {
    const fanIns = { conv1: 9, conv2: 33 * 9, conv3: 33 * 9, fc1: 22 * 22 * 8, logits: 64 };
    const weights = weightsOf('cnn-33', 1, layersOf['cnn-33']);
    for (const [layer, fanIn] of Object.entries(fanIns)) {
      const [kernel, bias] = weights[layer];
      const bound = Math.fround(1 / Math.sqrt(fanIn));
      const mean = kernel.reduce((sum, w) => sum + w, 0) / kernel.length;
      const variance = kernel.reduce((sum, w) => sum + w * w, 0) / kernel.length;
      const largest = Math.max(...kernel.slice(0, 50_000).map(Math.abs));
      expect(largest, layer).toBeLessThanOrEqual(bound);
      expect(largest, layer).toBeGreaterThan(0.95 * bound);
      // Standard errors of the mean and of the variance, five times each.
      expect(Math.abs(mean) / bound, layer).toBeLessThan(5 * Math.sqrt(1 / 3 / kernel.length));
      expect(Math.abs(variance / bound ** 2 - 1 / 3), layer).toBeLessThan(
        5 * Math.sqrt(4 / 45 / kernel.length),
      );
      expect(Math.max(...bias.map(Math.abs)), layer).toBeLessThanOrEqual(bound);
      expect(Math.max(...bias.map(Math.abs)), layer).toBeGreaterThan(0.5 * bound);
    }
  });

  it.each(Object.entries(layersOf) as [VariantId, string[]][])(
    'of %s follow the seed alone',
    (id, layers) => {
      const first = weightsOf(id, 1, layers);
      expect(weightsOf(id, 1, layers)).toEqual(first);
      const other = weightsOf(id, 2, layers);
      for (const layer of layers)
        for (const i of [0, 1])
          expect(other[layer][i].slice(0, 5), layer).not.toEqual(first[layer][i].slice(0, 5));
    },
  );

  it('differ between layers, and between the weights and the biases of one', () => {
    // Relative to each layer's bound, draws from one seed would be equal numbers.
    const weights = weightsOf('cnn-33', 1, layersOf['cnn-33']);
    const fanIns = [9, 33 * 9, 33 * 9, 22 * 22 * 8, 64];
    const draws = Object.values(weights).flatMap((pair, i) =>
      pair.map((values) => (values[0] * Math.sqrt(fanIns[i])).toFixed(4)),
    );
    expect(new Set(draws).size).toBe(10);
  });

  it('are the same numbers everywhere', () => {
    // −s + 2s·alea(seed), worked out apart from the package: another number here is another result everywhere.
    const [kernel, bias] = weightsOf('cnn-33', 1, ['conv1']).conv1;
    expect(kernel.slice(0, 3)).toBeAllclose(
      [-0.1350166721579929, 0.06250946658353013, -0.25414622481912374],
      1e-6,
    );
    expect(bias.slice(0, 3)).toBeAllclose(
      [0.3101350323607524, -0.23217686467493573, -0.1761909599105517],
      1e-6,
    );
  });
});
