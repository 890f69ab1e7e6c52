import {
  imageSet,
  randomStream,
  WeightmapError,
  type DatasetLoader,
  type ImageSet,
  type ImageSpec,
  type RandomStream,
} from '@weightmap/core';
import { sha256 } from './_checksum.js';
import { throughCache } from './_decoded-cache.js';
import { drawDigit, SIDE } from './_draw-digit.js';
import { splitTraining } from './_split.js';

/** How many digits are drawn. */
export interface ProceduralDigitsOptions {
  /** Images drawn for training and validation together. */
  train?: number;
  /** Images drawn for the test part. */
  test?: number;
}

const spec: ImageSpec = {
  height: SIDE,
  width: SIDE,
  channels: 1,
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
};

/** From so many training images on, they are kept: to draw them takes longer than to read them. */
const KEPT_FROM = 5000;
/** Raised when digits are drawn otherwise: kept ones of another way are then drawn anew. */
const DRAWING = 1;
/** Images of kept ones that are drawn again, to see that they are drawn today as they were then. */
const COMPARED = 100;

/**
 * A loader of drawn digits, 28×28×1: no file is needed, no network, equal seeds give equal bytes on every machine.
 *
 * Thousands of images are kept in the cache folder, so that the next process reads them.
 *
 * The training images come from the stream (seed, 'digits', 'train'), the test images from
 * (seed, 'digits', 'test'); more images leave the first ones as they are. Every ten consecutive
 * images hold each class once.
 *
 * @throws WeightmapError if a number of images is not a positive integer.
 */
export function proceduralDigits({
  train = 10_000,
  test = 2_000,
}: ProceduralDigitsOptions = {}): DatasetLoader {
  for (const [where, count] of Object.entries({ train, test }))
    if (!Number.isSafeInteger(count) || count < 1)
      throw new WeightmapError(`The number of digits is ${count}.`, {
        where,
        expected: 'a positive integer',
      });
  const [id, label] = ['digits', 'procedural digits'];
  return {
    id,
    label,
    spec,
    async load({ seed, validationFraction }) {
      const drawAll = () => [
        draw(train, randomStream(seed, id, 'train')),
        draw(test, randomStream(seed, id, 'test')),
      ];
      const sets = train < KEPT_FROM ? drawAll() : await kept(drawAll, { seed, counts: [train, test] });
      const [drawn, tested] = sets;
      const { note, ...parts } = splitTraining(drawn, id, { seed, validationFraction });
      return {
        id,
        label,
        spec,
        ...parts,
        test: tested,
        checksum: sha256(...bytesOf(sets)),
        source: `drawn by this program from seed ${seed}`,
        notes: ['Drawn by program, not a published benchmark: figures compare with no paper.', note],
      };
    },
    locate: async () => ({ found: 'drawn by this program', advice: 'Nothing to do.' }),
  };
}

/** Ten thousand drawn digits, of which a tenth validates, and two thousand to test. */
export const digits = proceduralDigits();

const bytesOf = (sets: readonly ImageSet[]) => sets.flatMap(({ pixels, labels }) => [pixels, labels]);

/** The parts of the given lengths out of the cache, or drawn and put there. Where nothing can be kept, they are drawn. */
async function kept(
  drawAll: () => readonly ImageSet[],
  { seed, counts }: { seed: number; counts: readonly number[] },
): Promise<ImageSet[]> {
  const first = draw(COMPARED, randomStream(seed, 'digits', 'train')).pixels;
  const { bytes } = await throughCache(
    {
      id: 'digits',
      key: [seed, ...counts].join('-'),
      stillHolds: ({ about, bytes }) =>
        about.drawing === DRAWING &&
        bytes.length === counts.reduce((sum, count) => sum + count * (SIDE * SIDE + 1), 0) &&
        first.every((pixel, i) => bytes[i] === pixel),
    },
    async () => ({ about: { drawing: DRAWING }, bytes: new Uint8Array(Buffer.concat(bytesOf(drawAll()))) }),
  );
  let at = 0;
  const next = (length: number) => bytes.subarray(at, (at += length));
  return counts.map((count) => imageSet(spec, next(count * SIDE * SIDE), next(count)));
}

function draw(count: number, random: RandomStream): ImageSet {
  const pixels = new Uint8Array(count * SIDE * SIDE);
  const labels = new Uint8Array(count);
  let order = random.permutation(spec.classes.length);
  for (let i = 0; i < count; i++) {
    const turn = i % order.length;
    if (i > 0 && turn === 0) order = random.permutation(order.length);
    labels[i] = order[turn];
    drawDigit(labels[i], random, pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
  }
  return imageSet(spec, pixels, labels);
}
