import * as tf from '@tensorflow/tfjs';
import {
  asClassifier,
  randomStream,
  tensorsOf,
  type DrawnStep,
  type FrozenNet,
  type NamedTensors,
  type Objective,
} from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { createDefense, type DefenseId } from '../src/index.js';
import { divergence } from '../src/trades.js';
import { rows, tinyImages, tinyModel, tinySpec, trained } from './_tiny.js';

useEngine('cpu');

const objectiveOf = (id: DefenseId, given: object = {}, teachers: ReturnType<typeof asClassifier>[] = []) => {
  const { defense, options } = createDefense(id, given);
  const model = tinyModel();
  try {
    return defense.objective!({ options, spec: tinySpec, seed: 1, teachers, model })!;
  } finally {
    model.dispose();
  }
};

const STEP: DrawnStep = { shape: [4, 8, 8, 1], epoch: 1, step: 0, steps: 3 };

/** The inputs that an objective draws for a step. */
const drawnBy = ({ draws = {} }: Objective, step: Partial<DrawnStep> = {}, seed = 1): NamedTensors =>
  Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => {
      const drawn = draw({ ...STEP, ...step }, randomStream(seed, name));
      return [name, typeof drawn === 'number' ? tf.scalar(drawn) : drawn!];
    }),
  );

/** Runs a body with a network, four images, and what an objective prepares for them. */
function prepared(
  objective: Objective,
  look: (parts: {
    net: FrozenNet;
    images: tf.Tensor4D;
    labels: tf.Tensor1D;
    inputs: NamedTensors;
    moved: tf.Tensor4D;
    gradientAt: (x: tf.Tensor4D) => tf.Tensor4D;
  }) => void,
  step: Partial<DrawnStep> = {},
) {
  const model = tinyModel(3);
  const net = { frozen: asClassifier(model), crossEntropy };
  tf.tidy(() => {
    const { images, labels } = tensorsOf(tinyImages(4, 9));
    const inputs = drawnBy(objective, step);
    const made = objective.prepare!(net, { images, labels }, inputs);
    const gradientAt = (x: tf.Tensor4D) =>
      tf.grad((at) => crossEntropy(net.frozen.logits(at as tf.Tensor4D), labels))(x) as tf.Tensor4D;
    look({
      net,
      images,
      labels,
      inputs: { ...inputs, ...made },
      moved: made.moved as tf.Tensor4D,
      gradientAt,
    });
  });
  model.dispose();
}

const numbers = (x: tf.Tensor) => [...x.dataSync()];
const unit = (values: number[]) => values.map((value) => Math.min(1, Math.max(0, value)));

describe('robust optimisation', () => {
  it('in L∞ is FGSM training without the clean images, bit for bit', async () => {
    const robust = await trained('robust-optimisation', { epsilon: 0.2, norm: 'linf' });
    expect(robust).toEqual(await trained('fgsm-training', { epsilon: 0.2, cleanShare: 0 }));
  });

  it.each(['linf', 'l2', 'l1'] as const)('moves by the steepest direction of its ball (%s)', (norm) => {
    prepared(objectiveOf('robust-optimisation', { epsilon: 0.01, norm }), ({ images, moved, gradientAt }) => {
      const gradients = numbers(gradientAt(images));
      const clean = numbers(images);
      for (let i = 0; i < 4; i++) {
        const g = gradients.slice(64 * i, 64 * (i + 1));
        const [sum, top] = [Math.hypot(...g), Math.max(...g.map(Math.abs))];
        const way = {
          linf: g.map(Math.sign),
          l2: g.map((v) => v / sum),
          l1: g.map((v) => (Math.abs(v) === top ? Math.sign(v) : 0)),
        }[norm];
        const expected = unit(way.map((v, j) => clean[64 * i + j] + 0.01 * v));
        expect(numbers(moved).slice(64 * i, 64 * (i + 1))).toBeAllclose(expected, 1e-6);
      }
    });
  });

  it('lets ε grow over the first epochs, where that is asked for', () => {
    const farthest = (given: object, epoch: number) => {
      let size = NaN;
      prepared(
        objectiveOf('robust-optimisation', { epsilon: 0.2, ...given }),
        ({ images, moved }) => (size = Math.max(...numbers(moved.sub(images).abs()))),
        { epoch, step: 1, steps: 4 },
      );
      return size;
    };
    expect(farthest({}, 1)).toBeCloseTo(0.2, 5);
    expect(farthest({ warmUpEpochs: 1 }, 1)).toBeCloseTo(0.1, 5);
    expect(farthest({ warmUpEpochs: 1 }, 2)).toBeCloseTo(0.2, 5);
    // Options without it are those of earlier cells.
    expect(rows['robust-optimisation'].parse({})).toEqual({ epsilon: 0.25, norm: 'linf' });
  });
});

