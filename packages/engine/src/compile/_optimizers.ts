import * as tf from '@tensorflow/tfjs';
import { createScalar, idOf, type NativeBackend } from '../tensorflow/backend.js';
import * as graph from '../tensorflow/graph.js';
import type { Recorder } from './_tracer.js';

type Gradients = Parameters<tf.AdamOptimizer['applyGradients']>[0];
interface Slot {
  variable: tf.Variable;
}

/** The private fields of tfjs's optimizers that a recording needs. */
interface OptimizerFields {
  iterations_: number;
  learningRate: number;
  incrementIterations(): void;
}
interface AdamFields extends OptimizerFields {
  beta1: number;
  beta2: number;
  epsilon: number;
  accBeta1: tf.Variable;
  accBeta2: tf.Variable;
  accumulatedFirstMoment: (Slot | undefined)[];
  accumulatedSecondMoment: (Slot | undefined)[];
}
interface SgdFields extends OptimizerFields {
  /** −learning rate */
  c: tf.Scalar;
  /** Of `tf.train.momentum`. */
  m?: tf.Scalar;
}

/**
 * Runs `body` while tfjs's optimizers know of the recording.
 *
 * - Adam's update becomes TensorFlow's own operation on the session's variables, its learning rate a feed.
 * - SGD's and momentum's factors, which are tensors made outside of the step, are fed.
 * - With another optimizer, a recording is good for as long as its learning rate stays.
 * - Every optimizer counts its steps in JavaScript: the recording repeats that at every run.
 */
export function withOptimizers<T>(recorder: Recorder, backend: NativeBackend, body: () => T): T {
  const counted = new Map<OptimizerFields, number>();
  const adam = tf.AdamOptimizer.prototype;
  const sgd = tf.SGDOptimizer.prototype; // momentum's, too. Not instanceof: to tfjs all optimizers are instances of each other.
  const base = tf.Optimizer.prototype as unknown as OptimizerFields;
  // Methods that are put back as they were; their `this` is the optimizer's.
  /* eslint-disable @typescript-eslint/unbound-method */
  const { applyGradients } = adam;
  const { incrementIterations } = base;
  /* eslint-enable @typescript-eslint/unbound-method */
  adam.applyGradients = function (this: tf.AdamOptimizer, gradients: Gradients) {
    recordAdam(recorder, backend, this as unknown as AdamFields, gradients, () =>
      applyGradients.call(this, gradients),
    );
  };
  const undoSgd = nameFactors(recorder, backend);
  base.incrementIterations = function (this: OptimizerFields) {
    if (!counted.has(this)) counted.set(this, (this as unknown as tf.Optimizer).iterations);
    incrementIterations.call(this);
    recorder.afterRun.push(() => incrementIterations.call(this));
    const isFed = [adam, sgd].some((prototype) => Object.prototype.isPrototypeOf.call(prototype, this));
    const { learningRate } = this;
    if (!isFed) recorder.stillTrue.push(() => this.learningRate === learningRate);
  };
  try {
    return body();
  } finally {
    adam.applyGradients = applyGradients;
    base.incrementIterations = incrementIterations;
    undoSgd();
    // The step is yet to be done for real.
    for (const [optimizer, iterations] of counted) optimizer.iterations_ = iterations;
  }
}

function nameFactors(recorder: Recorder, backend: NativeBackend): () => void {
  const prototypes = [tf.SGDOptimizer.prototype, tf.MomentumOptimizer.prototype];
  const undo = prototypes.map((prototype) => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { applyGradients } = prototype;
    prototype.applyGradients = function (this: tf.SGDOptimizer, gradients: Gradients) {
      const fields = this as unknown as SgdFields;
      const feed = (name: 'c' | 'm') =>
        recorder.feed(name, () => ({ id: idOf(backend, fields[name]!), temporary: false }));
      recorder.name(fields.c, feed('c'));
      if (fields.m) recorder.name(fields.m, feed('m'));
      applyGradients.call(this, gradients);
    };
    return () => {
      prototype.applyGradients = applyGradients;
    };
  });
  return () => undo.forEach((restore) => restore());
}

/**
 * tfjs's Adam as TensorFlow's ResourceApplyAdam:
 * θ ← θ − η·m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
 *
 * TensorFlow writes it as θ − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m / (√v + ε'), which is the same for ε' = ε·√(1 − β₂ᵗ).
 */
function recordAdam(
  recorder: Recorder,
  backend: NativeBackend,
  adam: AdamFields,
  gradients: Gradients,
  apply: () => void,
): void {
  const pairs = gradientsOf(gradients);
  const slots = pairs.map((_, i) =>
    [adam.accumulatedFirstMoment[i], adam.accumulatedSecondMoment[i]].map((slot) => slot?.variable),
  );
  const { accBeta1, accBeta2, beta1, beta2, epsilon } = adam;
  const all = [accBeta1, accBeta2, ...pairs.map(({ variable }) => variable), ...slots.flat()];
  // The very first step makes the moments; the recording of it is thrown away.
  const known = all.every((variable) => variable && recorder.knows(variable));
  if (!known) {
    recorder.giveUp();
    recorder.unrecorded(apply);
    return;
  }
  for (const variable of all) recorder.upToDate(variable!);
  const [power1, power2] = [accBeta1, accBeta2].map((power) => recorder.read(power));
  recorder.unrecorded(apply);

  const T = graph.typeAttribute(graph.DataType.float32);
  const [scale1, scale2] = [roundedShare(beta1), Math.sqrt(roundedShare(beta2))];
  const learningRate = recorder.feed('learningRate', () => ({
    id: createScalar(backend.binding, (adam.learningRate * scale1) / scale2),
    temporary: true,
  }));
  const [b1, b2, eps, one] = [beta1, beta2, epsilon / scale2, 1].map((value) => recorder.scalar(value));
  const root = recorder.add('Sqrt', [recorder.add('Sub', [one, power2], { T })], { T });
  const epsilonOfOp = recorder.add('Mul', [eps, root], { T });
  pairs.forEach(({ variable, gradient }, i) => {
    if (!gradient) return;
    const inputs = [power1, power2, learningRate, b1, b2, epsilonOfOp];
    recorder.write(
      'ResourceApplyAdam',
      [variable, ...(slots[i] as tf.Variable[])],
      [...inputs, recorder.outputOf(gradient, 'ResourceApplyAdam')],
      { T, use_locking: graph.boolAttribute(false), use_nesterov: graph.boolAttribute(false) },
    );
  });
  for (const [power, value, beta] of [
    [accBeta1, power1, b1],
    [accBeta2, power2, b2],
  ] as const)
    recorder.write('AssignVariableOp', [power], [recorder.add('Mul', [value, beta], { T })], { dtype: T });
}

/**
 * The weight of a new gradient, 1 − β, as tfjs rounds it, over TensorFlow's, which subtracts the rounded β.
 *
 * For β₂ they differ by 1e-5. The moments are proportional to them, so that step and ε can make up for it.
 */
const roundedShare = (beta: number) => Math.fround(1 - beta) / Math.fround(1 - Math.fround(beta));

function gradientsOf(gradients: Gradients): { variable: tf.Variable; gradient: tf.Tensor | null }[] {
  const variables = tf.engine().registeredVariables;
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  return named.map(([name, gradient]) => ({
    variable: variables[name],
    gradient: (gradient as tf.Tensor | undefined) ?? null,
  }));
}
