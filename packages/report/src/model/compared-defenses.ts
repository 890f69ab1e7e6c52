import { testErrorInterval } from '@weightmap/metrics';
import {
  defenseNamed,
  maskingVerdict,
  plainVariant,
  worstOn,
  type AttackedSummary,
  type MaskingVerdict,
} from '@weightmap/records';
import { groupBy } from '../group-by.js';
import { variantName, type VariantName } from '../variant-names.js';
import { COMPARED_AT } from './attack-table.js';
import type { AttackedGroup, AttackedNetwork } from './attacked-networks.js';
import { spread, type Spread } from './statistics.js';

/** An error over the trials, and for a single one Wilson's 95 % interval over the test images. */
export interface ComparedError extends Spread {
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Test images of each trial. */
  readonly images: number;
}

/** A network under the attackers of one strength. */
export interface ComparedPoint {
  /** On L∞. */
  readonly strength: number;
  /** Under an attacker who doesn't know the defence; null if it was not measured. */
  readonly static: ComparedError | null;
  /** In the worst case of all attacks on the defended network; null if there is none. */
  readonly adaptive: ComparedError | null;
  /** Of a detector: area under the ROC curve, 0 … 1, and SR@50; null if it was not measured. */
  readonly detection: {
    readonly [attacker in 'static' | 'adaptive']: {
      readonly auc: Spread | null;
      readonly success50: Spread;
    } | null;
  };
}

/** A defence on a network, or the network without one, over its trials. */
export interface ComparedNetwork {
  /** Number of the defence in figure and table, from 1; null without a defence. */
  readonly number: number | null;
  /** What the defence is called; null without one. */
  readonly defense: string | null;
  /** The network that is defended. */
  readonly plain: VariantName;
  readonly name: VariantName;
  readonly cells: readonly AttackedSummary[];
  /** On clean images; of a detector, a rejected one counts as an error. */
  readonly clean: ComparedError;
  /** One for each strength on L∞, ascending. */
  readonly points: readonly ComparedPoint[];
  /** Share of clean test images that a detector rejects at the threshold of 5 % of the validation images. */
  readonly falsePositives: Spread | null;
  /** Gradients of single images that its training took; null if it isn't known. */
  readonly gradients: number | null;
  readonly masking: MaskingVerdict;
  /** Attacks that the defence must withstand and that did not run. */
  readonly notRun: readonly string[];
}

/** The defended networks of one architecture on the same data, with the plain ones beside them. */
export interface ComparedGroup {
  /** Fit for an anchor and a file name. */
  readonly id: string;
  /** Architecture and data. */
  readonly title: string;
  /** Test images of each network. */
  readonly images: number;
  /** The strength that figure and table show. */
  readonly shown: number;
  /** Plain networks first. */
  readonly networks: readonly ComparedNetwork[];
}

/** At stronger attacks, where every network keeps less than this, differences say nothing. */
const LEAST_ACCURACY = 5;

/** The groups in which some networks have a defence: none in a run without defences. */
export function comparedGroups(groups: readonly AttackedGroup[]): ComparedGroup[] {
  const all = groups.flatMap(({ networks }) => networks.map(defenseOf).filter((name) => name !== null));
  const numbers = new Map([...new Set(all)].map((name, i) => [name, i + 1]));
  return groups.flatMap((group) => {
    if (!group.networks.some((network) => defenseOf(network) !== null)) return [];
    const networks = group.networks.map((network) => compared(network, numbers));
    const plainFirst = [...networks].sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
    const strengths = [...new Set(networks.flatMap(({ points }) => points.map(({ strength }) => strength)))];
    if (strengths.length === 0) return [];
    return [
      {
        id: group.id,
        title: `${group.architecture.label} on ${group.title}`,
        images: group.networks[0].cells[0].images,
        shown: shownStrength(
          plainFirst,
          strengths.sort((a, b) => a - b),
        ),
        networks: plainFirst,
      },
    ];
  });
}

/** The largest strength at which a network keeps 5 % in the worst case; the smallest if none does. */
function shownStrength(networks: readonly ComparedNetwork[], strengths: readonly number[]): number {
  const keeps = (at: number) =>
    networks.some((network) => (pointAt(network, at)?.adaptive?.mean ?? 100) <= 100 - LEAST_ACCURACY);
  return strengths.findLast(keeps) ?? strengths[0];
}

/** The results of a network at one strength. */
export const pointAt = ({ points }: ComparedNetwork, at: number): ComparedPoint | undefined =>
  points.find(({ strength }) => strength === at);

/** What a network's defence is called: what its name has behind that of the plain network. Null without one. */
function defenseOf({ cells: [{ variant }], name }: AttackedNetwork): string | null {
  if (defenseNamed(variant) === null) return null;
  const [plain, joint] = [variantName(plainVariant(variant)).long, ' + '];
  return name.long.startsWith(plain + joint)
    ? name.long.slice(plain.length + joint.length)
    : name.long.slice(name.long.lastIndexOf(joint) + joint.length);
}

