import type { AttackInfo } from '@weightmap/core';

/** The selected image. */
export interface ChosenImage {
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** null for a drawing or an own picture. */
  readonly label: number | null;
  /** Its position among the images; null for a drawing or an own picture. */
  readonly index: number | null;
}

/** The current request to the networks: a new object after every change. */
export interface Wish {
  readonly image: ChosenImage;
  readonly attack: AttackInfo;
  readonly strength: number;
  /** The class that the attack aims at; null for any other than the true one. */
  readonly target: number | null;
  readonly seed: number;
}

/** Whether two requests differ in their strength at most. */
export const isSameAim = (one: Wish, other: Wish): boolean =>
  one.image === other.image &&
  one.attack === other.attack &&
  one.target === other.target &&
  one.seed === other.seed;
