/**
 * Converts a drawing to the format of MNIST: its longer side fills 20 of 28 pixels, and its centre of mass is the image's
 * centre.
 *
 * @param ink [size, size], in [0, 1]
 * @returns [side, side], in [0, 1]; zeros for an empty drawing.
 * @see LeCun, Cortes & Burges, the MNIST database
 */
export function toDigit(ink: Float32Array, size: number, side: number): Float32Array {
  const digit = new Float32Array(side * side);
  const box = boxOf(ink, size);
  if (!box) return digit;
  /** Pixels of the drawing in one of the digit. */
  const scale = box.extent / ((20 / 28) * side);
  const centre = (side - 1) / 2;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [row, column] = [box.row + (y - centre) * scale, box.column + (x - centre) * scale];
      digit[y * side + x] = meanAround(ink, size, row, column, scale);
    }
  return digit;
}

/** The centre of mass and the longer side of the drawing. */
function boxOf(ink: Float32Array, size: number) {
  let [mass, rows, columns] = [0, 0, 0];
  let [top, bottom, left, right] = [size, -1, size, -1];
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] === 0) continue;
    const [y, x] = [Math.floor(i / size), i % size];
    mass += ink[i];
    rows += ink[i] * y;
    columns += ink[i] * x;
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
  }
  if (mass === 0) return null;
  return { row: rows / mass, column: columns / mass, extent: Math.max(bottom - top, right - left) + 1 };
}

/** The mean ink in a square; there is none outside the drawing. */
function meanAround(ink: Float32Array, size: number, row: number, column: number, width: number): number {
  const from = (centre: number) => Math.ceil(centre - width / 2);
  const to = (centre: number) => Math.max(from(centre), Math.ceil(centre + width / 2) - 1);
  let [sum, count] = [0, 0];
  for (let y = from(row); y <= to(row); y++)
    for (let x = from(column); x <= to(column); x++) {
      count++;
      if (y >= 0 && y < size && x >= 0 && x < size) sum += ink[y * size + x];
    }
  return sum / count;
}
