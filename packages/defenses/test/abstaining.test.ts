import * as tf from '@tensorflow/tfjs';
import { asClassifier, tensorsOf } from '@weightmap/core';
import { useEngine } from '@weightmap/test-utils';
import { crossEntropy } from '@weightmap/training';
import { describe, expect, it } from 'vitest';
import { createDefense, extendedDistillation, nullLabelling } from '../src/index.js';
import { builtFor, tinyData, tinyImages, tinyModel, tinySpec } from './_tiny.js';

useEngine('cpu');

const softmax = (z: number[]) => {
  const e = z.map(Math.exp);
  return e.map((v) => v / e.reduce((a, b) => a + b));
};

describe('NULL labelling', () => {
  it('has a class more, which is no answer', async () => {
    const chosen = createDefense('null-labelling');
    const { model } = builtFor(chosen, tinyModel);
    expect(model.outputs[0].shape).toEqual([null, 4]);
    const request = { data: tinyData, options: nullLabelling.defaults, model };
    const { classifier } = await nullLabelling.wrap!(asClassifier(model), request);
    expect([classifier.classes, classifier.answers]).toEqual([4, 3]);
    model.dispose();
    const { model: plain } = builtFor(createDefense('null-labelling', { weight: 0 }), tinyModel);
    expect(plain.outputs[0].shape).toEqual([null, 3]);
    plain.dispose();
  });

  it('gives NULL the probability that an undefended network errs at the same size', () => {
    const [undefended, model] = [tinyModel(2), tinyModel(5, 4)];
    const teacher = asClassifier(undefended);
    const options = nullLabelling.parse({ weight: 2, smoothing: 0.3 });
    const objective = nullLabelling.objective!({
      ...{ options, spec: tinySpec, seed: 1, teachers: [teacher], model },
    })!;
    tf.tidy(() => {
      const { images, labels } = tensorsOf(tinyImages(6, 9));
      const truth = [...labels.dataSync()];
      const net = { frozen: asClassifier(model), crossEntropy };
      const movedFor = (network: typeof teacher) => {
        const g = tf.grad((x) => crossEntropy(network.logits(x as tf.Tensor4D), labels))(images);
        return images.add(g.sign().mul(0.25)).clipByValue(0, 1) as tf.Tensor4D;
      };
      const guesses = [...teacher.logits(movedFor(teacher)).argMax(1).dataSync()];
      const p = guesses.filter((guess, i) => guess !== truth[i]).length / 6;
      expect(p).toBeGreaterThan(0);
      const inputs = objective.prepare!(net, { images, labels }, { size: tf.scalar(0.25) });
      const q = truth.map((label) => [...[0, 1, 2].map((c) => (1 - p) * (0.1 + (c === label ? 0.7 : 0))), p]);
      expect([...inputs.soft.dataSync()]).toBeAllclose(q.flat(), 1e-6);
      const trained = { ...net, logits: (x: tf.Tensor4D) => net.frozen.logits(x) };
      const rows = (x: tf.Tensor4D) => net.frozen.logits(x).arraySync().map(softmax);
      const clean = rows(images).map((row, i) => -Math.log(row[truth[i]]));
      const moved = rows(movedFor(net.frozen)).map(
        (row, i) => -row.reduce((sum, value, c) => sum + q[i][c] * Math.log(value), 0),
      );
      const expected = clean.map((value, i) => (value + 2 * moved[i]) / 3).reduce((a, b) => a + b) / 6;
      expect(objective.loss(trained, { images, labels }, inputs).dataSync()[0]).toBeCloseTo(expected, 5);
    });
    undefended.dispose();
    model.dispose();
  });

  it('needs the undefended network', () => {
    const model = tinyModel();
    const request = { options: nullLabelling.defaults, spec: tinySpec, seed: 1, teachers: [], model };
    expect(() => nullLabelling.objective!(request)).toThrow(/no undefended network/);
    model.dispose();
  });
});

describe('extended distillation', () => {
  it('moves probability from the true label to the class that abstains as networks disagree', () => {
    const models = [tinyModel(2), tinyModel(3), tinyModel(4)];
    const teachers = models.map((model) => asClassifier(model));
    const options = extendedDistillation.parse({ alpha: 0.6 });
    const [model] = models;
    const objective = extendedDistillation.objective!({ options, spec: tinySpec, seed: 1, teachers, model })!;
    tf.tidy(() => {
      const { images, labels } = tensorsOf(tinyImages(5, 9));
      const net = { frozen: teachers[0], crossEntropy };
      const soft = objective.prepare!(net, { images, labels }, {}).soft.arraySync() as number[][];
      const p = teachers.map((teacher) => teacher.logits(images).arraySync().map(softmax));
      [...labels.dataSync()].forEach((label, i) => {
        const mean = [0, 1, 2].map((c) => p.reduce((sum, rows) => sum + rows[i][c] / 3, 0));
        const spread = p.reduce(
          (sum, rows) => sum + Math.hypot(...rows[i].map((v, c) => v - mean[c])) ** 2 / 3,
          0,
        );
        const abstained = (0.6 * spread) / (2 / 3);
        expect(abstained).toBeGreaterThan(0.001);
        const expected = [0, 1, 2].map((c) => (c === label ? 1 - abstained : 0));
        expect(soft[i]).toBeAllclose([...expected, abstained], 1e-6);
      });
      // Three networks that are sure of three classes: the largest disagreement.
      const sure = [0, 1, 2].map((c) => ({
        ...teachers[0],
        logits: (x: tf.Tensor4D) => tf.oneHot(tf.fill([x.shape[0]], c, 'int32'), 3).mul<tf.Tensor2D>(100),
      }));
      const torn = extendedDistillation.objective!({
        ...{ options, spec: tinySpec, seed: 1, teachers: sure, model },
      })!;
      const most = torn.prepare!(net, { images, labels }, {}).soft.arraySync() as number[][];
      for (const row of most) expect(row[3]).toBeCloseTo(0.6, 5);
    });
    models.forEach((model) => model.dispose());
  });

  it('needs its networks', () => {
    const model = tinyModel();
    const request = { options: extendedDistillation.defaults, spec: tinySpec, seed: 1, teachers: [], model };
    expect(() => extendedDistillation.objective!(request)).toThrow(/0 networks before it/);
    model.dispose();
  });
});
