import * as tf from '@tensorflow/tfjs';
import type { AdamFields } from '../adam-fields.js';
import { createScalar, idOf, type NativeBackend } from '../tensorflow/backend.js';
import * as graph from '../tensorflow/graph.js';
import type { Tracer } from './_tracer.js';

type Gradients = Parameters<tf.AdamOptimizer['applyGradients']>[0];

/** The private fields that all of tfjs's optimizers have. */
interface OptimizerFields {
  iterations_: number;
  learningRate: number;
  incrementIterations(): void;
}
interface SgdFields extends OptimizerFields {
  /** −learning rate. */
  c: tf.Scalar;
  /** The momentum, of `tf.train.momentum` alone. */
  m?: tf.Scalar;
}

/**
 * Runs `body` with tfjs's optimizers patched so that the tracer captures their updates:
 *
 * - Adam's update becomes TensorFlow's own operation on the session's variables; its learning rate is fed.
 * - SGD's and momentum's factors, tensors made outside of the step, are fed.
 * - With any other optimizer, the graph is valid only while the learning rate stays the same.
 * - Every optimizer counts its steps in JavaScript; each run of the graph repeats that.
 */
export function withOptimizers<T>(tracer: Tracer, backend: NativeBackend, body: () => T): T {
  const counted = new Map<OptimizerFields, number>();
  const adam = tf.AdamOptimizer.prototype;
  const sgd = tf.SGDOptimizer.prototype; // momentum's, too. Not instanceof: tfjs makes all optimizers instances of each other.
  const base = tf.Optimizer.prototype as unknown as OptimizerFields;
  // These methods are restored unchanged; their `this` is the optimizer.
  /* eslint-disable @typescript-eslint/unbound-method */
  const { applyGradients } = adam;
  const { incrementIterations } = base;
  /* eslint-enable @typescript-eslint/unbound-method */
  adam.applyGradients = function (this: tf.AdamOptimizer, gradients: Gradients) {
    traceAdam(tracer, backend, this as unknown as AdamFields, gradients, () =>
      applyGradients.call(this, gradients),
    );
  };
  const undoSgd = nameFactors(tracer, backend);
  base.incrementIterations = function (this: OptimizerFields) {
    if (!counted.has(this)) counted.set(this, (this as unknown as tf.Optimizer).iterations);
    incrementIterations.call(this);
    tracer.afterRun.push(() => incrementIterations.call(this));
    const isFed = [adam, sgd].some((prototype) => Object.prototype.isPrototypeOf.call(prototype, this));
    const { learningRate } = this;
    if (!isFed) tracer.stillTrue.push(() => this.learningRate === learningRate);
  };
  try {
    return body();
  } finally {
    adam.applyGradients = applyGradients;
    base.incrementIterations = incrementIterations;
    undoSgd();
    // Capturing must not count as a step.
    for (const [optimizer, iterations] of counted) optimizer.iterations_ = iterations;
  }
}

function nameFactors(tracer: Tracer, backend: NativeBackend): () => void {
  const prototypes = [tf.SGDOptimizer.prototype, tf.MomentumOptimizer.prototype];
  const undo = prototypes.map((prototype) => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { applyGradients } = prototype;
    prototype.applyGradients = function (this: tf.SGDOptimizer, gradients: Gradients) {
      const fields = this as unknown as SgdFields;
      const feed = (name: 'c' | 'm') =>
        tracer.feed(name, () => ({ id: idOf(backend, fields[name]!), temporary: false }));
      tracer.name(fields.c, feed('c'));
      if (fields.m) tracer.name(fields.m, feed('m'));
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
function traceAdam(
  tracer: Tracer,
  backend: NativeBackend,
  adam: AdamFields,
  gradients: Gradients,
  apply: () => void,
): void {
  const pairs = gradientsOf(gradients);
  const slots = pairs.map((_, i) =>
    [adam.accumulatedFirstMoment.at(i), adam.accumulatedSecondMoment.at(i)].map((slot) => slot?.variable),
  );
  const { accBeta1, accBeta2, beta1, beta2, epsilon } = adam;
  const all = [accBeta1, accBeta2, ...pairs.map(({ variable }) => variable), ...slots.flat()];
  // The very first step makes the moments; its capture is thrown away.
  const known = all.every((variable) => variable && tracer.knows(variable));
  if (!known) {
    tracer.giveUp();
    tracer.untraced(apply);
    return;
  }
  for (const variable of all) tracer.upToDate(variable!);
  const [power1, power2] = [accBeta1, accBeta2].map((power) => tracer.read(power));
  tracer.untraced(apply);

  const T = graph.typeAttribute(graph.DataType.float32);
  const [scale1, scale2] = [roundedShare(beta1), Math.sqrt(roundedShare(beta2))];
  const learningRate = tracer.feed('learningRate', () => ({
    id: createScalar(backend.binding, (adam.learningRate * scale1) / scale2),
    temporary: true,
  }));
  const [b1, b2, eps, one] = [beta1, beta2, epsilon / scale2, 1].map((value) => tracer.scalar(value));
  const root = tracer.add('Sqrt', [tracer.add('Sub', [one, power2], { T })], { T });
  const epsilonOfOp = tracer.add('Mul', [eps, root], { T });
  pairs.forEach(({ variable, gradient }, i) => {
    if (!gradient) return;
    const inputs = [power1, power2, learningRate, b1, b2, epsilonOfOp];
    tracer.write(
      'ResourceApplyAdam',
      [variable, ...(slots[i] as tf.Variable[])],
      [...inputs, tracer.outputOf(gradient, 'ResourceApplyAdam')],
      { T, use_locking: graph.boolAttribute(false), use_nesterov: graph.boolAttribute(false) },
    );
  });
  for (const [power, value, beta] of [
    [accBeta1, power1, b1],
    [accBeta2, power2, b2],
  ] as const)
    tracer.write('AssignVariableOp', [power], [tracer.add('Mul', [value, beta], { T })], { dtype: T });
}

/**
 * The weight 1 − β of a new gradient as tfjs rounds it, divided by TensorFlow's, which subtracts the rounded β.
 *
 * For β₂ the two differ by 1e-5. The moments are proportional to the weight, so the step size and ε can correct for it.
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
