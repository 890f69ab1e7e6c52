import { meanInterval, testErrorInterval, type ConfidenceInterval } from '@weightmap/metrics';
import { list, meanSd, number, percent } from '../format.js';
import type { Conditions } from './likeness.js';
import type { Spread } from './statistics.js';
import type { Benchmark, Curve, VariantSummary } from './summary.js';

/** Number of test images that an error is measured on. */
export const imagesOf = ({ dataset, evaluation }: Conditions, condition: 'clean' | Curve): number =>
  condition === 'clean' ? dataset.test : Math.min(dataset.test, evaluation.robustnessImages ?? dataset.test);

/** Wilson's 95 % interval over the test images for an error of a single trial; null for several trials. */
export const imageInterval = (
  conditions: Conditions,
  condition: 'clean' | Curve,
  { n, mean }: Spread,
): ConfidenceInterval | null => (n > 1 ? null : testErrorInterval(mean, imagesOf(conditions, condition)));

/**
 * The 95 % interval of an error: Student's over the trials, or Wilson's over the test images for a single one.
 *
 * For a mean over several strengths Wilson's interval is a little too wide: the share of the strengths at which an image is
 * misclassified varies at most as much as a yes or no.
 */
export const errorInterval = (
  conditions: Conditions,
  condition: 'clean' | Curve,
  error: Spread,
): ConfidenceInterval => imageInterval(conditions, condition, error) ?? meanInterval(error.values);

/** `0.73 ± 0.03` over several trials; `0.85 [0.69, 1.05]` for one, the interval over the test images. */
export function errorText(conditions: Conditions, condition: 'clean' | Curve, error: Spread): string {
  const interval = imageInterval(conditions, condition, error);
  return interval ? `${percent(error.mean)} ${intervalText(interval)}` : meanSd(error);
}

/** `[0.69, 1.05]`; with one decimal where the interval is wider than a point. */
export function intervalText({ low, high }: Pick<ConfidenceInterval, 'low' | 'high'>): string {
  const digits = high - low < 1 ? 2 : 1;
  return `[${[low, high].map((end) => end.toFixed(digits).replace('-', '−')).join(', ')}]`;
}

const isSingle = ({ testError }: VariantSummary): boolean => testError.n === 1;

/** Which of the notations occur: `±`, `[ ]`, and over how many images; for below a table. */
export function notationNote({ conditions, variants }: Benchmark): string {
  const several = !variants.every(isSingle);
  const single = variants.some(isSingle);
  const [clean, curves] = [imagesOf(conditions, 'clean'), imagesOf(conditions, 'noise')];
  const hasCurves = variants.some(({ noise, fgsm }) => noise.length + fgsm.length > 0);
  const fewer = hasCurves && curves < clean ? ` (noise and FGSM: ${number(curves)})` : '';
  return list(
    [
      several ? '± standard deviation over n trials' : '',
      single
        ? `[ ] 95 % interval over ${number(clean)} test images${fewer}, one trial: the randomness of training is not covered`
        : '',
    ].filter(Boolean),
  );
}
