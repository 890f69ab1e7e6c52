import * as tf from '@tensorflow/tfjs';
import type { MinimalAttack, VictimStep } from '@weightmap/core';
import { rivals } from './_planes.js';
import { repeat } from '../harness/_repeat.js';
import { classMask, topClasses } from '../harness/_top-logits.js';
import { fools, perImage } from '../harness/_worst.js';
import { judgedMinimal } from '../harness/evaluate-minimal.js';

/** How much a component changes, and how many may. */
export interface JsmaOptions {
  /** θ: by how much a component changes, as a share of the bounds' width; negative to make it smaller. */
  theta?: number;
  /** γ: the share of the components that may change. */
  gamma?: number;
}

/** Of components that can't change any more. */
const OUT = -1e30;

/** Turns between two looks at who is fooled. */
const LOOK_EVERY = 4;

/**
 * Jacobian-based saliency map attack, for a change in few pixels: of all pairs of components (p, q), pixels and channels
 * apart, the one of largest saliency −α β changes by θ in each step, with
 *
 *     α = Σ_{i∈{p,q}} ∂F_t/∂x_i > 0,   β = Σ_{i∈{p,q}} Σ_{j≠t} ∂F_j/∂x_i < 0
 *
 * until the image is taken for the target t. F is the softmax here, whose components sum up to 1: so β = −α, and the
 * pair is that of the two steepest slopes of log F_t. Components at their bound take no part. θ = 1, γ = 1: any
 * component may change. Without targets, t is the class of the largest logit next to the label's, and any class but the
 * label ends the search.
 *
 * Note: it counts pixels, so its ε is a number of pixels, and it is slow on large images: one pair of components a
 * step.
 *
 * Source: Papernot et al., “The limitations of deep learning in adversarial settings”, arXiv:1511.07528, algorithm 2; its
 * experiments take the logits for F.
 *
 * Tested: against all pairs in plain loops, with and without a target.
 */
export function jsma({ theta = 1, gamma = 1 }: JsmaOptions = {}): MinimalAttack {
  const move: VictimStep<Omit<State, 'done'>, Pick<State, 'at' | 'done'>> =
    (model) =>
    ({ labels, targets, aims, at }) => {
      const [low, high] = model.bounds;
      const [rows, ...image] = at.shape;
      const size = image.reduce((a, b) => a * b, 1);
      const { gradient, logits } = model.gradient({ images: at, labels, targets: aims, loss: 'target-ce' });
      const gain = gradient.mul(Math.sign(theta));
      const free = theta > 0 ? at.less(high) : at.greater(low);
      const scores = tf.where(free, gain, tf.fill(at.shape, OUT)).reshape<tf.Tensor2D>([rows, size]);
      const [first, second] = topClasses(scores, 2).map((top) => classMask(top, size));
      const pair = first.add<tf.Tensor2D>(second);
      const helps = scores.mul(pair).sum(1).greater(0).cast('float32');
      const hit = fools(logits, labels, targets);
      const open = helps.mul<tf.Tensor1D>(tf.sub(1, hit));
      const step = pair
        .reshape<tf.Tensor4D>(at.shape)
        .mul(perImage(open))
        .mul(theta * (high - low));
      return { at: at.add(step).clipByValue(low, high) as tf.Tensor4D, done: tf.sub(1, open) };
    };

  return judgedMinimal({
    id: 'jsma',
    label: 'JSMA',
    kind: 'minimal',
    strength: 'epsilon',
    norm: 'l0',
    targeted: true,
    usesGradient: true,
    source: 'Papernot et al., arXiv:1511.07528',
    nearest(victim, images, labels, { targets }) {
      const batch = images.shape[0];
      const [aims] = targets ? [targets] : rivals(victim, images, labels, 1);
      const start: State = {
        ...{ labels, ...(targets && { targets }), aims },
        ...{ at: images, done: tf.zeros<tf.Rank.R1>([batch]) },
      };
      const pairs = Math.floor((gamma * images.size) / batch / 2);
      // A θ below 1 changes a component several times.
      const turns = pairs * Math.ceil(1 / Math.abs(theta));
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

type State = {
  readonly labels: tf.Tensor1D;
  readonly targets?: tf.Tensor1D;
  /** The classes to draw towards. */
  readonly aims: tf.Tensor1D;
  readonly at: tf.Tensor4D;
  /** [batch], 1 where the image fooled before its last step, or no pair helps. */
  readonly done: tf.Tensor1D;
};
