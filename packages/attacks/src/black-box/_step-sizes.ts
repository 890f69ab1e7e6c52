import * as tf from '@tensorflow/tfjs';

/** The number of recent steps around the image, and of recent whole steps, that are counted. */
const [AROUND, WHOLE] = [100, 30];

/**
 * Adapts the step sizes of the boundary attack, for each image. With f the factor of adaptation,
 *
 * - if more than half of 100 steps around the image are adversarial, the boundary is flat there: σ and ε are multiplied by
 *   f; if fewer than 20 %, both are divided by f;
 * - if more than 25 % of 30 whole steps are adversarial, ε is multiplied by f; if fewer than 10 %, it is divided by f.
 *
 * After a change the counting restarts.
 */
export class StepSizes {
  private readonly sizes: { spherical: number; source: number; around: number[]; whole: number[] }[];
  private readonly factor: number;

  constructor(
    batch: number,
    { spherical, source, adaptation }: { spherical: number; source: number; adaptation: number },
  ) {
    this.sizes = Array.from({ length: batch }, () => ({ spherical, source, around: [], whole: [] }));
    this.factor = adaptation;
  }

  /**
   * Counts one step.
   *
   * @param around [batch], 1 if the step around the image is adversarial.
   * @param whole [batch], 1 if the whole step is.
   */
  count(around: ArrayLike<number>, whole: ArrayLike<number>): void {
    this.sizes.forEach((image, i) => {
      image.around = [...image.around, around[i]].slice(-AROUND);
      image.whole = [...image.whole, whole[i]].slice(-WHOLE);
      const changed = this.changeFor(image.around, { length: AROUND, most: 0.5, least: 0.2 });
      if (changed !== 1) {
        image.spherical *= changed;
        image.source *= changed;
        image.around = [];
      }
      const nearer = this.changeFor(image.whole, { length: WHOLE, most: 0.25, least: 0.1 });
      if (nearer !== 1) {
        image.source *= nearer;
        image.whole = [];
      }
    });
  }

  /** The current sizes, [batch] each; the caller's. */
  tensors(): { spherical: tf.Tensor1D; source: tf.Tensor1D } {
    return {
      spherical: tf.tensor1d(this.sizes.map(({ spherical }) => spherical)),
      source: tf.tensor1d(this.sizes.map(({ source }) => source)),
    };
  }

  private changeFor(
    counted: readonly number[],
    { length, most, least }: { length: number; most: number; least: number },
  ): number {
    if (counted.length < length) return 1;
    const share = counted.reduce((sum, hit) => sum + hit, 0) / length;
    if (share > most) return this.factor;
    return share < least ? 1 / this.factor : 1;
  }
}
