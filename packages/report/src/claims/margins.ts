import { paperRow, type PaperDataset } from '../paper-values.js';

/**
 * How much two test errors may differ and still be “about the same”: the larger of the deviations that the paper prints
 * for the two rows, in percentage points. The paper names no margin; all pairs that it calls similar are within this one.
 *
 * @throws Error if the paper has no such row: the margin is asked for rows of the paper only.
 */
export function errorMargin(dataset: PaperDataset, one: string, other: string): number {
  const [a, b] = [one, other].map((variant) => {
    const row = paperRow(dataset, variant);
    if (!row) throw new Error(`The paper has no row ${variant} on ${dataset}.`);
    return row.plusMinus;
  });
  return Math.max(a, b);
}

/**
 * How much two curves may differ and still be “alike”: percentage points of the mean error over the informative strengths
 * (chosen). The paper judges curves by the eye, on axes of 0 to 100 %, where lines this near look like one.
 */
export const CURVE_MARGIN = 2;

/** A network performs poorly under FGSM if it misclassifies more than this share of the images at ε = 8/255 (chosen). */
export const POOR_PERCENT = 50;