describe('FGSM training', () => {
  it('averages the losses of clean and adversarial images by its share', () => {
    const objective = objectiveOf('fgsm-training', { epsilon: 0.1, cleanShare: 0.3 });
    prepared(objective, ({ net, images, labels, inputs, moved, gradientAt }) => {
      const expected = unit(numbers(images.add(gradientAt(images).sign().mul(0.1))));
      expect(numbers(moved)).toBeAllclose(expected, 1e-6);
      const trainedNet = { ...net, logits: (x: tf.Tensor4D) => net.frozen.logits(x) };
      const loss = objective.loss(trainedNet, { images, labels }, inputs).dataSync()[0];
      const [clean, adversarial] = [images, moved].map(
        (x) => crossEntropy(net.frozen.logits(x), labels).dataSync()[0],
      );
      expect(loss).toBeCloseTo(0.3 * clean + 0.7 * adversarial, 5);
    });
  });
});

describe('PGD training', () => {
  it('takes projected steps from a random start, in a ball that grows over the first epochs', () => {
    const options = { epsilon: 0.2, steps: 3, relativeStep: 0.5, warmUpEpochs: 2 };
    for (const [step, radius] of [
      [{ epoch: 1, step: 0 }, 0.2 / 6],
      [{ epoch: 2, step: 1 }, (0.2 * 5) / 6],
      [{ epoch: 3, step: 2 }, 0.2],
    ] as const)
      prepared(
        objectiveOf('pgd-training', options),
        ({ images, inputs, moved, gradientAt }) => {
          expect(inputs.radius.dataSync()[0]).toBeCloseTo(radius, 6);
          const inBall = (x: tf.Tensor) =>
            x.minimum(images.add(radius)).maximum(images.sub(radius)).clipByValue(0, 1) as tf.Tensor4D;
          let x = inBall(images.add(inputs.start.mul(radius)));
          for (let k = 0; k < 3; k++)
            x = inBall(
              x.add(
                gradientAt(x)
                  .sign()
                  .mul(radius / 2),
              ),
            );
          expect(numbers(moved)).toBeAllclose(numbers(x), 1e-5);
        },
        step,
      );
  });
});

describe('FGSM-RS', () => {
  it('takes one step of 1.25 ε from a random start', () => {
    prepared(objectiveOf('fgsm-rs', { epsilon: 0.1 }), ({ images, inputs, moved, gradientAt }) => {
      const start = images.add<tf.Tensor4D>(inputs.start.mul(0.1));
      const x = start.add(gradientAt(start).sign().mul(0.125));
      const expected = x.minimum(images.add(0.1)).maximum(images.sub(0.1)).clipByValue(0, 1);
      expect(numbers(moved)).toBeAllclose(numbers(expected), 1e-5);
    });
  });
});

describe('TRADES', () => {
  it('measures the divergence of the answers, and seeks images where it is larger', () => {
    tf.tidy(() => {
      const [a, b] = [tf.tensor2d([[1, 2, 0.5]]), tf.tensor2d([[0, 1, 3]])];
      const softmax = (z: number[]) => z.map((v) => Math.exp(v) / z.reduce((s, w) => s + Math.exp(w), 0));
      const [p, q] = [softmax([1, 2, 0.5]), softmax([0, 1, 3])];
      const expected = p.reduce((sum, value, i) => sum + value * Math.log(value / q[i]), 0);
      expect(divergence(a, b).dataSync()[0]).toBeCloseTo(expected, 5);
    });
    const objective = objectiveOf('trades', { epsilon: 0.1, steps: 4, relativeStep: 0.5 });
    prepared(objective, ({ net, images, inputs, moved }) => {
      const from = (x: tf.Tensor4D) =>
        divergence(net.frozen.logits(images), net.frozen.logits(x)).dataSync()[0];
      const random = images.add<tf.Tensor4D>(inputs.start.sign().mul(0.1)).clipByValue(0, 1) as tf.Tensor4D;
      expect(from(moved)).toBeGreaterThan(2 * from(random));
      expect(Math.max(...numbers(moved.sub(images).abs()))).toBeLessThan(0.1 + 1e-6);
    });
  });
});

