import type { MaskingVerdict } from '@weightmap/records';
import type { Table } from '../csv.js';
import { count, list, NONE, short, strength as strengthText } from '../format.js';
import {
  pointAt,
  type ComparedError,
  type ComparedGroup,
  type ComparedNetwork,
  type ComparedPoint,
} from './compared-defenses.js';
import type { Spread } from './statistics.js';

const UNDEFENDED = 'none';

const maskingTexts: Readonly<Record<MaskingVerdict, string>> = {
  believable: 'no sign',
  doubtful: 'signs of masking',
  unknown: 'unknown',
};

/** `12.0 [10, 14]` for one trial, with Wilson's interval; `12.0 ± 0.4` over several. */
export function comparedText(error: ComparedError | null): string {
  if (!error) return NONE;
  const { mean, sd, interval } = error;
  if (interval) return `${mean.toFixed(1)} [${Math.round(interval.low)}, ${Math.round(interval.high)}]`;
  return sd === null ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${sd.toFixed(1)}`;
}

const areaText = (auc: Spread | null | undefined) => (auc ? auc.mean.toFixed(3) : NONE);

/** `4.8 %; AUC 0.981 → 0.412` */
function detectionText(network: ComparedNetwork, at: number): string {
  const detection = pointAt(network, at)?.detection;
  const { falsePositives } = network;
  if (!falsePositives || !detection) return NONE;
  const [unknowing, knowing] = [detection.static, detection.adaptive];
  return `${falsePositives.mean.toFixed(1)}; ${areaText(unknowing?.auc)} → ${areaText(knowing?.auc)}`;
}

/** `1000`, or `1000; 200 adaptive` where the attacks that know the defence got fewer. */
function imagesText({ clean: { images } }: ComparedNetwork, point: ComparedPoint | undefined): string {
  const attacked = point?.adaptive?.images ?? images;
  return attacked === images ? String(images) : `${images}; ${attacked} adaptive`;
}

const nameOf = ({ number, defense }: ComparedNetwork) =>
  number === null ? UNDEFENDED : `${number} ${defense}`;

/** Headings and rows at one strength, a network a row. */
export function comparedRows({ networks }: ComparedGroup, at: number): { head: string[]; rows: string[][] } {
  return {
    head: [
      ...['defence', 'network', 'clean error, %', 'error, static, %', 'error, adaptive, %'],
      ...['false positives, %; AUC static → adaptive', 'gradients of training', 'images', 'masking'],
    ],
    rows: networks.map((network) => {
      const point = pointAt(network, at);
      return [
        nameOf(network),
        network.plain.long,
        comparedText(network.clean),
        comparedText(point?.static ?? null),
        comparedText(point?.adaptive ?? null),
        detectionText(network, at),
        network.gradients === null ? NONE : short(network.gradients),
        imagesText(network, point),
        maskingTexts[network.masking],
      ];
    }),
  };
}

/** Which defended network has the lowest adaptive error, beside the networks without a defence; null if none was attacked. */
export function comparedHeadline({ networks, shown }: ComparedGroup): string | null {
  const measured = networks.flatMap((network) => {
    const error = pointAt(network, shown)?.adaptive;
    return error ? [{ network, error }] : [];
  });
  const defended = measured.filter(({ network }) => network.number !== null);
  if (defended.length === 0) return null;
  const best = defended.reduce((least, one) => (one.error.mean < least.error.mean ? one : least));
  const plain = measured
    .filter(({ network }) => network.number === null)
    .map(({ network, error }) => `${network.plain.long} ${comparedText(error)} %`);
  const remarks = [
    best.network.masking === 'doubtful' && ', with signs of masking',
    plain.length > 0 && `; without a defence: ${list(plain)}`,
  ];
  return [
    `At L∞ ε = ${strengthText(shown)}, ${best.network.defense!} on ${best.network.plain.long} has the lowest adaptive error`,
    ` of ${count(defended.length, 'defended network')}, ${comparedText(best.error)} %`,
    ...remarks.filter((remark) => remark !== false),
  ].join('');
}

/** One sentence for each defended network. */
export function comparedSentences({ networks, shown }: ComparedGroup): string[] {
  return networks
    .filter(({ number }) => number !== null)
    .map((network) => {
      const base = networks.find(({ number, plain }) => number === null && plain.long === network.plain.long);
      const without = (text: string | undefined) =>
        text === undefined ? '' : ` (${text} % without the defence)`;
      const [point, plain] = [network, base].map((one) => one && pointAt(one, shown));
      const shareOf = (error: ComparedError | null | undefined) => error?.mean.toFixed(1);
      const [known, unknown] = [shareOf(point?.adaptive), shareOf(point?.static)];
      const parts = [
        known !== undefined &&
          `attackers who know it fool it on ${known} % of the images${without(shareOf(plain?.adaptive))}`,
        unknown !== undefined && `one who doesn’t know it on ${unknown} %`,
      ].filter((part) => part !== false);
      const clean = `its error on clean images is ${shareOf(network.clean)} %${without(shareOf(base?.clean))}`;
      const remarks = [
        network.masking === 'doubtful' &&
          ' There are signs that attacks on it fail, so it may be weaker than this.',
        network.notRun.length > 0 &&
          ` Attacks that it must withstand and that were not run: ${list(network.notRun)}.`,
      ];
      return `${network.defense!} on ${network.plain.long}, L∞ ε = ${strengthText(shown)}: ${[parts.join(', '), clean].join('; ')}.${remarks.filter(Boolean).join('')}`;
    });
}

const ends = (error: ComparedError | null) => [
  error?.mean ?? null,
  error?.interval?.low ?? null,
  error?.interval?.high ?? null,
];

/** Every network at every strength; `low` and `high` are Wilson's 95 % interval over the test images of a single trial. */
export const comparedData = (groups: readonly ComparedGroup[]): Table => ({
  columns: [
    ...['dataset', 'variant', 'defence', 'number', 'trials', 'images', 'epsilon'],
    ...['clean', 'static', 'adaptive'].flatMap((name) => [
      `${name}_error_percent`,
      `${name}_low`,
      `${name}_high`,
    ]),
    ...[
      'false_positive_percent',
      'static_auc',
      'adaptive_auc',
      'static_success_at_50',
      'adaptive_success_at_50',
    ],
    ...['training_gradients', 'masking', 'not_run', 'adaptive_images'],
  ],
  rows: groups.flatMap(({ networks, images }) =>
    networks.flatMap((network) =>
      network.points.map((point) => [
        ...[network.cells[0].dataset, network.cells[0].variant, network.defense, network.number],
        ...[network.cells.length, images, point.strength],
        ...[network.clean, point.static, point.adaptive].flatMap(ends),
        network.falsePositives?.mean ?? null,
        ...(['static', 'adaptive'] as const).map((by) => point.detection[by]?.auc?.mean ?? null),
        ...(['static', 'adaptive'] as const).map((by) => point.detection[by]?.success50.mean ?? null),
        ...[network.gradients, network.masking, network.notRun.join(' '), point.adaptive?.images ?? null],
      ]),
    ),
  ),
});

/** Every threshold of every detector, of the first trial, at every strength. */
export const rejectionData = (groups: readonly ComparedGroup[]): Table => ({
  columns: [
    ...['dataset', 'variant', 'attacker', 'epsilon', 'false_positive_percent', 'clean_rejected_percent'],
    ...['success_percent', 'detected_percent', 'auc', 'wrong_images'],
  ],
  rows: groups.flatMap(({ networks }) =>
    networks.flatMap(({ cells: [{ dataset, variant, rejection }] }) =>
      (rejection?.attacked ?? []).flatMap(({ by, strength, auc, wrongImages, points }) =>
        points.map((point, i) => [
          ...[dataset, variant, by, strength, point.falsePositivePercent],
          rejection!.clean[i].rejectedPercent,
          ...[point.successPercent, point.detectedPercent, auc, wrongImages],
        ]),
      ),
    ),
  ),
});
