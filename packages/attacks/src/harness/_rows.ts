import * as tf from '@tensorflow/tfjs';

/** Tensors [rows, …], one row for each image that is still attacked. */
export type Rows = {
  readonly [name: string]: tf.Tensor;
  /** The worst images so far. */
  readonly found: tf.Tensor4D;
  /** [rows], 1 if they fool the classifier. */
  readonly fooled: tf.Tensor1D;
};

/** One step of `takeTurns`. */
export interface Turn {
  /** 0, 1, 2, … */
  readonly index: number;
  /** The rows still attacked, of a tensor [batch, …] of all images. */
  readonly pick: <T extends tf.Tensor>(all: T) => T;
}

/** Steps between two checks which images are fooled. A check reads values, which interrupts the computation. */
const LOOK_EVERY = 4;

/** Every number of rows is compiled separately: there are at most so many, the eighths of the batch. */
const PARTS = 8;

/** Rows × turns that must be saved to make up for compiling a further number of rows. */
const WORTH_COMPILING = 2000;

/** Options of an attack that runs on a batch of which only the first images count, as within AutoAttack. */
export interface Filled {
  /** Number of images to attack, the first ones; the others only fill up the batch. Default: all. */
  readonly wanted?: number | undefined;
}

/**
 * Repeats a step on all images. Fooled images drop out once they make up half, three quarters or seven eighths of the
 * rows, in a long attack once they make up an eighth; the attack ends when all images are fooled.
 *
 * @param start its tensors stay the caller's to free.
 * @param advance gives the rows that change.
 * @param options.stop whether fooled images drop out at all.
 * @param options.wanted with `stop`: the images that are attacked at all, the first ones. Default: all.
 * @returns `found` of every image, in the order of `start`.
 */
export function takeTurns<R extends Rows>(
  start: R,
  turns: number,
  advance: (rows: R, turn: Turn) => Partial<R>,
  { stop, wanted }: { stop: boolean } & Filled,
): tf.Tensor4D {
  const batch = start.found.shape[0];
  let rows = start;
  let found = start.found;
  let positions = Int32Array.from({ length: batch }, (_, i) => i);
  const replace = (next: R) => {
    const needed = new Set<tf.Tensor>([...Object.values(start), ...Object.values(next), found]);
    for (const tensor of Object.values(rows)) if (!needed.has(tensor)) tensor.dispose();
    rows = next;
  };
  const collect = () => {
    const before = found;
    found = merged(found, rows.found, positions);
    if (before !== start.found) before.dispose();
  };
  /** Leaves out rows that are done, if that saves enough of the turns that are left. */
  const leaveOut = (open: Int32Array, left: number) => {
    const size = shrunk(batch, positions.length, open.length, left);
    if (size === positions.length) return;
    collect();
    // Fill up to the size with rows that are done.
    const isOpen = new Set(open);
    const done = positions.map((_, row) => row).filter((row) => !isOpen.has(row));
    const kept = Int32Array.of(...open, ...done.slice(0, size - open.length));
    positions = kept.map((row) => positions[row]);
    replace(gathered(rows, kept));
  };
  if (stop && wanted !== undefined && turns > 0) leaveOut(positions.slice(0, wanted), turns);
  for (let index = 0; index < turns; index++) {
    const pick = <T extends tf.Tensor>(all: T) =>
      positions.length === batch ? all : tf.gather(all, tf.tensor1d(positions, 'int32'));
    replace({ ...rows, ...(tf.tidy(() => advance(rows, { index, pick }) as Rows) as Partial<R>) });
    if (!stop || index % LOOK_EVERY > 0) continue;
    const fooled = rows.fooled.dataSync();
    const isOpen = (position: number, row: number) => !fooled[row] && position < (wanted ?? batch);
    const open = positions.map((_, row) => row).filter((row) => isOpen(positions[row], row));
    if (open.length === 0) break;
    leaveOut(open, turns - 1 - index);
  }
  collect();
  replace(start);
  return found;
}

/**
 * The smallest of the eighths of the batch (rounded up) with room for `needed` rows: among a half, a quarter and an eighth, and
 * the others if they save enough rows in the `left` turns.
 */
function shrunk(batch: number, size: number, needed: number, left: number): number {
  const eighths = Array.from({ length: PARTS }, (_, i) => Math.ceil((batch * (i + 1)) / PARTS));
  const halved = [batch];
  for (let parts = PARTS; parts > 1; parts /= 2) halved.push(Math.ceil(halved.at(-1)! / 2));
  const least = (sizes: readonly number[]) =>
    Math.min(size, ...sizes.filter((candidate) => candidate >= needed));
  const [coarse, fine] = [least(halved), least(eighths)];
  return (coarse - fine) * left >= WORTH_COMPILING ? fine : coarse;
}

/** `all` with the rows at `positions` replaced. */
function merged(all: tf.Tensor4D, rows: tf.Tensor4D, positions: Int32Array): tf.Tensor4D {
  const from = Int32Array.from({ length: all.shape[0] }, (_, i) => i);
  positions.forEach((position, row) => (from[position] = all.shape[0] + row));
  return tf.tidy(() => tf.gather(tf.concat([all, rows], 0), tf.tensor1d(from, 'int32')));
}

const gathered = <R extends Rows>(rows: R, kept: Int32Array): R =>
  tf.tidy(() => {
    const indices = tf.tensor1d(kept, 'int32');
    const entries = Object.entries(rows).map(([name, tensor]) => [name, tf.gather(tensor, indices)] as const);
    return Object.fromEntries(entries) as Rows;
  }) as R;
