// Adversarial training on all images of MNIST, 10 epochs, reaches what its articles promise: slow, and with the data alone.
import * as tf from '@tensorflow/tfjs';
import { fgsm, pgd } from '@weightmap/attacks';
import {
  asClassifier,
  balancedSubset,
  batchesOf,
  predictClasses,
  randomStream,
  type Attack,
  type Dataset,
} from '@weightmap/core';
import { loadDataset } from '@weightmap/datasets';
import { createDefense, type DefenseId } from '@weightmap/defenses';
import { compiledClassifier } from '@weightmap/engine';
import { useEngine } from '@weightmap/test-utils';
import { train } from '@weightmap/training';
import { beforeAll, describe, expect, it } from 'vitest';

const { WEIGHTMAP_DATA, WEIGHTMAP_SLOW_TESTS } = process.env;
const HOUR = 3_600_000;
const EPSILON = 0.3;

useEngine();

/** The network of Wong et al. for MNIST: two convolutions with strides, one hidden layer. */
function smallNetwork(): tf.LayersModel {
  const init = (seed: number) => ({
    kernelInitializer: tf.initializers.heNormal({ seed }),
    activation: 'relu' as const,
  });
  const strided = { kernelSize: 4, strides: 2, padding: 'same' as const };
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 16, ...strided, ...init(1) }),
      tf.layers.conv2d({ filters: 32, ...strided, ...init(2) }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 100, ...init(3) }),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }) }),
    ],
  });
}

/** Percent of 1,000 test images that a network gets wrong without an attack, and under each of some. */
function errorsUnder(
  model: tf.LayersModel,
  data: Dataset,
  epsilon: number,
  attacks: readonly Attack[],
): number[] {
  const classifier = compiledClassifier(asClassifier(model, { bounds: [0, 1] }));
  const wrong = new Array<number>(attacks.length + 1).fill(0);
  for (const { images, labels } of batchesOf(balancedSubset(data.test, 1000, { seed: 1 }), 100)) {
    const count = (adversarial: tf.Tensor4D, of: number) => {
      const truth = labels.dataSync();
      predictClasses(classifier, adversarial).forEach(
        (guess, i) => (wrong[of] += Number(guess !== truth[i])),
      );
    };
    count(images, 0);
    for (const [i, attack] of attacks.entries()) {
      const random = randomStream(1, attack.id);
      const [{ adversarial }] = attack.run(classifier, images, labels, { strengths: [epsilon], random });
      count(adversarial, i + 1);
      adversarial.dispose();
    }
  }
  classifier.dispose();
  return wrong.map((count) => count / 10);
}

async function trainedWith(data: Dataset, id: DefenseId, given: object, learningRate: number) {
  const { defense, options } = createDefense(id, given);
  const model = smallNetwork();
  const objective = defense.objective!({ options, spec: data.spec, seed: 1, teachers: [], model });
  const config = {
    ...{ epochs: 10, batchSize: 100, learningRate },
    ...({ augmentation: 'none', selection: 'last' } as const),
  };
  await train(model, data, config, { seed: 1, objective });
  return model;
}

describe.runIf(WEIGHTMAP_DATA && WEIGHTMAP_SLOW_TESTS)('on all images of MNIST, 10 epochs', () => {
  let data: Dataset;
  beforeAll(async () => {
    data = await loadDataset('mnist', { seed: 1 });
  }, HOUR);

  it.each<[DefenseId, object, number, number]>([
    ['pgd-training', { epsilon: EPSILON, steps: 7, relativeStep: 0.25, warmUpEpochs: 3 }, 0.001, 40],
    ['fgsm-rs', { epsilon: EPSILON, warmUpEpochs: 1 }, 0.002, 50],
  ])(
    '%s keeps 85 %% of the images under PGD',
    async (id, given, learningRate, steps) => {
      const model = await trainedWith(data, id, given, learningRate);
      const [clean, attacked] = errorsUnder(model, data, EPSILON, [pgd({ steps, relativeStep: 1 / 30 })]);
      process.stdout.write(`${id}: errors: clean ${clean} %, PGD-${steps} ${attacked} %\n`);
      model.dispose();
      expect(attacked).toBeLessThanOrEqual(15);
    },
    HOUR,
  );

  it(
    'FGSM training withstands the step that it is trained on, and falls to PGD',
    async () => {
      const model = await trainedWith(data, 'fgsm-training', { epsilon: 0.25 }, 0.001);
      const [clean, step, steps] = errorsUnder(model, data, 0.25, [fgsm(), pgd({ relativeStep: 1 / 30 })]);
      process.stdout.write(`fgsm-training: errors: clean ${clean} %, FGSM ${step} %, PGD-40 ${steps} %\n`);
      model.dispose();
      expect(step).toBeLessThanOrEqual(20);
      expect(steps).toBeGreaterThan(2 * step);
    },
    HOUR,
  );
});