describe('training on noise', () => {
  it('adds normal noise of its size', () => {
    prepared(objectiveOf('noisy-training', { sigma: 0.5 }), ({ images, inputs, moved }) => {
      expect(numbers(moved)).toBeAllclose(numbers(images.add(inputs.noise.mul(0.5))), 1e-6);
    });
  });

  it('adds noise of a level of its own to each image, up to the largest', () => {
    prepared(objectiveOf('multi-condition', { beta: 2 }), ({ images, inputs, moved }) => {
      const [x, u, b] = [images, inputs.noise, inputs.level].map(numbers);
      expect(new Set(b).size).toBe(4);
      const expected = x.map((v, i) => (v + 2 * b[i >> 6] * u[i]) / (1 + 2 * b[i >> 6]));
      expect(numbers(moved)).toBeAllclose(expected, 1e-6);
    });
  });
});

describe('ensemble adversarial training', () => {
  it('makes images for the network itself and for each of the others, in turn by chance', () => {
    const teachers = [tinyModel(11), tinyModel(12)];
    const classifiers = teachers.map((teacher) => asClassifier(teacher));
    const objective = objectiveOf('ensemble-training', { epsilon: 0.1, networks: 2 }, classifiers);
    const counts = [0, 0, 0];
    tf.tidy(() => {
      const random = randomStream(1, 'source');
      for (let i = 0; i < 300; i++)
        counts[(objective.draws!.source(STEP, random) as tf.Tensor).size - 1] += 1;
    });
    for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(40); // 4.9 standard deviations
    prepared(objective, ({ net, images, labels }) => {
      [net.frozen, ...classifiers].forEach((made, k) => {
        const { moved } = objective.prepare!(net, { images, labels }, { source: tf.ones([k + 1]) });
        const g = tf.grad((x) => crossEntropy(made.logits(x as tf.Tensor4D), labels))(images);
        expect(numbers(moved)).toBeAllclose(unit(numbers(images.add(g.sign().mul(0.1)))), 1e-5);
      });
    });
    teachers.forEach((teacher) => teacher.dispose());
  });

  it('steps at random first, where R+FGSM is asked for', () => {
    const objective = objectiveOf('ensemble-training', { epsilon: 0.3, networks: 0, randomStep: 0.05 });
    prepared(objective, ({ images, inputs, moved, gradientAt }) => {
      const start = images.add(inputs.signs.mul(0.05)).clipByValue(0, 1) as tf.Tensor4D;
      const expected = unit(numbers(start.add(gradientAt(start).sign().mul(0.25))));
      expect(numbers(moved)).toBeAllclose(expected, 1e-5);
    });
  });

  it('needs its networks', () => {
    expect(() => objectiveOf('ensemble-training', { networks: 2 })).toThrow(/has 0 networks/);
    expect(() => objectiveOf('defensive-distillation')).toThrow(/no teacher/);
    expect(() => createDefense('ensemble-training', { epsilon: 0.1, randomStep: 0.2 })).toThrow(/not valid/);
  });
});

describe('defensive distillation', () => {
  it("fits the teacher's probabilities at its temperature, with its own logits at the same", () => {
    const teacher = tinyModel(13);
    const objective = objectiveOf('defensive-distillation', { temperature: 5 }, [asClassifier(teacher)]);
    prepared({ ...objective, prepare: () => ({}) }, ({ net, images, labels }) => {
      const made = objective.prepare!(net, { images, labels }, {});
      const trainedNet = { ...net, logits: (x: tf.Tensor4D) => net.frozen.logits(x) };
      const loss = objective.loss(trainedNet, { images, labels }, made).dataSync()[0];
      const [own, taught] = [net.frozen, asClassifier(teacher)].map((classifier) =>
        classifier.logits(images).arraySync(),
      );
      const softmax = (z: number[]) => {
        const e = z.map((v) => Math.exp(v / 5));
        return e.map((v) => v / e.reduce((s, w) => s + w, 0));
      };
      const each = own.map((z, i) => {
        const [p, q] = [softmax(taught[i]), softmax(z)];
        return -p.reduce((sum, value, c) => sum + value * Math.log(q[c]), 0);
      });
      expect(loss).toBeCloseTo(each.reduce((a, b) => a + b) / each.length, 5);
    });
    teacher.dispose();
  });
});
