import type { AttackedSummary } from '@weightmap/records';
import { list, percent, strength } from '../format.js';
import { measureText } from '../model/attack-table.js';
import { errorCurve, type AttackedGroup, type AttackedNetwork } from '../model/attacked-networks.js';
import type { CurvePoint } from '../model/summary.js';
import { errorAxis } from '../plot/error-axis.js';
import { linePanel } from '../plot/line-panel.js';
import type { Panel } from '../plot/svg.js';
import { landmarkIn, ticksOf } from './_strengths.js';
import { countsNote, symbolOf } from './series.js';

/** One attack on some networks, or the worst case of each image. */
export interface AttackCurves {
  readonly id: string;
  readonly label: string;
  readonly norm: string | null;
  /** What its strength is called. */
  readonly measure: string;
  readonly isWorst: boolean;
  readonly curves: readonly { readonly network: AttackedNetwork; readonly points: readonly CurvePoint[] }[];
}

/** The worst case first, then each attack in the order in which they were run; networks that were not attacked so have no curve. */
export function curvesOf({ networks }: AttackedGroup): AttackCurves[] {
  const attacks = new Map(
    networks.flatMap(({ cells }) =>
      cells.flatMap((cell) => cell.attacks.map((attack) => [attack.id, attack] as const)),
    ),
  );
  const drawn = (pointsOf: (network: AttackedNetwork) => readonly CurvePoint[]) =>
    networks
      .map((network) => ({ network, points: pointsOf(network) }))
      .filter(({ points }) => points.length > 0);
  const byAttack = (id: string) => (cell: AttackedSummary) =>
    cell.attacks.find((attack) => attack.id === id)?.points;
  return [
    {
      id: 'worst',
      label: 'Worst case',
      norm: 'linf',
      measure: 'epsilon',
      isWorst: true,
      curves: drawn(({ worst }) => worst),
    },
    ...[...attacks.values()].map(({ id, label, norm, measure }) => ({
      id,
      label,
      norm,
      measure,
      isWorst: false,
      curves: drawn(({ cells }) => errorCurve(cells, byAttack(id))),
    })),
  ].filter(({ curves }) => curves.length > 0);
}

/** A panel an attack, a row an architecture of each dataset. @param options.isOwn whether no run has trained the networks. */
export const attackPanels = (groups: readonly AttackedGroup[], { isOwn = false } = {}): Panel[] =>
  groups.flatMap((group) => {
    const attacks = curvesOf(group);
    // The panels of a row share their axis.
    const errors = attacks.flatMap(({ curves }) =>
      curves.flatMap(({ points }) => points.map(({ error }) => error)),
    );
    const yDomain = errorAxis(errors.flatMap(({ mean, sd }) => [mean - (sd ?? 0), mean + (sd ?? 0)]));
    return attacks.map((curves) => attackPanel(group, curves, { yDomain, isOwn }));
  });

const remarks = { believable: '✓', doubtful: '?', unknown: undefined } as const;

function attackPanel(
  group: AttackedGroup,
  { id, label, norm, measure, isWorst, curves }: AttackCurves,
  { yDomain, isOwn }: { readonly yDomain: readonly [number, number]; readonly isOwn: boolean },
): Panel {
  const named = curves.map(({ network }) => network);
  const xs = [...new Set(curves.flatMap(({ points }) => points.map(({ strength: x }) => x)))];
  xs.sort((a, b) => a - b);
  const where = `${group.architecture.label} on ${group.title}`;
  const symbol = measureText({ norm, measure });
  return linePanel({
    id: `attacks-${group.id}-${id}`,
    row: group.id,
    title: `${where}: test error, ${isWorst ? 'worst case of all attacks on L∞' : `under ${label}`}`,
    description: `Lines of test error, ${yDomain.join(' to ')} %, against ${symbol}. ${list(curves.map(endText))}.`,
    heading: label,
    // A network of no run has no trials to count.
    note: isOwn ? '' : countsNote(named.map(({ cells }) => cells.length)),
    ...(isWorst && named.some(({ masking }) => masking === 'doubtful') && { key: '?: signs of masking' }),
    xLabel: `${symbol}${norm === 'linf' ? ', pixel units' : ''}`,
    yLabel: `test error, %, ${where}`,
    yDomain,
    xTicks: ticksOf(xs),
    xFormat: strength,
    series: curves.map(({ network, points }, i) => ({
      name: network.name,
      symbol: symbolOf(named, network, i),
      points: points.map(({ strength: x, error }) => ({ x, y: error.mean, sd: error.sd })),
      ...(isWorst && {
        isDoubtful: network.masking === 'doubtful',
        remark: remarks[network.masking],
      }),
    })),
    ...(norm === 'linf' && landmarkIn(xs)),
  });

  function endText({ network, points }: AttackCurves['curves'][number]): string {
    const { strength: at, error } = points.at(-1)!;
    const doubt = isWorst && network.masking === 'doubtful' ? ' (with signs of masking)' : '';
    return `${network.name.short} ${percent(error.mean)} % at ${symbol} = ${strength(at)}${doubt}`;
  }
}

/** What to look at. */
export function attackCaption(groups: readonly AttackedGroup[], { isOwn = false } = {}): string {
  const networks = groups.flatMap((group) => group.networks);
  const has = (verdict: AttackedNetwork['masking']) => networks.some(({ masking }) => masking === verdict);
  const several = networks.some(({ cells }) => cells.length > 1);
  return [
    'Test error against the strength of each attack, from the error on the same images undisturbed, at 0.',
    'Look at the worst case first: each image meets whichever of the attacks on L∞ fools the network, so no single attack’s line lies above it.',
    has('believable') && '✓: no sign of masking was found.',
    has('doubtful') &&
      'Dots, hollow marks and ?: there are signs that attacks on the network fail, and that its true line lies higher.',
    !isOwn &&
      (several
        ? 'The band is ± one standard deviation over the trials; a network with one trial has none.'
        : 'Each line is a single trial, so there is no band.'),
  ]
    .filter(Boolean)
    .join(' ');
}
