import * as tf from '@tensorflow/tfjs';
import type { Attack, RandomStream, VictimModel, VictimStep } from '@weightmap/core';
import { confinedTo } from '../ascent/_ascent.js';
import { eachStrength } from '../harness/_each-strength.js';
import { takeTurns, type Rows } from '../harness/_rows.js';
import { fools, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';
import { aimed, losses } from '../harness/losses.js';

/** How often the classifier may be asked, and how large the squares are. */
export interface SquareOptions {
  /** Images shown to the classifier for each image, at most. */
  queries?: number;
  /** p: the share of the pixels that the first squares cover. */
  firstShare?: number;
}

/** Of 10,000 queries: after the first, p is halved, after the second halved again, and so on. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The share p of the pixels that a square covers, at a query after the first. */
export function squareShare(query: number, queries: number, firstShare: number): number {
  const scaled = Math.floor((query / queries) * 10_000);
  return firstShare / 2 ** HALVINGS.filter((limit) => scaled > limit).length;
}

/**
 * Square attack on L∞, a black box: squares of ±2ε at random places, each kept if the margin loss grows. The classifier is
 * asked for logits, never for gradients.
 *
 * It begins with vertical stripes of one pixel's width, ±ε in each channel. Each further query changes every image within
 * a square at a random place by ±2ε in each channel, projects that onto the ball and the bounds, and keeps it if the
 * margin loss max_{i≠y} z_i − z_y grows. A square covers a share p of the pixels, 0.8 at first and halved after 10, 50,
 * 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000 queries, or at the same parts of fewer. 5,000 queries; an image that
 * fools is done.
 *
 * Note: the fewer queries it may ask, the sooner its squares shrink: 500 queries are another attack than the first 500
 * of 5,000.
 *
 * Source: Andriushchenko et al., “Square Attack: a query-efficient black-box adversarial attack via random search”,
 * arXiv:1912.00049, algorithms 1 and 2; p as in its code.
 *
 * Tested: against algorithm 1 in plain loops with the same random numbers, and on a linear classifier, where the
 * boundary is known; against torchattacks.
 */
export function square({ queries = 5000, firstShare = 0.8 }: SquareOptions = {}): Attack {
  const ask: VictimStep<State & Patch, Worst> =
    (model) =>
    ({ images, labels, targets, epsilon, signs, top, left, side, ...worst }) => {
      const [height, width] = model.inputShape;
      const covers = (length: number, shape: number[], from: tf.Tensor1D) => {
        const offset = tf.range(0, length).reshape(shape).sub(perImage(from));
        return offset.greaterEqual(0).logicalAnd(offset.less(side)).cast('float32');
      };
      const inside = covers(height, [1, height, 1, 1], top).mul(covers(width, [1, 1, width, 1], left));
      const moved = worst.found.add<tf.Tensor4D>(inside.mul(signs).mul(epsilon.mul(2)));
      return judge(model, confinedTo('linf', model)(moved, images, epsilon), { labels, targets, worst });
    };

  const begin: VictimStep<State & Stripes, Worst> =
    (model) =>
    ({ images, labels, targets, epsilon, signs, ...worst }) => {
      const at = confinedTo('linf', model)(images.add(signs.mul(epsilon)), images, epsilon);
      return judge(model, at, { labels, targets, worst });
    };

  return judged({
    id: 'square',
    label: 'Square',
    kind: 'fixed',
    strength: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: false,
    source: 'Andriushchenko et al., arXiv:1912.00049',
    perturb(victim, images, labels, options) {
      const { targets } = options;
      const [batch, height, width, channels] = images.shape;
      const sideOf = (query: number) => {
        const wanted = Math.round(Math.sqrt(squareShare(query, queries, firstShare) * height * width));
        return Math.min(Math.max(wanted, 1), Math.max(1, Math.min(height, width) - 1));
      };
      return eachStrength(images, options, (strength, random) => {
        const epsilon = tf.scalar(strength);
        const start: State = { ...nothingFound(images), images, labels, ...(targets && { targets }) };
        return takeTurns(
          start as State & Rows,
          queries,
          (rows, { index, pick }) => {
            if (index === 0) {
              const signs = tf.tensor4d(signsOf(random, batch * width * channels), [
                batch,
                1,
                width,
                channels,
              ]);
              return victim.compute(begin, { ...rows, signs: pick(signs), epsilon });
            }
            // Drawn for all images, so that none depends on which others are done.
            const side = sideOf(index - 1);
            const places = (length: number) =>
              tf.tensor1d(
                Array.from({ length: batch }, () => random.integer(length - side + 1)),
                'float32',
              );
            const patch = { top: pick(places(height)), left: pick(places(width)), side: tf.scalar(side) };
            const signs = tf.tensor4d(signsOf(random, batch * channels), [batch, 1, 1, channels]);
            return victim.compute(ask, { ...rows, ...patch, signs: pick(signs), epsilon });
          },
          { stop: true },
        );
      });
    },
  });
}

type Aim = { readonly labels: tf.Tensor1D; readonly targets?: tf.Tensor1D };

type State = Worst & Aim & { readonly images: tf.Tensor4D };

/** [rows, 1, width, channels] */
type Stripes = { readonly signs: tf.Tensor4D; readonly epsilon: tf.Scalar };

type Patch = {
  /** [rows, 1, 1, channels] */
  readonly signs: tf.Tensor4D;
  readonly epsilon: tf.Scalar;
  /** [rows], of the square's first row and column. */
  readonly top: tf.Tensor1D;
  readonly left: tf.Tensor1D;
  /** The square's height and width. */
  readonly side: tf.Scalar;
};

/** The worse of the worst so far and new images. */
function judge(
  model: VictimModel,
  at: tf.Tensor4D,
  { labels, targets, worst }: { labels: tf.Tensor1D; targets: tf.Tensor1D | undefined; worst: Worst },
): Worst {
  const logits = model.logits(at);
  const loss = losses[aimed('margin', targets !== undefined)].of(logits, labels, targets ?? labels);
  return keepWorst(worst, { images: at, loss, hit: fools(logits, labels, targets) }, { stop: true });
}

const signsOf = (random: RandomStream, count: number): Float32Array =>
  random.uniforms(count, -1, 1).map((value) => (value < 0 ? -1 : 1));
