import type { ShownNetwork } from '@weightmap/core';
import type { Look } from '../engine/protocol.js';
import { problemText } from '../problem-text.js';
import type { Session } from '../session.js';
import type { Wish } from '../wish.js';
import { smallestStrength, type SmallestStrength } from './smallest-strength.js';

/** The smallest strength at which an attack fools a network, for one image. */
export interface Search {
  /** The request that was searched for; its strength is any. */
  readonly wish: Wish;
  /** null if the search failed. */
  readonly found: SmallestStrength | null;
  /** The image at the smallest strength; null if there is none. */
  readonly proof: Proof | null;
  readonly problem: string | null;
}

/** An adversarial image, checked once more by itself. */
export interface Proof {
  /** [height, width, channels], in [0, 1]. */
  readonly attacked: Float32Array;
  /** The prediction for this image, computed again without the attack. */
  readonly predicted: number;
  /** The length of the change in the attack's norm; null if it has none. */
  readonly distance: number | null;
  /** Whether the prediction is wrong (with a target: is the target), and the change no longer than the strength. */
  readonly isVerified: boolean;
}

/** Rounding of pixels in float32, as a share of the strength and for strengths near 0. */
const ROUNDING = { relative: 1e-4, absolute: 1e-6 };

/**
 * Searches the smallest strength for a network, and verifies the image: it is classified again on its own, and its distance measured.
 *
 * @throws the reason of the signal.
 */
export async function searchNetwork(
  session: Pick<Session, 'load' | 'look' | 'attempt'>,
  network: ShownNetwork,
  { wish, largest, signal }: { wish: Wish; largest: number; signal: AbortSignal },
): Promise<Search> {
  try {
    await session.load(network);
    const found = await smallestStrength(
      (strengths) => session.attempt(network, wish, strengths),
      { largest },
      signal,
    );
    if (found.strength === null) return { wish, found, proof: null, problem: null };
    const { attacked, cleanPredicted } = await session.look(network, { ...wish, strength: found.strength });
    const image = { pixels: attacked, label: null, index: null };
    const again = await session.look(network, { ...wish, image, target: null, strength: 0 });
    return {
      wish,
      found,
      proof: proofOf(wish, found.strength, attacked, again, cleanPredicted),
      problem: null,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { wish, found: null, proof: null, problem: problemText(error) };
  }
}

/** Checks an image: how far it is from the clean one, and what the network says to it. */
export function proofOf(
  { image, attack, target }: Wish,
  strength: number,
  attacked: Float32Array,
  { predicted, abstains }: Pick<Look, 'predicted' | 'abstains'>,
  cleanPredicted: number,
): Proof {
  const changes = attacked.map((value, i) => value - image.pixels[i]);
  const lengths: Readonly<Record<string, () => number>> = {
    linf: () => changes.reduce((most, change) => Math.max(most, Math.abs(change)), 0),
    l2: () => Math.sqrt(changes.reduce((sum, change) => sum + change ** 2, 0)),
  };
  const distance = attack.norm === null ? null : (lengths[attack.norm]?.() ?? null);
  const isWanted =
    target === null ? predicted !== (image.label ?? cleanPredicted) && !abstains : predicted === target;
  const limit = strength * (1 + ROUNDING.relative) + ROUNDING.absolute;
  return { attacked, predicted, distance, isVerified: isWanted && (distance === null || distance <= limit) };
}
