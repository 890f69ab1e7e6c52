// Attacks cut into parts: the same results however they are cut, stopped and continued.
import * as tf from '@tensorflow/tfjs';
import { autoAttack, attacks, fgsm, pgd, square } from '@weightmap/attacks';
import {
  asClassifier,
  imageSet,
  randomStream,
  sliceOf,
  tensorsOf,
  type Attack,
  type ImageSet,
} from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseAttacks, parseAttacks, parseStrength, strengthsFor } from '../src/attack/choice.js';
import { passesOf } from '../src/attack/costs.js';
import { attackImages, type AttackedBatches } from '../src/attack/network.js';
import { joinSlices } from '../src/attack/part-results.js';

useEngine();

const classes = [...'0123456789'];
let model: tf.LayersModel;
let set: ImageSet;
beforeAll(() => {
  model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [6, 6, 1] }),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }),
    ],
  });
  const pixels = Uint8Array.from(randomStream(1, 'pixels').uniforms(230 * 36, 0, 256));
  const spec = { height: 6, width: 6, channels: 1, classes };
  const unlabelled = imageSet(spec, pixels, new Uint8Array(230));
  const guesses = tf.tidy(() =>
    (model.predict(tensorsOf(unlabelled).images) as tf.Tensor2D).argMax(1).dataSync(),
  );
  // Right, but for every seventh.
  const labels = Uint8Array.from(guesses, (guess, i) => (i % 7 === 0 ? (guess + 1) % 10 : guess));
  set = imageSet(spec, pixels, labels);
});
afterAll(() => void model.dispose());

const classifier = () => asClassifier(model);
const signal = new AbortController().signal;

describe('a slice of images', () => {
  it('has the same results however the images are cut, and leaves nothing behind', async () => {
    const attack = pgd({ steps: 4 });
    const run = (from: number, to: number) =>
      expectNoLeak(() =>
        attackImages(classifier(), set, attack, [0.01, 0.05], { from, to, seed: 5, signal }),
      );
    const whole = await run(0, 230);
    const cut = [await run(0, 100), await run(100, 200), await run(200, 230)];
    for (const i of [0, 1]) {
      const joined = joinSlices(cut.map((slice) => slice[i]));
      expect(joined).toEqual(joinSlices([whole[i]]));
      expect(joined.fooled).toHaveLength(230);
      expect(joined.fooled).toContain('1');
      expect(joined.fooled).toContain('0');
    }
  });

  it('doesn’t depend on the strengths beside', async () => {
    const attack = pgd({ steps: 4 });
    const run = (strengths: number[]) =>
      attackImages(classifier(), set, attack, strengths, { from: 0, to: 100, seed: 5, signal });
    expect((await run([0.01, 0.05]))[1]).toEqual((await run([0.05]))[0]);
  });
});

describe('an ensemble attack by attack', () => {
  /** Counts how often each runs. */
  const counted = (attack: Attack) => {
    const one = { ...attack, runs: 0 };
    one.run = (...given) => (one.runs++, attack.run(...given));
    return one;
  };
  const ensemble = () => {
    const members = [counted(fgsm()), counted(pgd({ steps: 3 })), counted(square({ queries: 20 }))];
    return { members, attack: autoAttack({ attacks: members }) };
  };
  /** Keeps what it is given, as a file would. */
  const keeper = () => {
    const known = new Map<string, string>();
    return {
      known,
      kept: <Value>(key: string, compute: () => Value): Promise<Value> => {
        if (!known.has(key)) known.set(key, JSON.stringify(compute()));
        return Promise.resolve(JSON.parse(known.get(key)!) as Value);
      },
    };
  };
  const slice = { from: 0, to: 100, seed: 5 };

  it('comes to what its run comes to', async () => {
    const { attack } = ensemble();
    const [found] = await expectNoLeak(() =>
      attackImages(classifier(), set, attack, [0.02], { ...slice, signal, kept: keeper().kept }),
    );
    const { images, labels } = tensorsOf(sliceOf(set, 0, 100));
    const random = randomStream(5, 'attack', 'auto-attack', 0);
    const [outcome] = attack.run(classifier(), images, labels, { strengths: [0.02], random });
    expect(found.fooled).toBe([...outcome.misclassified].join(''));
    expect(found.fooled).toMatch(/0.*1|1.*0/);
    const moved = [...outcome.linf].filter((change) => change > 0);
    expect(found.batches[0].changed).toBe(moved.length);
    expect(found.batches[0].linf).toBeCloseTo(
      moved.reduce((sum, change) => sum + change, 0),
      5,
    );
    tf.dispose([images, labels, outcome.adversarial]);
  });

  it('that was stopped goes on after the last attack that was finished, to the same result', async () => {
    const calm = ensemble();
    const whole = await attackImages(classifier(), set, calm.attack, [0.01, 0.02], { ...slice, signal });

    const first = ensemble();
    const { kept, known } = keeper();
    const stop = new AbortController();
    const dying = attackImages(classifier(), set, first.attack, [0.01, 0.02], {
      ...slice,
      signal: stop.signal,
      async kept(key, compute) {
        const value = await kept(key, compute);
        if (known.size === 2) stop.abort(new Error('killed'));
        return value;
      },
    });
    await expect(dying).rejects.toThrow('killed');
    expect(first.members.map(({ runs }) => runs)).toEqual([1, 1, 0]);

    const second = ensemble();
    const found = await attackImages(classifier(), set, second.attack, [0.01, 0.02], {
      ...slice,
      signal,
      kept,
    });
    expect(found).toEqual(whole);
    // Of the first strength only the last attack, of the second all.
    expect(second.members.map(({ runs }) => runs)).toEqual([1, 1, 2]);
  });
});

