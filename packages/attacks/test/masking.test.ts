import * as tf from '@tensorflow/tfjs';
import { randomStream, type Classifier } from '@weightmap/core';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { maskingChecks, maskingReport, type MaskingOptions } from '../src/index.js';
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
  it('has fifteen checks, numbered and explained', () => {
    expect(maskingChecks.map(({ number }) => number)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(new Set(maskingChecks.map(({ id }) => id)).size).toBe(15);
    for (const { title, meaning } of maskingChecks) expect(title && meaning).not.toBe('');
  });

  it('raises no doubt about a plain CNN', async () => {
    const { checks, believable, count } = await expectNoLeak(() => report(plain));
    expect(checks.filter(({ verdict }) => verdict === 'flagged')).toEqual([]);
    expect(believable).toBe(true);
    expect(count).toBe(COUNT);
    for (const { value } of checks) expect(value).not.toBeNull();
  });

  it('doubts a network with a layer whose gradient is zero', () => {
    const quantised = tf.customGrad((x) => ({
      value: tf.round((x as tf.Tensor).mul(8)).div(8),
      gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
    }));
    const control = withLogits((x) => plain.logits(quantised(x) as tf.Tensor4D));
    const { checks, believable } = report(control);
    const found = checks.filter(({ verdict }) => verdict === 'flagged').map(({ id }) => id);
    for (const id of ['useless-gradients', 'unchanged-by-fgsm', 'stands-everything', 'finite-differences'])
      expect(found).toContain(id);
    expect(believable).toBe(false);
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

  it('takes NaN in a gradient for a finding, not for an error', () => {
    const broken = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor) => dy.mul(0),
    }));
    const flat = withLogits((x) => plain.logits(broken(x) as tf.Tensor4D));
    const check = report(flat, short, FEW).checks.find(({ id }) => id === 'useless-gradients')!;
    expect(check.value).toBe(1);
    expect(check.samples).toHaveLength(FEW);
  });

  it('tries images made against surrogates', () => {
    const check = report(plain, { ...short, surrogates: [plain] }, FEW).checks.find(
      ({ id }) => id === 'noise-or-transfer-fools',
    )!;
    // Images made against the network itself fool nothing that its own attack doesn't.
    expect(check).toMatchObject({ value: 0, verdict: 'passed' });
  });

  it('repeats itself', () => {
    expect(report(plain, short, FEW)).toEqual(report(plain, short, FEW));
  });
});
