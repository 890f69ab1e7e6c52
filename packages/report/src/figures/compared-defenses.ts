import { groupBy } from '../group-by.js';
import { slug } from '../slug.js';
import { list, strength as strengthText } from '../format.js';
import {
  detectorsOf,
  pointAt,
  type ComparedGroup,
  type ComparedNetwork,
} from '../model/compared-defenses.js';
import { errorAxis } from '../plot/error-axis.js';
import { linePanel, type Series } from '../plot/line-panel.js';
import { scatterPanel } from '../plot/scatter-panel.js';
import type { Panel } from '../plot/svg.js';
import { countsNote } from './series.js';

const symbols = { conv: 'circle', smoothing: 'square', unsharp: 'triangle' } as const;

/** For each group the errors of its networks, and the curves of its detectors. */
export const comparedPanels = (groups: readonly ComparedGroup[]): Panel[] =>
  groups.flatMap((group) => {
    const defended = group.networks.filter(({ number }) => number !== null);
    const panels = [...groupBy(defended, ({ plain }) => plain.long).values()];
    return [...panels.map((networks) => errorsPanel(group, networks)), ...detectionPanels(group)];
  });

/** The defences on one network, and every network without one. */
function errorsPanel(group: ComparedGroup, defended: readonly ComparedNetwork[]): Panel {
  const { id, title, shown } = group;
  const [{ plain: network }] = defended;
  const networks = [...group.networks.filter(({ number }) => number === null), ...defended];
  const at = strengthText(shown);
  const points = networks.map((network) => {
    const point = pointAt(network, shown);
    const doubt = network.masking === 'doubtful' ? ' ?' : '';
    return {
      label: `${network.number ?? network.plain.short}${doubt}`,
      kind: network.plain.kind,
      symbol: symbols[network.plain.kind],
      x: network.clean.mean,
      y: point?.adaptive?.mean ?? null,
      other: point?.static?.mean ?? null,
      interval: point?.adaptive?.interval,
      isReference: network.number === null,
    };
  });
  const named = networks.map(({ defense, plain }) => `${defense ?? 'no defence'} on ${plain.short}`);
  const text = points.map(({ x, y, other }, i) => {
    const shares = [
      y !== null && `adaptive ${y.toFixed(1)} %`,
      other !== null && `static ${other.toFixed(1)} %`,
    ];
    return `${named[i]}: clean error ${x.toFixed(1)} %, ${list(shares.filter((share) => share !== false))}`;
  });
  return scatterPanel({
    id: `defenses-${id}-${slug(network.short)}`,
    row: id,
    title: `${title}, defences on ${network.short}: error under attack at L∞ ε = ${at} against the error on clean images`,
    description: `${text.join('; ')}.`,
    heading: `${title}: defences on ${network.short}`,
    key: '○ static, ● adaptive; numbers: see the table',
    xLabel: 'error on clean images, %',
    yLabel: `error under attack, %, L∞ ε = ${at}`,
    yDomain: errorAxis(
      points.flatMap(({ y, other, interval }) =>
        [y, other, interval?.low, interval?.high].filter((value) => value !== null && value !== undefined),
      ),
    ),
    points,
  });
}

/** Detected against rejected clean images, static and adaptive. */
function detectionPanels(group: ComparedGroup): Panel[] {
  const { id, title, shown } = group;
  const at = strengthText(shown);
  const series = detectorsOf(group).flatMap(({ network, rejection, curves }): Series[] =>
    (['static', 'adaptive'] as const).flatMap((by) => {
      const points = (curves[by]?.points ?? []).flatMap(({ detectedPercent }, i) =>
        detectedPercent === null
          ? []
          : [{ x: rejection.clean[i].rejectedPercent, y: detectedPercent, sd: null }],
      );
      if (points.length === 0) return [];
      const short = `${network.number} ${by}`;
      return [
        {
          name: { ...network.plain, short, alternating: by === 'static' },
          symbol: symbols[network.plain.kind],
          points: [{ x: 0, y: 0, sd: null }, ...points].sort((a, b) => a.x - b.x),
          marked: points,
        },
      ];
    }),
  );
  if (series.length === 0) return [];
  return [
    linePanel({
      id: `detection-${id}`,
      row: id,
      title: `${title}: detected images against rejected clean ones, L∞ ε = ${at}`,
      description: `Lines of the share of wrongly classified images that are rejected. ${list(
        series.map(
          ({ name, points }) =>
            `${name.short}: ${points.at(-1)!.y.toFixed(1)} % at ${points.at(-1)!.x.toFixed(1)} %`,
        ),
      )}.`,
      heading: 'Detectors',
      note: countsNote([1]),
      key: 'dashed: static',
      xLabel: 'rejected clean images, %',
      yLabel: `rejected of the wrongly classified images, %, L∞ ε = ${at}`,
      yDomain: [0, 100],
      series,
    }),
  ];
}

/** What to look at. */
export const comparedCaption = (groups: readonly ComparedGroup[]): string =>
  [
    'Further left and further down is better. Filled marks: the worst of all attacks for each image, those that know the defence among them. Rings: FGSM by somebody who doesn’t know what is put around the network.',
    'A long line between the two is a defence that protects against those who don’t know it. Circles are convolutions, squares smoothing and triangles unsharp weight maps; the large, named marks have no defence.',
    'The wide bar is Wilson’s 95 % interval over the test images of a single trial. The axis of clean errors is logarithmic; errors below 0.1 % are drawn there.',
    groups.some(({ networks }) => networks.some(({ masking }) => masking === 'doubtful')) &&
      '?: there are signs that attacks fail, so the true error is higher.',
    groups.some((group) => detectorsOf(group).length > 0) &&
      'Detectors: a rejected image is an error if it is clean, and none if it is attacked; the threshold rejects 5 % of the clean validation images. The last panel has other thresholds.',
  ]
    .filter(Boolean)
    .join(' ');
