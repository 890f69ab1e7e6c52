// The positive control of the checks for masking: a network of defensive distillation, which attacks on its cross-entropy don't fool.
import * as tf from '@tensorflow/tfjs';
import { apgdMargin, fgsm, maskingReport, pgd } from '@weightmap/attacks';
import { asClassifier, randomStream, tensorsOf, type Attack, type Objective } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { train } from '@weightmap/training';
import { expect, it } from 'vitest';
import { createDefense } from '../src/index.js';
import { tinyChain, tinyConfig, tinyData, tinyImages, tinySpec } from './_tiny.js';

useEngine('cpu');

const epsilon = 0.25;
const config = { ...tinyConfig, epochs: 40, learningRate: 0.3 };

async function trained(model: tf.LayersModel, objective: Objective | undefined, seed: number) {
  const data = { train: tinyImages(30, 1), validation: tinyData.validation };
  await train(model, data, config, { seed, objective });
  return asClassifier(model);
}

it('distillation looks robust to FGSM, falls to the margin, and is flagged', async () => {
  const { defense, options } = createDefense('defensive-distillation');
  const [plan] = defense.teachers!(options);
  const [teacher, student] = [tinyChain(2), tinyChain(1)];
  const teachers = [await trained(teacher, plan.objective!(), 2)];
  const objective = defense.objective!({ options, spec: tinySpec, seed: 1, teachers, model: student });
  const classifier = await trained(student, objective, 1);
  const { images, labels } = tensorsOf(tinyImages(30, 1));
  const right = (attack: Attack): number => {
    const [outcome] = attack.run(classifier, images, labels, {
      strengths: [epsilon],
      random: randomStream(1),
    });
    outcome.adversarial.dispose();
    return outcome.misclassified.filter((wrong) => wrong === 0).length;
  };
  expect([right(fgsm()), right(pgd())]).toEqual([30, 30]);
  expect(right(apgdMargin({ steps: 20 }))).toBeLessThan(15);
  // Logits of a size that no network has which is trained at temperature 1.
  const size = tf.tidy(() => classifier.logits(images).abs().mean().dataSync()[0]);
  expect(size).toBeGreaterThan(100);
  const { verdict, checks } = maskingReport(classifier, images, labels, {
    ...{ epsilon, seed: 1, steps: 10, queries: 20 },
  });
  expect(verdict).toBe('suspicious');
  const flagged = checks.filter((check) => check.verdict === 'flagged').map(({ id }) => id);
  for (const id of ['useless-gradients', 'unchanged-by-fgsm', 'losses-disagree', 'temperature'])
    expect(flagged).toContain(id);
  tf.dispose([images, labels]);
  teacher.dispose();
  student.dispose();
});
