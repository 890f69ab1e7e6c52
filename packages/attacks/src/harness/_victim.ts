import * as tf from '@tensorflow/tfjs';
import {
  compiledSteps,
  localParts,
  WeightmapError,
  type AttackBatch,
  type AttackCost,
  type Classifier,
  type GradientRequest,
  type LossGradient,
  type LossName,
  type Victim,
  type VictimModel,
  type VictimStep,
} from '@weightmap/core';
import { checkLoss, losses } from './losses.js';

type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** A victim, with the functions of the harness that runs the attack. */
export interface Watched {
  readonly victim: Victim;
  /** Images passed through the classifier so far. */
  readonly cost: () => AttackCost;
  /** @throws WeightmapError if a step gave logits or gradients that are not finite. */
  readonly check: () => void;
  /** Frees the tensors that `check` would read. */
  readonly dispose: () => void;
}

/**
 * Makes a victim of a classifier, for one run of an attack. This is cheap: compiled steps are kept for each classifier and
 * reused.
 */
export function watch(classifier: Classifier): Watched {
  const cost = { forwards: 0, backwards: 0 };
  let pending: tf.Tensor1D[] = [];
  const dispose = () => {
    tf.dispose(pending);
    pending = [];
  };
  const check = () => {
    const flags = pending.map((flag) => flag.dataSync());
    dispose();
    flags.forEach(checkFinite);
  };
  const compute: Victim['compute'] = (step, inputs) => {
    const { results, finite, passed } = compiled(step)(classifier, inputs);
    cost.forwards += passed.forwards;
    cost.backwards += passed.backwards;
    pending.push(tf.keep(finite));
    return results;
  };
  const checked: Victim['compute'] = (step, inputs) => {
    const results = compute(step, inputs);
    try {
      check();
    } catch (error) {
      tf.dispose(results);
      throw error;
    }
    return results;
  };
  const { classes, answers, inputShape, bounds } = classifier;
  const local = localParts(classifier);
  const victim: Victim = {
    classes,
    answers,
    inputShape,
    bounds,
    local: local && { ...local, head: (maps) => checked(headStep, { maps }).logits },
    compute,
    logits: (images) => checked(logitsStep, { images }).logits,
    gradient({ images, labels, targets, loss }) {
      checkRequest(classes, loss, targets);
      return checked(gradientSteps[loss], targets ? { images, labels, targets } : { images, labels });
    },
  };
  return { victim, cost: () => ({ ...cost }), check, dispose };
}

function checkRequest(classes: number, loss: LossName, targets: tf.Tensor1D | undefined): void {
  checkLoss(loss, classes);
  if (losses[loss].targeted && !targets)
    throw new WeightmapError(`The loss ${loss} needs targets.`, {
      expected: '[batch] of int32, the class that each image should be classified as',
    });
}

function checkFinite({ 0: logits, 1: gradients }: ArrayLike<number>): void {
  if (!logits)
    throw new WeightmapError('The classifier gives a logit that is NaN or infinite.', {
      where: 'during an attack',
      fix: 'the weights are probably not finite: check how the training ended',
    });
  if (!gradients)
    throw new WeightmapError('The gradient of the loss is not finite.', {
      where: 'the gradient with respect to the images',
      fix: 'check the layers of the model for overflow or a division by zero',
    });
}

const logitsStep: VictimStep<Pick<AttackBatch, 'images'>, { logits: tf.Tensor2D }> =
  (model) =>
  ({ images }) => ({
    logits: model.logits(images),
  });

const headStep: VictimStep<{ maps: tf.Tensor4D }, { logits: tf.Tensor2D }> =
  (model) =>
  ({ maps }) => ({ logits: model.local!.head(maps) });

const gradientStep =
  (loss: LossName): VictimStep<AttackBatch, LossGradient> =>
  (model) =>
  (batch) =>
    model.gradient({ ...batch, loss });

const gradientSteps: Readonly<Record<LossName, ReturnType<typeof gradientStep>>> = {
  ce: gradientStep('ce'),
  margin: gradientStep('margin'),
  dlr: gradientStep('dlr'),
  'target-ce': gradientStep('target-ce'),
  'target-margin': gradientStep('target-margin'),
  'target-lead': gradientStep('target-lead'),
  'dlr-targeted': gradientStep('dlr-targeted'),
  'answer-margin': gradientStep('answer-margin'),
  suspicion: gradientStep('suspicion'),
};

type Compiled<In, Out> = (
  classifier: Classifier,
  inputs: In,
) => { results: Out; finite: tf.Tensor1D; passed: AttackCost };

