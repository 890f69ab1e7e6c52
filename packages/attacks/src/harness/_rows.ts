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

/** How often the number of rows may be halved: each size is compiled separately. */
const MOST_HALVINGS = 3;

/**
 * Repeats a step on all images. Fooled images drop out once they make up half, three quarters or seven eighths of the
 * rows; the attack ends when all images are fooled.
 *
 * @param start its tensors stay the caller's to free.
 * @param advance gives the rows that change.
 * @param options.stop whether fooled images drop out at all.
 * @returns `found` of every image, in the order of `start`.
 */
export function takeTurns<R extends Rows>(
  start: R,
  turns: number,
  advance: (rows: R, turn: Turn) => Partial<R>,
  { stop }: { stop: boolean },
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
  for (let index = 0; index < turns; index++) {
    const pick = <T extends tf.Tensor>(all: T) =>
      positions.length === batch ? all : tf.gather(all, tf.tensor1d(positions, 'int32'));
    replace({ ...rows, ...(tf.tidy(() => advance(rows, { index, pick }) as Rows) as Partial<R>) });
    if (!stop || index % LOOK_EVERY > 0) continue;
    const fooled = rows.fooled.dataSync();
    const open = positions.map((_, row) => row).filter((row) => !fooled[row]);
    if (open.length === 0) break;
    const size = shrunk(batch, positions.length, open.length);
    if (size === positions.length) continue;
    collect();
    // Fill up to the size with rows that are done.
    const done = positions.map((_, row) => row).filter((row) => fooled[row]);
    const kept = Int32Array.of(...open, ...done.slice(0, size - open.length));
    positions = kept.map((row) => positions[row]);
    replace(gathered(rows, kept));
  }
  collect();
  replace(start);
  return found;
}

/** The smallest of batch, batch/2, batch/4, batch/8 (rounded up) with room for `needed` rows. */
function shrunk(batch: number, size: number, needed: number): number {
  const sizes = [batch];
  for (let i = 0; i < MOST_HALVINGS; i++) sizes.push(Math.ceil(sizes[i] / 2));
  return Math.min(size, ...sizes.filter((candidate) => candidate >= needed));
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
