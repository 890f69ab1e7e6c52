import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { maskingChecks, maskingReport, maskingReports, type MaskingOptions } from '../src/index.js';
import { gain, share } from '../src/masking/_estimates.js';
import { openProbe } from '../src/masking/_probe.js';
import { judgeFinding, type MaskingCheck } from '../src/masking/check.js';
import { trainedNetwork } from './_trained.js';

useEngine();

const COUNT = 100;
const EPSILON = 0.1;
let plain: Classifier;
let images: tf.Tensor4D;
let labels: tf.Tensor1D;

beforeAll(() => {
  ({ classifier: plain, images, labels } = trainedNetwork());
});

/** What one check alone is looked at for. */
const FEW = 30;
const short = { steps: 4, queries: 20 };

function report(classifier: Classifier, options: Partial<MaskingOptions> = {}, count = COUNT) {
  const some = [images.slice(0, count), labels.slice(0, count)] as const;
  const told = { epsilon: EPSILON, seed: 1, steps: 12, queries: 100, ...options };
  const found = maskingReport(classifier, ...some, told);
  tf.dispose([...some]);
  return found;
}

const flagged = (classifier: Classifier, options: Partial<MaskingOptions> = {}) =>
  report(classifier, options)
    .checks.filter(({ verdict }) => verdict === 'flagged')
    .map(({ id }) => id);

const withLogits = (logits: (x: tf.Tensor4D) => tf.Tensor2D): Classifier => ({ ...plain, logits });

