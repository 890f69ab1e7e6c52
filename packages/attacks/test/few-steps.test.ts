import { randomStream, type Attack } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { pgd } from '../src/index.js';
import { trainedNetwork } from './_trained.js';

useEngine();

describe('pgd', () => {
  it('finds with 10 steps, in a ball of any size, as much as with 40', () => {
    const { classifier: victim, images: x, labels } = trainedNetwork();
    const errorOf = (attack: Attack, epsilon: number) => {
      const [outcome] = attack.run(victim, x, labels, { strengths: [epsilon], random: randomStream(3) });
      outcome.adversarial.dispose();
      return (100 * outcome.misclassified.reduce((sum, flag) => sum + flag, 0)) / labels.size;
    };
    for (const epsilon of [0.09, 0.12]) {
      const [short, long] = [10, 40].map((steps) => errorOf(pgd({ steps }), epsilon));
      expect(Math.abs(short - long)).toBeLessThanOrEqual(3);
      // An attack that finds nothing, or everything, would show nothing.
      expect(long).toBeGreaterThan(20);
      expect(long).toBeLessThan(80);
    }
  });
});
