import * as tf from '@tensorflow/tfjs';
import type { Attack, AttackBatch, RandomStream, VictimStep } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo } from '../harness/_norms.js';
import { takeTurns, type Rows, type Turn } from '../harness/_rows.js';
import { candidateAt, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';

/** The number of queries, and the size of the squares. */
export interface SquareOptions {
  /** Most images shown to the classifier for each image. */
  queries?: number;
  /** p: the share of the pixels that the first squares cover. */
  firstShare?: number;
}

/** The queries, of 10,000, after each of which p is halved. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The share p of the pixels that a square covers, at a query after the first. */
export function squareShare(query: number, queries: number, firstShare: number): number {
  const scaled = Math.floor((query / queries) * 10_000);
  return firstShare / 2 ** HALVINGS.filter((limit) => scaled > limit).length;
}

type State = AttackBatch & Worst;

/** `signs`: [rows, 1, width, channels] */
type Stripes = { readonly signs: tf.Tensor4D; readonly epsilon: tf.Scalar };

type Patch = {
  /** [rows, 1, 1, channels] */
  readonly signs: tf.Tensor4D;
  readonly epsilon: tf.Scalar;
  /** [rows], the first row and column of the square. */
  readonly top: tf.Tensor1D;
  readonly left: tf.Tensor1D;
  /** The height and width of the square. */
  readonly side: tf.Scalar;
};

const stop = true;

const begin: VictimStep<State & Stripes, Worst> =
  (model) =>
  ({ images, labels, targets, epsilon: ε, signs, ...worst }) => {
    const at = confinedTo('linf', model)(images.add(signs.mul(ε)), images, ε);
    return keepWorst(worst, candidateAt(model, at, { labels, targets }, 'margin'), { stop });
  };

const ask: VictimStep<State & Patch, Worst> =
  (model) =>
  ({ images, labels, targets, epsilon: ε, signs, top, left, side, ...worst }) => {
    const [height, width] = model.inputShape;
    const covers = (length: number, shape: number[], from: tf.Tensor1D) => {
      const offset = tf.range(0, length).reshape(shape).sub(perImage(from));
      return offset.greaterEqual(0).logicalAnd(offset.less(side)).cast('float32');
    };
    const inside = covers(height, [1, height, 1, 1], top).mul(covers(width, [1, 1, width, 1], left));
    const moved = worst.found.add<tf.Tensor4D>(inside.mul(signs).mul(ε.mul(2)));
    const at = confinedTo('linf', model)(moved, images, ε);
    return keepWorst(worst, candidateAt(model, at, { labels, targets }, 'margin'), { stop });
  };

/**
 * Square attack on L∞, a black box: squares of ±2ε at random places, each kept if the margin loss grows. The classifier is
 * asked for logits, never for gradients.
 *
 * It starts with vertical stripes, one pixel wide, of ±ε in each channel. Each further query changes every image within a
 * square at a random place by ±2ε in each channel, projects the result onto the ball and the bounds, and keeps it if the
 * margin loss max_{i≠y} z_i − z_y grows. A square covers a share p of the pixels, 0.8 at first and halved after 10, 50,
 * 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000 queries, or at the same fractions of another number. 5,000 queries;
 * the search for an image ends when it is fooled.
 *
 * Note: with fewer queries the squares shrink sooner: 500 queries are not the same as the first 500 of 5,000.
 *
 * Source: Andriushchenko et al., “Square Attack: a query-efficient black-box adversarial attack via random search”,
 * arXiv:1912.00049, algorithms 1 and 2; p as in its code.
 *
 * Tested: against algorithm 1 in plain loops with the same random numbers; on a linear classifier, where the boundary is
 * known; against torchattacks.
 */
export function square({ queries = 5000, firstShare = 0.8 }: SquareOptions = {}): Attack {
  return judged({
    id: 'square',
    label: 'Square',
    kind: 'fixed',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: true,
    usesGradient: false,
    source: 'Andriushchenko et al., arXiv:1912.00049',
    perturb(victim, batch, options) {
      const [count, height, width, channels] = batch.images.shape;
      const sideOf = (query: number) => {
        const wanted = Math.round(Math.sqrt(squareShare(query, queries, firstShare) * height * width));
        return Math.min(Math.max(wanted, 1), Math.max(1, Math.min(height, width) - 1));
      };
      const stripes = (random: RandomStream, { pick }: Turn) =>
        pick(tf.tensor4d(signsOf(random, count * width * channels), [count, 1, width, channels]));
      // Drawn for all images, so that none depends on which others are done.
      const patch = (random: RandomStream, { index, pick }: Turn) => {
        const side = sideOf(index - 1);
        const places = (length: number) =>
          tf.tensor1d(
            Array.from({ length: count }, () => random.integer(length - side + 1)),
            'float32',
          );
        const [top, left] = [pick(places(height)), pick(places(width))];
        const signs = tf.tensor4d(signsOf(random, count * channels), [count, 1, 1, channels]);
        return { top, left, side: tf.scalar(side), signs: pick(signs) };
      };
      return eachStrength(batch.images, options, (strength, random) => {
        const epsilon = tf.scalar(strength);
        const start: State = { ...batch, ...nothingFound(batch.images) };
        return takeTurns(
          start as State & Rows,
          queries,
          (rows, turn) =>
            turn.index === 0
              ? victim.compute(begin, { ...rows, signs: stripes(random, turn), epsilon })
              : victim.compute(ask, { ...rows, ...patch(random, turn), epsilon }),
          { stop },
        );
      });
    },
  });
}

const signsOf = (random: RandomStream, count: number): Float32Array =>
  random.uniforms(count, -1, 1).map((value) => (value < 0 ? -1 : 1));
