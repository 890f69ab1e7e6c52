import { normLabels, strengthLabel, type AttackInfo, type NormName } from '@weightmap/core';
import { testErrorInterval } from '@weightmap/metrics';
import { placeName, worstOn, type AttackedRun, type AttackedSummary } from '@weightmap/records';
import { NONE, strength as strengthText } from '../format.js';

/** A norm as people write it. */
export const normText = (norm: string): string => normLabels[norm as NormName] ?? norm;

type Measured = Pick<AttackedSummary['attacks'][number], 'norm' | 'measure'>;

/** The heading of a column or an axis of strengths: `L2 ε`, `β`. */
export const measureText = ({ norm, measure }: Measured): string =>
  strengthLabel({ norm, strengthUnit: measure } as Pick<AttackInfo, 'norm' | 'strengthUnit'>);

/** `L2 ε 0.5` */
export const strengthHead = (measured: Measured, strength: number): string =>
  `${measureText(measured)} ${strengthText(strength)}`;

const LINF: Measured = { norm: 'linf', measure: 'epsilon' };

/** `71.0 [65, 77]`: a share of the images with Wilson's 95 % interval over them. */
export function shareText(accuracyPercent: number, images: number): string {
  const { low, high } = testErrorInterval(accuracyPercent, images);
  return `${accuracyPercent.toFixed(1)} [${Math.round(low)}, ${Math.round(high)}]`;
}

/** The threshold that networks with a rejection are compared at: percent of clean validation images that it rejects. */
export const COMPARED_AT = 5;

/** At stronger attacks, where every network of the data keeps less than this, differences say nothing. */
const LEAST_ACCURACY = 5;

/**
 * The strength that a table of one strength shows: the largest at which a network of the data still classifies 5 % of the
 * images rightly under the worst attack of that norm, the smallest if none does.
 */
function shownStrength(
  cells: readonly AttackedSummary[],
  { norm, points }: AttackedSummary['attacks'][number],
): number {
  const strengths = points.map(({ strength }) => strength).sort((a, b) => a - b);
  const keeps = (at: number) =>
    cells.some(({ attacks }) => {
      const accuracies = attacks
        .filter((attack) => attack.norm === norm)
        .flatMap((attack) => attack.points.filter(({ strength }) => strength === at))
        .map(({ accuracyPercent }) => accuracyPercent);
      return accuracies.length > 0 && Math.min(...accuracies) >= LEAST_ACCURACY;
    });
  return strengths.findLast((at) => at > 0 && keeps(at)) ?? strengths.find((at) => at > 0) ?? strengths[0];
}

/**
 * Headings and rows of the accuracy at one strength, an attack a column; the same for terminal and report.
 *
 * @param nameOf what a row is called.
 */
export function attackRows(
  { cells }: AttackedRun,
  nameOf: (cell: AttackedSummary) => string = placeName,
): { head: string[]; rows: string[][] } {
  const columns = new Map(
    cells.flatMap((cell) =>
      cell.attacks.map((attack) => {
        const { id, label, norm, measure } = attack;
        const at = shownStrength(
          cells.filter(({ dataset }) => dataset === cell.dataset),
          attack,
        );
        return [
          `${id} ${at}`,
          { id, at, norm, head: `${label}, ${strengthHead({ norm, measure }, at)}` },
        ] as const;
      }),
    ),
  );
  const shown = [...columns.values()];
  const worst = [...new Set(shown.filter(({ norm }) => norm === 'linf').map(({ at }) => at))];
  const defended = worst.flatMap((at) => defendedColumns(cells, at));
  const share = (cell: AttackedSummary, point: { accuracyPercent: number; images?: number } | undefined) =>
    point ? shareText(point.accuracyPercent, point.images ?? cell.images) : NONE;
  return {
    head: [
      'accuracy, %',
      'clean',
      ...shown.map(({ head }) => head),
      ...worst.map((at) => `worst case, ${strengthHead(LINF, at)}`),
      ...defended.map(({ head }) => head),
      'masking',
    ],
    rows: cells.map((cell) => [
      nameOf(cell),
      shareText(cell.cleanAccuracyPercent, cell.images),
      ...shown.map(({ id, at }) =>
        share(
          cell,
          cell.attacks.find((attack) => attack.id === id)?.points.find(({ strength }) => strength === at),
        ),
      ),
      ...worst.map((at) =>
        share(
          cell,
          worstOn(cell, 'linf').find(({ strength }) => strength === at),
        ),
      ),
      ...defended.map(({ text }) => text(cell)),
      maskingText(cell),
    ]),
  };
}