describe('the masking report', () => {
  it('shows the clean images, and FGSM at a radius, once to the classifier for all checks', () => {
    let passes = 0;
    const classifier = withLogits((x) => {
      passes += 1;
      return plain.logits(x);
    });
    const some = { images: images.slice(0, FEW), labels: labels.slice(0, FEW) };
    const probe = openProbe({ classifier, ...some, epsilon: EPSILON, seed: 1, surrogates: [], ...short });
    const passesOf = (id: string) => {
      const before = passes;
      maskingChecks.find((check) => check.id === id)!.measure(probe);
      return passes - before;
    };
    expect(passesOf('probabilities')).toBe(1);
    expect(passesOf('probabilities')).toBe(0);
    expect(passesOf('randomised')).toBe(4);
    expect(passesOf('unchanged-by-fgsm')).toBeGreaterThan(0);
    probe.fooled('pgd', () => probe.pgd(), EPSILON);
    expect(passesOf('pgd-weaker-than-fgsm')).toBe(0);
    tf.dispose(Object.values(some));
  });

  it('has sixteen checks, numbered and explained', () => {
    expect(maskingChecks.map(({ number }) => number)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(new Set(maskingChecks.map(({ id }) => id)).size).toBe(16);
    for (const { title, meaning } of maskingChecks) expect(title && meaning).not.toBe('');
  });

  it('raises no doubt about a plain CNN', async () => {
    const { checks, verdict, reason, count, pgdAccuracy, pgdAccuracyInterval } = await expectNoLeak(() =>
      report(plain),
    );
    expect(checks.filter((check) => check.verdict !== 'passed').map(({ id }) => id)).toEqual([
      'transfer-fools',
    ]);
    expect(verdict).toBe('believable');
    expect(reason).toBe(
      '15 checks found no sign of masking. Not run: transfer-fools (no other networks for the same task were given).',
    );
    expect(count).toBe(COUNT);
    expect(pgdAccuracy).toBeGreaterThan(0.3);
    expect(pgdAccuracyInterval![0]).toBeLessThan(pgdAccuracy!);
    for (const { id, value } of checks) expect(value === null).toBe(id === 'transfer-fools');
  });

  it('doubts a network with a layer whose gradient is zero', () => {
    const quantised = tf.customGrad((x) => ({
      value: tf.round((x as tf.Tensor).mul(8)).div(8),
      gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
    }));
    const control = withLogits((x) => plain.logits(quantised(x) as tf.Tensor4D));
    const { checks, verdict, reason } = report(control, { ...short, surrogates: [plain] });
    const found = checks.filter((check) => check.verdict === 'flagged').map(({ id }) => id);
    for (const id of [
      ...['useless-gradients', 'unchanged-by-fgsm', 'stands-everything', 'finite-differences'],
      // Images made against the network behind the layer fool it too.
      'transfer-fools',
    ])
      expect(found).toContain(id);
    expect(verdict).toBe('suspicious');
    expect(reason).toContain(`${found.length} of 16 checks raise doubt: useless-gradients`);
  });

  it('is not applicable where PGD fools every image', () => {
    const { checks, verdict, reason, pgdAccuracy } = report(plain, { epsilon: 0.5 });
    expect(pgdAccuracy).toBe(0);
    expect(verdict).toBe('not applicable');
    expect(reason).toBe('The accuracy under PGD is 0.0 % at ε = 0.5: there is no robustness to check.');
    for (const check of checks)
      expect(check).toMatchObject({
        ...{ value: null, verdict: 'not run', because: 'the accuracy under PGD is below 5 %' },
      });
  });

  it('repeats itself, and says at each radius what it says at that radius alone', () => {
    const some = [images.slice(0, FEW), labels.slice(0, FEW)] as const;
    const epsilons = [0.05, 0.5, 0.1];
    const progress: number[][] = [];
    const onProgress = (...step: number[]) => progress.push(step);
    const together = maskingReports(plain, ...some, { ...short, epsilons, seed: 1, onProgress });
    epsilons.forEach((epsilon, i) => expect(together[i]).toEqual(report(plain, { ...short, epsilon }, FEW)));
    expect(progress).toEqual(Array.from({ length: 49 }, (_, i) => [i, 48]));
    tf.dispose([...some]);
  });

  it('takes NaN in a gradient for a finding, and goes on without what cannot run', () => {
    const endless = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor) => dy.mul(NaN),
    }));
    const broken = withLogits((x) => plain.logits(endless(x) as tf.Tensor4D));
    const { checks, verdict, pgdAccuracy } = report(broken, short, FEW);
    const of = (id: string) => checks.find((check) => check.id === id)!;
    expect(of('useless-gradients')).toMatchObject({ value: 1, verdict: 'flagged' });
    expect(of('useless-gradients').samples).toHaveLength(FEW);
    expect(of('losses-disagree')).toMatchObject({ value: null, verdict: 'not run' });
    expect(of('losses-disagree').because).toContain('gradient of the loss is not finite');
    expect([verdict, pgdAccuracy]).toEqual(['suspicious', null]);
  });

  it('refuses surrogates that are for another task', () => {
    const wide: Classifier = { ...plain, bounds: [-1, 1] };
    expect(() => report(plain, { ...short, surrogates: [plain, wide] }, FEW)).toThrow(
      'A surrogate is not for the task',
    );
  });

  it('doubts probabilities, and says how many images give them', () => {
    const softmax = withLogits((x) => tf.softmax<tf.Tensor2D>(plain.logits(x)));
    const check = report(softmax, short, FEW).checks.find(({ id }) => id === 'probabilities')!;
    expect(check).toMatchObject({ value: 1, verdict: 'flagged' });
  });

  it('doubts an output that changes from pass to pass', () => {
    const random = randomStream(9, 'passes');
    const shaky = withLogits((x) => {
      const logits = plain.logits(x);
      return logits.add(tf.tensor(random.uniforms(logits.size, 0, 0.01), logits.shape));
    });
    expect(flagged(shaky, short)).toContain('randomised');
  });

  it('doubts gradients that point elsewhere', () => {
    const reversed = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor) => dy.neg(),
    }));
    const misleading = withLogits((x) => plain.logits(reversed(x) as tf.Tensor4D));
    const found = flagged(misleading, { epsilon: 0.25 });
    expect(found).toContain('finite-differences');
    // Square looks at decisions only, PGD runs the wrong way.
    expect(found).toContain('black-box-stronger');
  });

  it('doubts a cross-entropy that is saturated', () => {
    const sharp = withLogits((x) => plain.logits(x).mul(1000));
    expect(flagged(sharp)).toEqual(expect.arrayContaining(['temperature', 'losses-disagree']));
  });

  it('tries images made against surrogates', () => {
    const check = report(plain, { ...short, surrogates: [plain] }, FEW).checks.find(
      ({ id }) => id === 'transfer-fools',
    )!;
    // Images made against the network itself fool nothing that its own attack doesn't.
    expect(check).toMatchObject({ value: 0, verdict: 'passed' });
  });
});

