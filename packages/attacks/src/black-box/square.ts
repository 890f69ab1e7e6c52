import * as tf from '@tensorflow/tfjs';
import type { Attack, AttackBatch, RandomStream, VictimModel, VictimStep } from '@weightmap/core';
import { eachStrength } from '../harness/_each-strength.js';
import { confinedTo } from '../harness/_norms.js';
import { takeTurns, type Filled, type Rows, type Turn } from '../harness/_rows.js';
import { candidateAt, isWorse, keepWorst, nothingFound, perImage, type Worst } from '../harness/_worst.js';
import { judged } from '../harness/evaluate.js';
import { mapsWithin, offsetsOf, windowOf, windowStart } from './_windows.js';

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

/** `maps`: of the worst images, from a classifier with local parts. */
type Kept = Worst & { readonly maps?: tf.Tensor4D };

type State = AttackBatch & Kept;

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
  /** The windows around the squares, see `_windows.ts`: only their maps are computed. Without them, the maps of whole images. */
  readonly corners?: tf.Tensor2D;
  readonly offsets?: tf.Tensor3D;
};

const stop = true;

type Asked = Pick<State, 'labels' | 'targets'> & Kept & Pick<Patch, 'corners' | 'offsets'>;

/** Shows images to the classifier, and keeps those that are worse. */
function keepIfWorse(
  model: VictimModel,
  images: tf.Tensor4D,
  { labels, targets, maps: before, corners, offsets, ...worst }: Asked,
): Kept {
  const { local } = model;
  const compare = (logits?: tf.Tensor2D) => candidateAt(model, images, { labels, targets }, 'margin', logits);
  if (!local) return keepWorst(worst, compare(), { stop });
  const maps =
    before && corners && offsets
      ? mapsWithin(local, images, before, { corners, offsets })
      : local.maps(images);
  const candidate = compare(local.head(maps));
  const mask = perImage(isWorse(worst, candidate, { stop }));
  return {
    ...keepWorst(worst, candidate, { stop }),
    maps: before ? tf.where(mask, maps, before) : maps,
  };
}

const begin: VictimStep<State & Stripes, Kept> =
  (model) =>
  ({ images, epsilon: ε, signs, ...asked }) =>
    keepIfWorse(model, confinedTo('linf', model)(images.add(signs.mul(ε)), images, ε), asked);

const ask: VictimStep<State & Patch, Kept> =
  (model) =>
  ({ images, epsilon: ε, signs, top, left, side, ...asked }) => {
    const [height, width] = model.inputShape;
    const covers = (length: number, shape: number[], from: tf.Tensor1D) => {
      const offset = tf.range(0, length).reshape(shape).sub(perImage(from));
      return offset.greaterEqual(0).logicalAnd(offset.less(side)).cast('float32');
    };
    const inside = covers(height, [1, height, 1, 1], top).mul(covers(width, [1, 1, width, 1], left));
    const moved = asked.found.add<tf.Tensor4D>(inside.mul(signs).mul(ε.mul(2)));
    return keepIfWorse(model, confinedTo('linf', model)(moved, images, ε), asked);
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
 * Of a classifier that begins with convolutions without padding only the features around a small square are computed anew; the
 * logits are the same up to rounding.
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
      const { local } = victim;
      // Drawn for all images, so that none depends on which others are done.
      const patch = (random: RandomStream, { index, pick }: Turn): Omit<Patch, 'epsilon'> => {
        const side = sideOf(index - 1);
        const places = (length: number) =>
          Array.from({ length: count }, () => random.integer(length - side + 1));
        const [tops, lefts] = [places(height), places(width)];
        const [top, left] = [tops, lefts].map((starts) => pick(tf.tensor1d(starts, 'float32')));
        const signs = pick(tf.tensor4d(signsOf(random, count * channels), [count, 1, 1, channels]));
        const window = local ? windowOf(local, [height, width], side) : null;
        if (!local || window === null) return { top, left, side: tf.scalar(side), signs };
        const corners = Int32Array.from({ length: 2 * count }, (_, i) =>
          i % 2
            ? windowStart(lefts[i >> 1], local, window, width)
            : windowStart(tops[i >> 1], local, window, height),
        );
        return {
          ...{ top, left, side: tf.scalar(side), signs },
          corners: pick(tf.tensor2d(corners, [count, 2], 'int32')),
          offsets: offsetsOf(window),
        };
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
          { stop, wanted: (options as Filled).wanted },
        );
      });
    },
  });
}

const signsOf = (random: RandomStream, count: number): Float32Array =>
  random.uniforms(count, -1, 1).map((value) => (value < 0 ? -1 : 1));
