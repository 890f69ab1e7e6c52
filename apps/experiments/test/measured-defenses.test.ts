// What the articles promise of their defences, and what breaks them, on MNIST: slow, and with the data alone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { createAttack } from '@weightmap/attacks';
import {
  asClassifier,
  balancedSubset,
  batchesOf,
  countOf,
  predictClasses,
  randomStream,
  type Attack,
  type Classifier,
  type Dataset,
} from '@weightmap/core';
import { loadDataset } from '@weightmap/datasets';
import { compiledClassifier } from '@weightmap/engine';
import { useEngine } from '@weightmap/test-utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNetwork, defendNetwork, trainCell } from '../src/cells/defended-network.js';
import { chooseDefenses } from '../src/plan/defense-choice.js';
import { expandGrid, limitDataset, selectVariants } from '../src/plan/grid.js';
import { adjustPreset } from '../src/plan/presets.js';

const { WEIGHTMAP_DATA, WEIGHTMAP_SLOW_TESTS } = process.env;
/** A number makes everything shorter or longer: the share of the images and steps. */
const TEST_IMAGES = 500;
const HOUR = 3_600_000;

useEngine();

describe.runIf(WEIGHTMAP_DATA && WEIGHTMAP_SLOW_TESTS)('defences on 5,000 images of MNIST, 3 epochs', () => {
  const preset = adjustPreset('defenses-quick', {});
  let data: Dataset;
  let run: string;
  beforeAll(async () => {
    data = limitDataset(await loadDataset('mnist', { seed: 1 }), preset.limits, 1);
    run = await mkdtemp(path.join(tmpdir(), 'weightmap-measured-'));
  }, HOUR);
  afterAll(() => rm(run, { recursive: true, force: true }));

  const test = () => balancedSubset(data.test, TEST_IMAGES, { seed: 1 });

  /** A trained network; its defence is around it. */
  async function trained(text: string) {
    const [cell] = expandGrid(selectVariants(['cnn-33']), data, preset, 1, chooseDefenses([text]));
    const model = buildNetwork(cell, data.spec);
    await trainCell(model, cell, { run, dataset: data, onNote: () => {} });
    const { classifier } = await defendNetwork(model, cell.defense, () => data);
    return { model, classifier, alone: compiledClassifier(asClassifier(model)) };
  }
  const known = new Map<string, ReturnType<typeof trained>>();
  const network = (text: string) => {
    if (!known.has(text)) known.set(text, trained(text));
    return known.get(text)!;
  };

  /** Shares in percent: misclassified, and rejected, of clean images. */
  function clean(classifier: Classifier) {
    let [wrong, rejected] = [0, 0];
    const { answers = classifier.classes } = classifier;
    for (const { images, labels } of batchesOf(test(), 100)) {
      const truth = labels.dataSync();
      predictClasses(classifier, images).forEach((guess, i) => {
        if (guess >= answers) rejected += 1;
        else wrong += Number(guess !== truth[i]);
      });
    }
    return { error: (100 * wrong) / TEST_IMAGES, rejected: (100 * rejected) / TEST_IMAGES };
  }

  /** Percent of images that an attack on one network makes another one answer wrongly, and accept. */
  async function errorUnder(attack: Attack, epsilon: number, on: Classifier, judge: Classifier = on) {
    const random = randomStream(1, attack.id);
    let wrong = 0;
    const { answers = judge.classes } = judge;
    for (const { images, labels } of batchesOf(test(), 100)) {
      const [{ adversarial }] = attack.run(on, images, labels, { strengths: [epsilon], random });
      const truth = labels.dataSync();
      predictClasses(judge, adversarial).forEach(
        (guess, i) => (wrong += Number(guess < answers && guess !== truth[i])),
      );
      adversarial.dispose();
    }
    return (100 * wrong) / countOf(test());
  }
  const fgsm = createAttack('fgsm');
  const pgd = createAttack('pgd');
  const noise = createAttack('uniform-noise');

  /** Prints a row of the table that the test is about. */
  const show = (what: string, figures: Readonly<Record<string, number>>) =>
    process.stdout.write(
      `${what.padEnd(36)}${Object.entries(figures)
        .map(([name, value]) => `${name} ${value.toFixed(1)}`)
        .join('   ')}\n`,
    );

  it.each([
    'none',
    'pgd-training:steps=7:relativeStep=0.25',
    'trades:steps=7:relativeStep=0.25',
    'gradient-regularisation',
    'noisy-training',
    'multi-condition',
    'noise-aware',
    'hypernetwork',
    'gradient-adversarial',
    'gradient-adversarial-cross-entropy',
    'bidirectional-learning',
    'hybrid-adversarial',
    'fortified-network',
    'fortified-network:weight=0',
    'gmm-vae',
    'null-labelling',
    'extended-distillation',
  ])(
    'the figures of %s',
    async (text) => {
      const { classifier } = await network(text);
      const { error, rejected } = clean(classifier);
      show(text, {
        clean: error,
        rejected,
        'noise 0.4': await errorUnder(noise, 0.4, classifier),
        'noise 1': await errorUnder(noise, 1, classifier),
        'FGSM 0.1': await errorUnder(fgsm, 0.1, classifier),
        'FGSM 0.3': await errorUnder(fgsm, 0.3, classifier),
        'PGD 0.1': await errorUnder(pgd, 0.1, classifier),
        'PGD 0.3': await errorUnder(pgd, 0.3, classifier),
      });
      expect(error).toBeLessThan(50);
    },
    HOUR,
  );

  it(
    'DeepCloak has the error of the baseline under an attack that knows it',
    async () => {
      const { classifier: plain, model } = await network('none');
      const cloaked = await defendNetwork(
        model,
        { id: 'deep-cloak', options: { share: 0.01, epsilon: 10 / 255, images: 1000 } },
        () => data,
      );
      const { classifier } = cloaked;
      const figures = {
        clean: clean(classifier).error,
        'baseline FGSM 0.1': await errorUnder(fgsm, 0.1, plain),
        'static FGSM 0.1': await errorUnder(fgsm, 0.1, plain, classifier),
        'adaptive FGSM 0.1': await errorUnder(fgsm, 0.1, classifier),
        'baseline PGD 0.1': await errorUnder(pgd, 0.1, plain),
        'adaptive PGD 0.1': await errorUnder(pgd, 0.1, classifier),
      };
      show('deep-cloak', figures);
      expect(Math.abs(figures['adaptive PGD 0.1'] - figures['baseline PGD 0.1'])).toBeLessThan(5);
    },
    HOUR,
  );

  it(
    'stochastic operators have the error of noisy training under an attack that follows them',
    async () => {
      const { classifier: noisy, model } = await network('noisy-training');
      const { classifier } = await defendNetwork(
        model,
        { id: 'stochastic-operators', options: { sigma: 0.3, inputVariance: 0.17 } },
        () => data,
      );
      const figures = {
        clean: clean(classifier).error,
        'static FGSM 0.3': await errorUnder(fgsm, 0.3, noisy, classifier),
        'adaptive FGSM 0.3': await errorUnder(fgsm, 0.3, classifier),
        'adaptive PGD 0.3': await errorUnder(pgd, 0.3, classifier),
        'noisy training, PGD 0.3': await errorUnder(pgd, 0.3, noisy),
      };
      show('stochastic-operators', figures);
      expect(figures['adaptive PGD 0.3']).toBeGreaterThan(figures['static FGSM 0.3']);
    },
    HOUR,
  );

  it(
    'NULL labelling rejects images that are made for another network',
    async () => {
      const [{ classifier: other }, { classifier }] = [
        await network('none'),
        await network('null-labelling'),
      ];
      let [right, rejected] = [0, 0];
      const random = randomStream(1, 'transfer');
      for (const { images, labels } of batchesOf(test(), 100)) {
        const [{ adversarial }] = fgsm.run(other, images, labels, { strengths: [0.3], random });
        const truth = labels.dataSync();
        predictClasses(classifier, adversarial).forEach((guess, i) => {
          if (guess === 10) rejected += 1;
          else right += Number(guess === truth[i]);
        });
        adversarial.dispose();
      }
      const share = (count: number) => (100 * count) / TEST_IMAGES;
      show('null-labelling, transferred FGSM 0.3', { rejected: share(rejected), right: share(right) });
      expect(share(rejected + right)).toBeGreaterThan(50);
    },
    HOUR,
  );

  it(
    'gradient regularisation makes the penalty smaller',
    async () => {
      const sizes = [];
      for (const text of ['none', 'gradient-regularisation']) {
        const { model } = await network(text);
        const classifier = asClassifier(model);
        let sum = 0;
        for (const { images, labels } of batchesOf(test(), 100))
          sum += tf.tidy(() => {
            const truth = tf.oneHot(labels, 10);
            const loss = (x: tf.Tensor) =>
              classifier
                .logits(x as tf.Tensor4D)
                .logSoftmax()
                .mul(truth)
                .sum()
                .neg();
            return tf.grad(loss)(images).abs().sum().dataSync()[0];
          });
        sizes.push(sum / TEST_IMAGES);
      }
      show('‖∇ₓJ‖₁', { baseline: sizes[0], regularised: sizes[1], times: sizes[0] / sizes[1] });
      expect(sizes[0] / sizes[1]).toBeGreaterThan(2);
    },
    HOUR,
  );
});