describe('a check', () => {
  const check: MaskingCheck = {
    ...{ number: 1, id: 'made-up', title: '', meaning: '', unit: 'points', threshold: 2 },
    measure: () => ({ value: null }),
  };
  /** The first fools `more` images that the second doesn't, and the second `less` others, of `count`. */
  const paired = (more: number, less: number, count = 100) => {
    const flags = (from: number, to: number) => Array.from({ length: count }, (_, i) => i >= from && i < to);
    return gain(flags(0, more), flags(more, more + less));
  };

  it('is undecided where noise may have led beyond its limit, and says how many images would decide', () => {
    const found = judgeFinding(check, { value: paired(4, 0) }, 100);
    expect(found.value).toBeCloseTo(4, 10);
    // 5/102 − 1/102 ± 1.96 · √((6/102 − (4/102)²)/102), in points.
    expect(found.interval![0]).toBeCloseTo(-0.723, 3);
    expect(found.interval![1]).toBeCloseTo(8.566, 3);
    expect(found).toMatchObject({ verdict: 'undecided', imagesNeeded: 419 });
    // A finding as large, of so many images, is decided; of one fewer it isn't.
    const [most, least] = [419, 418].map((n) => paired(4, 0).intervalFrom(n)[0]);
    expect(most).toBeGreaterThan(2);
    expect(least).toBeLessThanOrEqual(2);
  });

  it.each([
    [paired(2, 0), 'passed'],
    [paired(0, 30), 'passed'],
    [paired(12, 0), 'flagged'],
    [paired(20, 3), 'flagged'],
    [paired(20, 16), 'undecided'],
  ])('is flagged where its whole interval is beyond the limit alone (%#)', (estimate, verdict) => {
    const found = judgeFinding(check, { value: estimate }, 100);
    expect(found.verdict).toBe(verdict);
    expect(found.imagesNeeded === null).toBe(verdict !== 'undecided');
  });

  it('takes a single image for a sign where none is allowed', () => {
    const none = { ...check, unit: 'share', threshold: 0 } as const;
    const of = (hits: number) => ({ value: share(Array.from({ length: 100 }, (_, i) => i < hits)) });
    expect(judgeFinding(none, of(0), 100)).toMatchObject({ value: 0, verdict: 'passed' });
    expect(judgeFinding(none, of(1), 100)).toMatchObject({ value: 0.01, verdict: 'flagged' });
    // Of a limit of 1 %: 2 of 100 may be chance, 4 aren't.
    const one = { ...none, threshold: 0.01 };
    expect(judgeFinding(one, of(2), 100).verdict).toBe('undecided');
    expect(judgeFinding(one, of(4), 100).verdict).toBe('flagged');
  });

  it('without an interval is compared as it is; one that did not run says why', () => {
    expect(judgeFinding(check, { value: 2.1 }, 100)).toMatchObject({ verdict: 'flagged', interval: null });
    expect(judgeFinding({ ...check, least: true }, { value: 2.1 }, 100).verdict).toBe('passed');
    expect(judgeFinding(check, { value: NaN }, 100).verdict).toBe('flagged');
    expect(judgeFinding(check, { value: null, because: 'no' }, 100)).toMatchObject({
      ...{ verdict: 'not run', because: 'no', value: null },
    });
  });
});