const known = new WeakMap<VictimStep<never, NamedTensors>, Compiled<never, NamedTensors>>();

/** The step with its checks and its cost, compiled once for each classifier. */
function compiled<In extends NamedTensors, Out extends NamedTensors>(
  step: VictimStep<In, Out>,
): Compiled<In, Out> {
  const found = known.get(step) as Compiled<In, Out> | undefined;
  if (found) return found;
  // The JavaScript of a compiled step runs only at the first call with inputs of given shapes, so count the images there.
  const costs = new WeakMap<Classifier, Map<string, AttackCost>>();
  const steps = compiledSteps<In, Out & { finite: tf.Tensor1D }>();
  const make = (classifier: Classifier) => {
    const byShape = new Map<string, AttackCost>();
    costs.set(classifier, byShape);
    return (inputs: In) =>
      tf.tidy(() => {
        const { model, finite, passed } = counting(classifier);
        const results = step(model)(inputs);
        byShape.set(shapesOf(inputs), passed());
        return { ...results, finite: finite() };
      });
  };
  const made: Compiled<In, Out> = (classifier, inputs) => {
    const { finite, ...results } = steps(classifier, () => make(classifier))(inputs);
    const passed = costs.get(classifier)!.get(shapesOf(inputs))!;
    return { results: results as unknown as Out, finite, passed };
  };
  known.set(step, made);
  return made;
}

/** Whether no value is NaN or infinite, as a scalar: compiled steps must not read values. */
export const allFinite = (x: tf.Tensor): tf.Scalar => tf.tidy(() => tf.isFinite(x).all() as tf.Scalar);

const shapesOf = (inputs: NamedTensors): string =>
  Object.entries(inputs)
    .map(([name, tensor]) => `${name}[${tensor.shape.join()}]`)
    .join(' ');

/** The classifier as one call of a step sees it. It counts the images that pass, and checks that values are finite. */
function counting(classifier: Classifier) {
  const cost = { forwards: 0, backwards: 0 };
  const flags: { logits: tf.Scalar[]; gradients: tf.Scalar[] } = { logits: [], gradients: [] };
  const { classes, answers, inputShape, bounds } = classifier;
  const passed = (logits: tf.Tensor2D): tf.Tensor2D => {
    cost.forwards += logits.shape[0];
    flags.logits.push(allFinite(logits));
    return logits;
  };
  const local = localParts(classifier);
  const model: VictimModel = {
    classes,
    answers,
    inputShape,
    bounds,
    local: local && { ...local, head: (maps) => passed(local.head(maps)) },
    logits: (images) => passed(classifier.logits(images)),
    gradient(request) {
      checkRequest(classes, request.loss, request.targets);
      const passes = request.images.shape[0] * (classifier.draws?.length ?? 1);
      cost.forwards += passes;
      cost.backwards += passes;
      const result = differentiate(classifier, request);
      flags.logits.push(allFinite(result.logits));
      flags.gradients.push(allFinite(result.gradient));
      return result;
    },
  };
  const all = (some: tf.Scalar[]) =>
    some.map((flag) => flag.cast('float32')).reduce((a, b) => a.mul(b), tf.scalar(1));
  return {
    model,
    passed: () => cost,
    finite: () => tf.stack([all(flags.logits), all(flags.gradients)]) as tf.Tensor1D,
  };
}

/** The gradient of the summed loss, with the loss and the logits of the same pass; means over the draws where there are some. */
function differentiate(
  classifier: Classifier,
  { images, labels, targets, loss }: GradientRequest,
): LossGradient {
  const kept: tf.Tensor[] = [];
  const total = (x: tf.Tensor) => {
    const draws = (classifier.draws ?? [classifier]).map((draw) => draw.logits(x as tf.Tensor4D));
    const each = meanOf(
      draws.map((logits) => losses[loss].of(logits, labels, targets ?? labels, classifier.answers)),
    );
    const logits = meanOf(draws);
    // tf.grad would free these when it ends.
    kept.push(tf.keep(each.clone()), tf.keep(logits.clone()));
    return each.sum();
  };
  try {
    return tf.tidy(() => {
      const gradient = tf.grad(total)(images) as tf.Tensor4D;
      const [each, logits] = kept.map((tensor) => tensor.clone());
      return { gradient, loss: each as tf.Tensor1D, logits: logits as tf.Tensor2D };
    });
  } finally {
    tf.dispose(kept);
  }
}

/** The mean of tensors of one shape; a single one itself. */
const meanOf = <T extends tf.Tensor>(tensors: readonly T[]): T =>
  tensors.length === 1 ? tensors[0] : tf.stack([...tensors]).mean(0);
