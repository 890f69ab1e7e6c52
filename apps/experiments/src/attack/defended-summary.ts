import { lessSuspicious, rejectionAt, rejectionAuc } from '@weightmap/metrics';
import type { AttackedSummary, RejectionRecord } from '@weightmap/records';
import { membersOf } from './_ensemble.js';
import { accuracyOf, type AttackedPoint } from './part-results.js';
import { FALSE_POSITIVES, type CleanScores } from './rejection.js';
import type { AttackedCell } from './summary.js';

type DefendedSummary = Pick<AttackedSummary, 'trainingGradients' | 'static' | 'adaptive' | 'rejection'>;

/** What is said of a network in a run with defences, beside its attacks: nothing in other runs. */
export function defendedSummary(measured: AttackedCell): DefendedSummary {
  const { classes, attacks, cost, static: made, rejection, withstands } = measured;
  return {
    ...(cost !== undefined && { trainingGradients: cost }),
    ...(made && {
      static: {
        attack: made.id,
        label: made.label,
        points: made.points.map(({ strength, fooled }) => ({
          strength,
          accuracyPercent: accuracyOf(fooled),
        })),
      },
    }),
    ...(withstands && {
      adaptive: withstands.map((attack) => ({
        attack,
        // Within an ensemble it attacks the images that are left: for the worst case that is the same.
        ran: attacks.some(({ attack: { id } }) => id === attack || membersOf(id, classes).includes(attack)),
      })),
    }),
    ...(rejection && { rejection: rejectionRecord(rejection, measured) }),
  };
}

/** How the detector does at each threshold, by attacker and strength. */
function rejectionRecord(
  scores: CleanScores,
  { attacks, withoutWorst = [], static: made }: AttackedCell,
): RejectionRecord {
  const percents = FALSE_POSITIVES.map((rate) => 100 * rate);
  const onLinf = withoutWorst.includes('linf')
    ? []
    : attacks.filter(({ attack }) => attack.norm === 'linf').flatMap(({ points }) => points);
  const strengthsOf = (points: readonly AttackedPoint[]) =>
    [...new Set(points.map(({ strength }) => strength))].sort((a, b) => a - b);
  const scored = (by: 'static' | 'adaptive', points: readonly AttackedPoint[]) =>
    strengthsOf(points).map((strength) => {
      const found = points.filter((point) => point.strength === strength);
      // Over the first images, which all of the attacks have.
      const count = Math.min(scores.wrong.length, ...found.map(({ fooled }) => fooled.length));
      const wrong = found.reduce(
        (least, point) => least.map((one, i) => lessSuspicious(one, point.wrong?.[i] ?? null)),
        scores.wrong.slice(0, count),
      );
      const judged = { clean: scores.suspicion.slice(0, count), wrong };
      return {
        by,
        strength,
        ...(count < scores.wrong.length && { images: count }),
        wrongImages: wrong.filter((suspicion) => suspicion !== null).length,
        auc: rejectionAuc(judged),
        points: scores.thresholds.map((threshold, i) => {
          const { successPercent, detectedPercent } = rejectionAt(judged, threshold);
          return { falsePositivePercent: percents[i], successPercent, detectedPercent };
        }),
      };
    });
  return {
    validationImages: scores.validationImages,
    clean: scores.thresholds.map((threshold, i) => {
      const rejected = scores.suspicion.map((suspicion) => suspicion > threshold);
      const right = rejected.filter((isRejected, image) => !isRejected && scores.wrong[image] === null);
      return {
        falsePositivePercent: percents[i],
        rejectedPercent: (100 * rejected.filter(Boolean).length) / rejected.length,
        accuracyPercent: (100 * right.length) / rejected.length,
      };
    }),
    attacked: [...scored('static', made?.points ?? []), ...scored('adaptive', onLinf)],
  };
}
