import { randomStream, WeightmapError } from '@weightmap/core';
import { counted } from './_counted.js';

/** Shares of training, validation and test within every class (paper, section 4.3). */
const SHARES = [0.7, 0.2, 0.1] as const;

/** For each image its part: 0 training, 1 validation, 2 test. */
export type Parts = Uint8Array;

/** A class that a part lacks weighs more than any deviation, an empty part more than any such lack. */
const LACKS_CLASS = 1e6;
const IS_EMPTY = 1e9;
/** With more groups than this, no two are exchanged: among many small groups nothing is gained by it. */
const EXCHANGE_UP_TO = 200;

/**
 * Cuts 70/20/10 within every class: its first images train, the next ones validate, the last ones test.
 *
 * @param labels of images in a random order, each class at least three times.
 */
export function cutImages(labels: readonly number[], classes: number): Parts {
  const parts = new Uint8Array(labels.length);
  for (let label = 0; label < classes; label++) {
    const own = [...labels.keys()].filter((i) => labels[i] === label);
    const test = Math.max(1, Math.round(SHARES[2] * own.length));
    const validation = Math.max(1, Math.round(SHARES[1] * own.length));
    for (const [rank, i] of own.entries())
      parts[i] = rank < own.length - validation - test ? 0 : rank < own.length - test ? 1 : 2;
  }
  return parts;
}

/**
 * Cuts whole groups so that every class comes near 70/20/10: Σ (have − want)² / want over parts and classes is brought
 * down, first by giving each group, the large ones first, to the part that it fits best, then by moving and exchanging
 * groups as long as that helps.
 *
 * @param groups of each image, its burst or camera.
 * @throws WeightmapError if there are fewer groups than parts.
 */
export function cutGroups(
  labels: readonly number[],
  groups: readonly string[],
  classes: number,
  seed: number,
): Parts {
  const indices = new Map<string, number[]>();
  for (const [i, group] of groups.entries()) indices.set(group, [...(indices.get(group) ?? []), i]);
  const members = [...indices.values()];
  if (members.length < SHARES.length)
    throw new WeightmapError(
      `${counted(labels.length, 'image forms', 'images form')} only ${counted(members.length, 'group', 'groups')}.`,
      {
        expected: `at least ${SHARES.length} groups for training, validation and test`,
        fix: 'split by image, or use more images',
      },
    );

  const counts = members.map((own) => {
    const perClass = Array<number>(classes).fill(0);
    for (const i of own) perClass[labels[i]]++;
    return perClass;
  });
  const board = new Board(counts, classes);
  // In random order within one size: a stable sort of a permutation.
  const order = [...randomStream(seed, 'split', 'groups').permutation(members.length)].sort(
    (a, b) => members[b].length - members[a].length,
  );
  for (const group of order) board.place(group, board.bestPart(group));
  board.improve(order);

  const parts = new Uint8Array(labels.length);
  for (const [group, own] of members.entries()) for (const i of own) parts[i] = board.partOf[group];
  return parts;
}

/** Which group lies in which part, and how far that is from what is wanted. */
class Board {
  readonly partOf: Int8Array;
  /** [part][class], images. */
  private readonly have: number[][];
  private readonly want: number[][];

  constructor(
    /** [group][class], images. */
    private readonly counts: readonly (readonly number[])[],
    private readonly classes: number,
  ) {
    this.partOf = new Int8Array(counts.length).fill(-1);
    const total = Array.from({ length: classes }, (_, c) => counts.reduce((sum, own) => sum + own[c], 0));
    this.have = SHARES.map(() => Array<number>(classes).fill(0));
    this.want = SHARES.map((share) => total.map((count) => share * count));
  }

  place(group: number, part: number): void {
    for (const [sign, place] of [
      [-1, this.partOf[group]],
      [1, part],
    ])
      if (place >= 0)
        for (let c = 0; c < this.classes; c++) this.have[place][c] += sign * this.counts[group][c];
    this.partOf[group] = part;
  }

  /** Where a group that lies nowhere yet brings the least deviation. */
  bestPart(group: number): number {
    const costs = SHARES.map((_, part) => {
      this.place(group, part);
      const cost = this.deviation();
      this.place(group, -1);
      return cost;
    });
    return costs.indexOf(Math.min(...costs));
  }

  /** Moves one group, or exchanges two, as long as that lowers the cost. */
  improve(order: readonly number[]): void {
    let before: number;
    do {
      before = this.cost();
      for (const group of order) {
        for (let part = 0; part < SHARES.length; part++) this.keepIfBetter([[group, part]]);
        if (order.length <= EXCHANGE_UP_TO)
          for (const other of order)
            if (this.partOf[other] !== this.partOf[group])
              this.keepIfBetter([
                [group, this.partOf[other]],
                [other, this.partOf[group]],
              ]);
      }
    } while (this.cost() < before - 1e-9);
  }

  private keepIfBetter(moves: readonly (readonly [group: number, part: number])[]): void {
    const before = this.cost();
    const undo = moves.map(([group]) => [group, this.partOf[group]] as const);
    for (const [group, part] of moves) this.place(group, part);
    if (this.cost() >= before - 1e-9) for (const [group, part] of undo) this.place(group, part);
  }

  private deviation(): number {
    let sum = 0;
    for (const [part, own] of this.have.entries())
      for (let c = 0; c < this.classes; c++)
        if (this.want[part][c] > 0) sum += (own[c] - this.want[part][c]) ** 2 / this.want[part][c];
    return sum;
  }

  private cost(): number {
    let lacks = 0;
    for (const own of this.have) {
      const missing = own.filter((count, c) => count === 0 && this.want[0][c] > 0).length;
      lacks += missing * LACKS_CLASS + (missing === own.length ? IS_EMPTY : 0);
    }
    return lacks + this.deviation();
  }
}
