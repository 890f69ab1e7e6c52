import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream's position, to be stored in a checkpoint. */
export type RandomState = readonly number[];

/**
 * A seeded stream of random numbers (xoroshiro128+).
 *
 * Streams are named, so that drawing more in one place never shifts the numbers of another:
 * `randomStream(seed, 'augment', 'epoch-3')`.
 */
export interface RandomStream {
  /** A 32-bit integer, for libraries that take a seed of their own. */
  seed(): number;
  /** A number in [0, 1), a multiple of 2⁻²⁴ (exact in float32). */
  uniform(): number;
  /** An integer in [0, below). */
  integer(below: number): number;
  /** The integers 0 … count−1 in random order (Fisher–Yates). */
  permutation(count: number): Uint32Array;
  /** `length` numbers of U(low, high), in float32. */
  uniforms(length: number, low?: number, high?: number): Float32Array;
  /** `length` numbers of N(0, 1), in float32, by the Box–Muller transform: none is larger than 5.8. */
  normals(length: number): Float32Array;
  /** The position, for `restoreStream`. */
  state(): RandomState;
}

/**
 * The stream of that name.
 *
 * @param seed any safe integer.
 * @param names what the numbers are for, from the general to the particular.
 */
export function randomStream(seed: number, ...names: readonly (string | number)[]): RandomStream {
  const name = [seed, ...names].join('/');
  return restoreStream([1, 2, 3, 4].map((salt) => hash32(`${salt}:${name}`)));
}

/** The stream at a stored position. */
export function restoreStream(state: RandomState): RandomStream {
  const generator = xoroshiro128plusFromState(state);
  return {
    seed: () => generator.next() >>> 0,
    uniform: () => uniformFloat32(generator),
    integer: (below) => uniformInt(generator, 0, below - 1),
    permutation(count) {
      const order = Uint32Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
    uniforms(length, low = 0, high = 1) {
      const values = new Float32Array(length);
      for (let i = 0; i < length; i++) values[i] = low + (high - low) * uniformFloat32(generator);
      return values;
    },
    normals(length) {
      const values = new Float32Array(length);
      for (let i = 0; i < length; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat32(generator)));
        const angle = 2 * Math.PI * uniformFloat32(generator);
        values[i] = radius * Math.cos(angle);
        if (i + 1 < length) values[i + 1] = radius * Math.sin(angle);
      }
      return values;
    },
    state: () => generator.getState(),
  };
}

/** FNV-1a over UTF-16 units, then murmur3's finaliser so that near names get far numbers. */
function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