describe('slices put together', () => {
  it('have the mean over the images that changed', () => {
    const batch = (fooled: string, changed: number, linf: number): AttackedBatches => ({
      strength: 0.1,
      fooled,
      batches: [{ changed, linf, l2: 2 * linf }],
    });
    expect(joinSlices([batch('10', 1, 0.1), batch('111', 3, 0.1)])).toEqual({
      strength: 0.1,
      fooled: '10111',
      meanLinf: expect.closeTo(0.05, 10) as number,
      meanL2: expect.closeTo(0.1, 10) as number,
    });
    expect(joinSlices([batch('10', 0, 0)])).toMatchObject({ meanLinf: null, meanL2: null });
  });
});

describe('the attacks that are asked for', () => {
  it('may have strengths of their own after a colon, up to the next id', () => {
    expect(parseAttacks('fgsm,pgd-l2:0.5,1,8/255,square')).toEqual([
      { id: 'fgsm' },
      { id: 'pgd-l2', strengths: [0.5, 1, 8 / 255] },
      { id: 'square' },
    ]);
    for (const wrong of ['fgsm,0.1', '0.1', 'pgd:', 'pgd:x', 'pgd:1:2'])
      expect(() => parseAttacks(wrong)).toThrow();
    expect([parseStrength('1e-3'), parseStrength('-1'), parseStrength('1/0')]).toEqual([0.001, null, null]);
  });

  it('take ε on L∞ where they measure so, and the defaults of their norm elsewhere', () => {
    const spec = { height: 28, width: 28, channels: 1, classes };
    const [own, linf, l2] = chooseAttacks(parseAttacks('pgd:0.3,0.1,0.3,fgsm,pgd-l2'), attacks);
    expect(strengthsFor(own, spec, [0.05])).toEqual([0.1, 0.3]);
    expect(strengthsFor(linf, spec, [0.05])).toEqual([0.05]);
    expect(strengthsFor(l2, spec, [0.05])).toEqual([0.5, 1, 1.5, 2]);
    expect(() => chooseAttacks(parseAttacks('fgsm,fgsm'), attacks)).toThrow('twice');
    expect(() => chooseAttacks(parseAttacks('fgms'), attacks)).toThrow('fgsm');
  });

  it.each([['fgsm', fgsm()] as const, ['pgd', pgd()] as const, ['apgd-ce', attacks['apgd-ce']()] as const])(
    'cost what %s counts where nothing fools',
    (_, attack) => {
      const robust = {
        ...classifier(),
        logits: (images: tf.Tensor4D) =>
          tf.tidy(() =>
            classifier().logits(images).mul<tf.Tensor2D>(1e-3).add<tf.Tensor2D>(tf.oneHot(0, 10).mul(9)),
          ),
      };
      const { images } = tensorsOf(sliceOf(set, 0, 2));
      const labels = tf.tensor1d([0, 0], 'int32');
      const [outcome] = attack.run(robust, images, labels, { strengths: [0.1], random: randomStream(1) });
      const { forwards, backwards } = passesOf(attack, 1);
      expect(outcome.cost).toEqual({ forwards: 2 * (forwards - 1), backwards: 2 * backwards });
      tf.dispose([images, labels, outcome.adversarial]);
    },
  );

  it('are those of an unknown attack for one that is named like a member of every object', () =>
    expect(passesOf({ id: 'constructor', kind: 'fixed' }, 1)).toEqual({ forwards: 101, backwards: 100 }));
});
