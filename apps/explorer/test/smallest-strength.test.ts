import type { AttackInfo } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { proofOf, searchNetwork } from '../src/jobs/search-network.js';
import { smallestStrength } from '../src/jobs/smallest-strength.js';
import type { Session } from '../src/session.js';
import type { Wish } from '../src/wish.js';

/** An attack that succeeds where a function of the strength says so, with the strengths that were asked for. */
function attack(isFooled: (strength: number) => boolean) {
  const asked: number[] = [];
  const succeeds = (strengths: readonly number[]) => {
    asked.push(...strengths);
    return Promise.resolve(strengths.map(isFooled));
  };
  return { asked, succeeds };
}

describe('the smallest strength', () => {
  it.each([0.0001, 0.05, 0.1234, 0.25, 0.3999])(
    'is found to a thousandth of the largest: %d',
    async (limit) => {
      const { asked, succeeds } = attack((strength) => strength >= limit);
      const found = await smallestStrength(succeeds, { largest: 0.4 });
      expect(found.strength! >= limit && found.strength! - limit <= 0.0004).toBe(true);
      expect(found.below! < limit && found.strength! - found.below! <= 0.0004).toBe(true);
      expect(found.tried).toBe(asked.length);
      expect(asked.length).toBeLessThan(30);
    },
  );

  it('is 0 where the prediction is wrong without an attack, and nothing else is tried', async () => {
    const { asked, succeeds } = attack(() => true);
    expect(await smallestStrength(succeeds, { largest: 1 })).toEqual({ strength: 0, below: null, tried: 1 });
    expect(asked).toEqual([0]);
  });

  it('is none where nothing up to the largest succeeds', async () => {
    const { asked, succeeds } = attack(() => false);
    const found = await smallestStrength(succeeds, { largest: 1, steps: 10 });
    expect(found).toEqual({ strength: null, below: 1, tried: 11 });
    expect(Math.max(...asked)).toBe(1);
  });

  it('is that of the first success where success does not grow with the strength', async () => {
    const { succeeds } = attack((strength) => (strength >= 0.21 && strength < 0.3) || strength > 0.8);
    const { strength, below } = await smallestStrength(succeeds, { largest: 1 });
    expect(strength).toBeCloseTo(0.21, 2);
    expect(below).toBeLessThan(0.21);
  });

  it('ends between two requests when it is cancelled', async () => {
    const ending = new AbortController();
    let requests = 0;
    const succeeds = (strengths: readonly number[]) => {
      if (++requests === 2) ending.abort(new Error('cancelled'));
      return Promise.resolve(strengths.map(() => false));
    };
    await expect(smallestStrength(succeeds, { largest: 1 }, ending.signal)).rejects.toThrow('cancelled');
    expect(requests).toBe(2);
  });
});

const linf = { id: 'fgsm', label: 'FGSM', norm: 'linf' } as AttackInfo;
const wish: Wish = {
  image: { pixels: Float32Array.of(0.5, 0.5), label: 1, index: 0 },
  ...{ attack: linf, strength: 0.9, target: null, seed: 1 },
};
const network = {
  id: 'a',
  label: 'A',
  kind: 'conv',
  gradCamLayer: '',
  file: 'a',
  testErrorPercent: null,
} as const;

describe('the proof', () => {
  const check = (part: Partial<Wish>, attacked: number[], predicted: number, strength = 0.1) =>
    proofOf({ ...wish, ...part }, strength, Float32Array.from(attacked), { predicted, abstains: false }, 2)
      .isVerified;

  it('needs another class than the label, within the distance', () => {
    expect(check({}, [0.6, 0.45], 0)).toBe(true);
    expect(check({}, [0.6, 0.45], 1)).toBe(false);
    expect(check({}, [0.61, 0.45], 0)).toBe(false);
    expect(check({ attack: { ...linf, norm: 'l2' } }, [0.57, 0.57], 0)).toBe(true);
    expect(check({ attack: { ...linf, norm: 'l2' } }, [0.58, 0.58], 0)).toBe(false);
    expect(check({ attack: { ...linf, norm: null } }, [1, 0], 0)).toBe(true);
  });

  it('needs the target where there is one, and the clean prediction counts where there is no label', () => {
    expect(check({ target: 3 }, [0.6, 0.5], 3)).toBe(true);
    expect(check({ target: 3 }, [0.6, 0.5], 0)).toBe(false);
    const unlabelled = { image: { ...wish.image, label: null } };
    expect([check(unlabelled, [0.6, 0.5], 1), check(unlabelled, [0.6, 0.5], 2)]).toEqual([true, false]);
  });

  it('does not count abstaining as being fooled', () => {
    const abstains = { predicted: 10, abstains: true };
    expect(proofOf(wish, 0.1, Float32Array.of(0.5, 0.5), abstains, 1).isVerified).toBe(false);
  });
});

describe('the search for a network', () => {
  const session = (more: Partial<Session> = {}): Pick<Session, 'load' | 'look' | 'attempt'> => ({
    load: () => Promise.resolve({ parameters: 1, flops: null, maps: null }),
    attempt: (_, __, strengths) => Promise.resolve(strengths.map((strength) => strength >= 0.2)),
    look: (_, { image, strength }) =>
      Promise.resolve({
        attacked: image.pixels.map((value) => value + strength),
        ...{ predicted: strength > 0 || image.label === null ? 0 : 1, cleanPredicted: 1, abstains: false },
      } as never),
    ...more,
  });
  const options = { wish, largest: 0.4, signal: new AbortController().signal };

  it('classifies the image once more on its own', async () => {
    const { found, proof, problem } = await searchNetwork(session(), network, options);
    expect([found!.strength, problem]).toEqual([0.2, null]);
    expect(proof!.attacked[0]).toBeCloseTo(0.7, 5);
    expect(proof).toMatchObject({ predicted: 0, isVerified: true });
    expect(proof!.distance).toBeCloseTo(0.2, 5);
  });

  it('says what failed, and passes a cancellation on', async () => {
    const broken = session({ attempt: () => Promise.reject(new Error('no memory')) });
    expect(await searchNetwork(broken, network, options)).toMatchObject({
      found: null,
      problem: 'no memory',
    });
    await expect(
      searchNetwork(session(), network, { ...options, signal: AbortSignal.abort(new Error('cancelled')) }),
    ).rejects.toThrow('cancelled');
  });
});
