import * as tf from '@tensorflow/tfjs';

/** Tensors [rows, …], a row an image under attack. */
export type Rows = {
  readonly [name: string]: tf.Tensor;
  /** The worst images so far. */
  readonly found: tf.Tensor4D;
  /** [rows], 1 where they fool the classifier. */
  readonly fooled: tf.Tensor1D;
};

export interface Turn {
  /** 0, 1, 2, … */
  readonly index: number;
  /** Of a tensor [batch, …] of all images, the rows still attacked. */
  readonly pick: <T extends tf.Tensor>(all: T) => T;
}

/** Turns between two looks at who is fooled: a look reads values, so that it interrupts the computation. */
const LOOK_EVERY = 4;

/** How far the rows shrink: every size is compiled on its own. */
const MOST_HALVINGS = 3;

/**
 * Takes turns on all images; those fooled drop out as soon as half the rows, or three quarters, or seven eighths, are
 * of that kind, and it ends when all are.
 *
 * @param start is left as it is, for the caller to free.
 * @param advance gives the rows that change.
 * @param options.stop whether images drop out at all.
 * @returns `found` of every image, in the order of the start.
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
    // Filled up with rows that are done.
    const done = positions.map((_, row) => row).filter((row) => fooled[row]);
    const kept = Int32Array.of(...open, ...done.slice(0, size - open.length));
    positions = kept.map((row) => positions[row]);
    replace(gathered(rows, kept));
  }
  collect();
  replace(start);
  return found;
}

/** One of batch, batch/2, batch/4, batch/8, rounded up: the smallest with room for what is needed. */
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
