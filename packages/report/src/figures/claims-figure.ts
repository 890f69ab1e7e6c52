import * as Plot from '@observablehq/plot';
import type { Evidence, VerifiedClaim } from '../claims/index.js';
import { list } from '../format.js';
import { hairline, ink, mark, quiet } from '../plot/colours.js';
import { panelOf, type Panel } from '../plot/svg.js';

const WIDTH = 420;
const ROW = 27;
const MARGIN = { top: 62, right: 14, bottom: 16, left: 42 };
/** The axis reaches to this many halves of the interval; marks beyond are drawn at its end. */
const REACH = 4;
/** Between these a single trial is drawn: it has a direction and no interval. */
const DIRECTION = [0.15, 0.85] as const;

/** Every comparison of every claim in one picture: how clearly it agrees or disagrees. */
export function claimsPanels(claims: readonly VerifiedClaim[]): Panel[] {
  const shown = claims.filter(({ evidence }) => evidence.some(({ direction }) => direction !== null));
  if (shown.length === 0) return [];
  const id = (claim: VerifiedClaim) => claim.id;
  const comparisons = shown.flatMap((claim) =>
    placed(claim.evidence).map((comparison) => ({ ...comparison, claim: claim.id })),
  );
  type Comparison = (typeof comparisons)[number];
  const of = (wanted: (one: Evidence) => boolean) => comparisons.filter(({ one }) => wanted(one));
  const at = {
    x: ({ place }: Comparison) => place,
    y: ({ claim }: Comparison) => claim,
  };
  const words = (text: string, options: Plot.TextOptions) =>
    Plot.text([text], { text: (line: string) => line, fontSize: 12, fill: quiet, ...options });
  const height = MARGIN.top + MARGIN.bottom + ROW * shown.length;
  const marks = (['agrees', 'inconclusive', 'disagrees'] as const).flatMap((outcome) => {
    const fill = { agrees: ink, inconclusive: 'none', disagrees: mark }[outcome];
    const look = {
      ...at,
      symbol: outcome === 'disagrees' ? ('diamond2' as const) : ('circle' as const),
      r: outcome === 'disagrees' ? 4.2 : 3.4,
      fill,
      fillOpacity: 0.85,
      stroke: outcome === 'inconclusive' ? quiet : fill,
      strokeWidth: 1.2,
    };
    return [-1, 0, 1].map((row) =>
      Plot.dot(
        of((one) => one.direction !== null && one.outcome === outcome).filter(({ offset }) => offset === row),
        {
          ...look,
          dy: row * 6,
        },
      ),
    );
  });
  return [
    panelOf(
      {
        width: WIDTH,
        height,
        marginTop: MARGIN.top,
        marginRight: MARGIN.right,
        marginBottom: MARGIN.bottom,
        marginLeft: MARGIN.left,
        style: { fontSize: '12px', background: 'none', color: quiet, overflow: 'visible' },
        x: { domain: [-REACH - 0.3, REACH + 0.3], axis: null },
        y: { type: 'band', domain: shown.map(id), axis: null },
        marks: [
          Plot.rect([0], { x1: -1, x2: 1, y1: null, y2: null, fill: quiet, fillOpacity: 0.13 }),
          Plot.ruleX([0], { stroke: quiet, strokeWidth: 1 }),
          Plot.ruleY(shown, { y: id, stroke: hairline }),
          words('Comparisons of each claim', {
            frameAnchor: 'top-left',
            dx: 2 - MARGIN.left,
            dy: 12 - MARGIN.top,
            fontSize: 14,
            fontWeight: 'bold',
            fill: ink,
          }),
          words('← disagrees', { frameAnchor: 'top-left', dy: -24, fill: mark }),
          words('inconclusive', { frameAnchor: 'top', dy: -24 }),
          words('agrees →', { frameAnchor: 'top-right', dy: -24, fill: ink }),
          Plot.text(shown, {
            y: id,
            text: id,
            frameAnchor: 'left',
            dx: 2 - MARGIN.left,
            fontSize: 12,
            fontWeight: 600,
            fill: ink,
          }),
          ...marks,
        ],
      },
      {
        id: 'claims-all',
        title: 'The comparisons of each claim: agrees, inconclusive, or disagrees',
        description: list(
          shown.map(({ id: name, evidence, verdict }) => {
            const count = (outcome: Evidence['outcome']) =>
              evidence.filter((one) => one.outcome === outcome).length;
            return `${name} ${verdict}, ${count('agrees')} of ${evidence.length} comparisons agree and ${count('disagrees')} disagree`;
          }),
        ),
      },
    ),
  ];
}

interface Placed {
  readonly one: Evidence;
  readonly place: number;
  /** −1, 0 or 1: above, on or below the line. */
  readonly offset: number;
}

/** The place of each comparison: by its lead, or beside others of its direction. */
function placed(evidence: readonly Evidence[]): Placed[] {
  const known = evidence.filter(({ direction }) => direction !== null);
  const places = known.map((one) => {
    if (one.lead !== null) return { one, place: Math.max(-REACH, Math.min(REACH, one.lead)) };
    const alike = known.filter(({ lead, direction }) => lead === null && direction === one.direction);
    const [from, to] = DIRECTION;
    const along = from + ((to - from) * (alike.indexOf(one) + 0.5)) / alike.length;
    return { one, place: one.direction ? along : -along };
  });
  // Marks that would cover each other go above and below the line in turn.
  const last = new Map([0, -1, 1].map((offset) => [offset, Number.NEGATIVE_INFINITY]));
  return [...places]
    .sort((a, b) => a.place - b.place)
    .map(({ one, place }) => {
      const free =
        [...last].find(([, before]) => place - before > 0.2) ?? [...last].sort((a, b) => a[1] - b[1])[0];
      last.set(free[0], place);
      return { one, place, offset: free[0] };
    });
}
