import * as tf from '@tensorflow/tfjs';
import type { AttackBatch, MinimalAttack, VictimStep } from '@weightmap/core';
import { repeat } from '../harness/_repeat.js';
import { classMask, rivals, topClasses } from '../harness/_top-logits.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

/** The change of a component, and the number of components that may change. */
export interface JsmaOptions {
  /** θ: by how much a component changes, as a share of the bounds' width; negative to decrease it. */
  theta?: number;
  /** γ: the share of the components that may change. */
  gamma?: number;
}

/** The score of components that cannot change any more. */
const OUT = -1e30;

/** Steps between two checks which images are fooled. */
const LOOK_EVERY = 4;

type State = Omit<AttackBatch, 'images'> & {
  /** The classes to draw towards. */
  readonly aims: tf.Tensor1D;
  readonly at: tf.Tensor4D;
  /** [batch], 1 if the image was adversarial before its last step, or no pair helps. */
  readonly done: tf.Tensor1D;
};

/**
 * Jacobian-based saliency map attack, for changes in few pixels: of all pairs of components (p, q), with pixels and channels
 * separate, the pair of largest saliency −α β changes by θ in each step, with
 *
 *     α = Σ_{i∈{p,q}} ∂F_t/∂x_i > 0,   β = Σ_{i∈{p,q}} Σ_{j≠t} ∂F_j/∂x_i < 0
 *
 * until the image is classified as the target t. F is the softmax, whose components sum to 1, so β = −α, and the pair is that
 * of the two steepest slopes of log F_t. Components at their bound are left out. θ = 1, γ = 1: any component may change.
 * Without targets, t is the class with the largest logit other than the label's, and any class but the label ends the
 * search.
 *
 * Note: it counts pixels, so its ε is a number of pixels. It is slow on large images: one pair of components a step.
 *
 * Source: Papernot et al., “The limitations of deep learning in adversarial settings”, arXiv:1511.07528, algorithm 2; its
 * experiments use the logits as F.
 *
 * Tested: against all pairs in plain loops, with and without a target.
 */
export function jsma({ theta: θ = 1, gamma: γ = 1 }: JsmaOptions = {}): MinimalAttack {
  const move: VictimStep<Omit<State, 'done'>, Pick<State, 'at' | 'done'>> =
    (model) =>
    ({ labels, targets, aims, at }) => {
      const [low, high] = model.bounds;
      const [rows, ...image] = at.shape;
      const size = image.reduce((a, b) => a * b, 1);
      const { gradient, logits } = model.gradient({ images: at, labels, targets: aims, loss: 'target-ce' });
      const gain = gradient.mul(Math.sign(θ));
      const free = θ > 0 ? at.less(high) : at.greater(low);
      const scores = tf.where(free, gain, tf.fill(at.shape, OUT)).reshape<tf.Tensor2D>([rows, size]);
      const [first, second] = topClasses(scores, 2).map((top) => classMask(top, size));
      const pair = first.add<tf.Tensor2D>(second);
      const helps = scores.mul(pair).sum(1).greater(0).cast('float32');
      const hit = fools(logits, labels, targets, model.answers);
      const open = helps.mul<tf.Tensor1D>(tf.sub(1, hit));
      const step = pair
        .reshape<tf.Tensor4D>(at.shape)
        .mul(perImage(open))
        .mul(θ * (high - low));
      return { at: at.add(step).clipByValue(low, high) as tf.Tensor4D, done: tf.sub(1, open) };
    };

  return judgedMinimal({
    id: 'jsma',
    label: 'JSMA',
    kind: 'minimal',
    strengthUnit: 'epsilon',
    norm: 'l0',
    targeted: true,
    usesGradient: true,
    source: 'Papernot et al., arXiv:1511.07528',
    nearest(victim, { images, ...truth }) {
      const batch = images.shape[0];
      const [aims] = truth.targets ? [truth.targets] : rivals(victim, images, truth.labels, 1);
      const start: State = { ...truth, aims, at: images, done: tf.zeros<tf.Rank.R1>([batch]) };
      const pairs = Math.floor((γ * images.size) / batch / 2);
      // With |θ| < 1 a component changes several times.
      const turns = pairs * Math.ceil(1 / Math.abs(θ));
      const end = repeat(
        start,
        turns,
        ({ done: _, ...state }) => victim.compute(move, state),
        ({ done }, index) => index % LOOK_EVERY === 1 && done.min().dataSync()[0] === 1,
      );
      return end.at;
    },
  });
}