/** A column of a run with defences. */
interface DefendedColumn {
  readonly head: string;
  readonly text: (cell: AttackedSummary) => string;
}

/**
 * Beside the worst case, which knows the defence, the attack that doesn't, and what a network that may reject images does at the threshold
 * of 5 % of the clean validation images; nothing in a run without defences.
 */
function defendedColumns(cells: readonly AttackedSummary[], at: number): DefendedColumn[] {
  const where = strengthHead(LINF, at);
  const columns: DefendedColumn[] = [];
  if (cells.some((cell) => cell.static))
    columns.push({
      head: `static, ${where}`,
      text: (cell) => {
        const point = cell.static?.points.find(({ strength }) => strength === at);
        return point ? shareText(point.accuracyPercent, cell.images) : NONE;
      },
    });
  if (cells.some((cell) => cell.rejection))
    columns.push({
      head: `with rejection, ${where}: static → worst case`,
      text: ({ rejection }) => {
        const kept = (['static', 'adaptive'] as const).map((by) => {
          const found = rejection?.attacked.find((one) => one.by === by && one.strength === at);
          const point = found?.points.find((one) => one.falsePositivePercent === COMPARED_AT);
          return point ? (100 - point.successPercent).toFixed(1) : NONE;
        });
        return rejection ? kept.join(' → ') : NONE;
      },
    });
  return columns;
}

/** Ids of the checks for masking with this verdict, each once. */
export const checksWith = (
  verdict: 'flagged' | 'undecided',
  reports: NonNullable<AttackedSummary['masking']>,
): string[] => [
  ...new Set(
    reports.flatMap(({ checks }) => checks.filter((check) => check.verdict === verdict).map(({ id }) => id)),
  ),
];

/** The result of the checks for masking, over all strengths on L∞. */
export function maskingText({ masking }: AttackedSummary): string {
  if (!masking) return 'not looked for';
  const of = (verdict: 'suspicious' | 'undecided' | 'believable') =>
    masking.filter((report) => report.verdict === verdict);
  const at = (reports: typeof masking) => reports.map(({ epsilon }) => strengthText(epsilon)).join(', ');
  const [suspicious, undecided, believable] = [of('suspicious'), of('undecided'), of('believable')];
  if (suspicious.length > 0)
    return `signs at ε ${at(suspicious)}: ${checksWith('flagged', suspicious).join(', ')}`;
  if (undecided.length > 0)
    return `undecided at ε ${at(undecided)}: ${checksWith('undecided', undecided).join(', ')}`;
  return believable.length > 0 ? `no sign at ε ${at(believable)}` : 'not applicable';
}

export type TransferMatrix = NonNullable<AttackedRun['transfer']>[number];

export function transferRows({ pairs, images }: TransferMatrix): { head: string[]; rows: string[][] } {
  const names = [...new Set(pairs.map(({ from }) => from))];
  const find = (from: string, to: string) => pairs.find((pair) => pair.from === from && pair.to === to);
  return {
    head: ['made against', ...names],
    rows: names.map((from) => [
      from,
      ...names.map((to) => {
        const pair = find(from, to);
        return pair ? shareText(pair.accuracyPercent, images) : NONE;
      }),
    ]),
  };
}