function compared(network: AttackedNetwork, numbers: ReadonlyMap<string, number>): ComparedNetwork {
  const { cells, name } = network;
  const defense = defenseOf(network);
  const strengths = [
    ...new Set(
      cells.flatMap((cell) => [...worstOn(cell, 'linf'), ...staticOf(cell)].map(({ strength }) => strength)),
    ),
  ].filter((strength) => strength > 0);
  const verdicts = cells.map(maskingVerdict);
  const costs = cells.flatMap(({ trainingGradients }) => trainingGradients ?? []);
  const rates = cells.flatMap(({ rejection }) => rejection?.clean.find(isCompared)?.rejectedPercent ?? []);
  return {
    number: defense === null ? null : numbers.get(defense)!,
    defense,
    plain: defense === null ? name : variantName(plainVariant(cells[0].variant)),
    name,
    cells,
    clean: errorOver(cells, cleanError)!,
    points: strengths
      .sort((a, b) => a - b)
      .map((strength) => ({
        strength,
        static: errorOver(cells, (cell) => errorAt(cell, 'static', strength)),
        adaptive: errorOver(cells, (cell) => errorAt(cell, 'adaptive', strength)),
        detection: {
          static: detectionAt(cells, 'static', strength),
          adaptive: detectionAt(cells, 'adaptive', strength),
        },
      })),
    falsePositives: rates.length > 0 ? spread(rates) : null,
    gradients: costs.length > 0 ? costs[0] : null,
    masking: verdicts.includes('doubtful') ? 'doubtful' : network.masking,
    notRun: [
      ...new Set(
        cells.flatMap(({ adaptive = [] }) => adaptive.filter(({ ran }) => !ran).map(({ attack }) => attack)),
      ),
    ],
  };
}

type Attacker = 'static' | 'adaptive';

const isCompared = (row: { readonly falsePositivePercent: number }) =>
  row.falsePositivePercent === COMPARED_AT;

/** The static attack; for a record without one FGSM, which for a plain network is the same. */
const staticOf = (
  cell: AttackedSummary,
): readonly { strength: number; accuracyPercent: number; images?: number }[] =>
  cell.static?.points ?? (cell.adaptive ? [] : (cell.attacks.find(({ id }) => id === 'fgsm')?.points ?? []));

/** The share of some images that a network gets wrong. */
interface Share {
  readonly percent: number;
  readonly images: number;
}

const cleanError = ({ rejection, cleanAccuracyPercent, images }: AttackedSummary): Share => ({
  percent: 100 - (rejection?.clean.find(isCompared)?.accuracyPercent ?? cleanAccuracyPercent),
  images,
});

function errorAt(cell: AttackedSummary, by: Attacker, strength: number): Share | undefined {
  const detected = attackedBy(cell, by, strength);
  const success = detected?.points.find(isCompared)?.successPercent;
  if (detected)
    return success === undefined ? undefined : { percent: success, images: detected.images ?? cell.images };
  const points = by === 'static' ? staticOf(cell) : worstOn(cell, 'linf');
  const point = points.find((one) => one.strength === strength);
  return point && { percent: 100 - point.accuracyPercent, images: point.images ?? cell.images };
}

const attackedBy = ({ rejection }: AttackedSummary, by: Attacker, strength: number) =>
  rejection?.attacked.find((one) => one.by === by && one.strength === strength);

function detectionAt(cells: readonly AttackedSummary[], by: Attacker, strength: number) {
  const found = cells.flatMap((cell) => attackedBy(cell, by, strength) ?? []);
  if (found.length === 0) return null;
  const aucs = found.flatMap(({ auc }) => auc ?? []);
  const at50 = found.flatMap(
    ({ points }) => points.find((point) => point.falsePositivePercent === 50)?.successPercent ?? [],
  );
  return { auc: aucs.length > 0 ? spread(aucs) : null, success50: spread(at50) };
}

function errorOver(
  cells: readonly AttackedSummary[],
  errorOf: (cell: AttackedSummary) => Share | undefined,
): ComparedError | null {
  const shares = cells.flatMap((cell) => errorOf(cell) ?? []);
  if (shares.length === 0) return null;
  const [{ percent, images }] = shares;
  const interval = shares.length === 1 ? testErrorInterval(percent, images) : null;
  return {
    ...spread(shares.map((share) => share.percent)),
    interval: interval && { low: interval.low, high: interval.high },
    images,
  };
}

/** The detectors of a group, with their curves at the shown strength. */
export const detectorsOf = ({ networks, shown }: ComparedGroup) =>
  [...groupBy(networks, ({ name }) => name.long).values()].flatMap(([network]) => {
    const [cell] = network.cells;
    const { rejection } = cell;
    if (!rejection) return [];
    const curveOf = (by: Attacker) => attackedBy(cell, by, shown);
    return [{ network, rejection, curves: { static: curveOf('static'), adaptive: curveOf('adaptive') } }];
  });
