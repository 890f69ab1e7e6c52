/** One attack at one strength. */
export interface AttackedPoint {
  readonly strength: number;
  /** Of each image, in order: `1` if it is misclassified under the attack, `0` if it stands. */
  readonly fooled: string;
  /** Mean over the images that the attack changed; null if it changed none. */
  readonly meanLinf: number | null;
  readonly meanL2: number | null;
}
