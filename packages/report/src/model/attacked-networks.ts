import {
  maskingVerdict,
  worstOn,
  type AttackedRun,
  type AttackedSummary,
  type MaskingVerdict,
} from '@weightmap/records';
import { groupBy } from '../group-by.js';
import { architectureOf, variantName, type VariantName } from '../variant-names.js';
import { slug } from '../slug.js';
import type { NamedArchitecture } from './benchmarks.js';
import { curve } from './summarise-variant.js';
import type { Benchmark, CurvePoint } from './summary.js';

/** One variant under attack, over its trials. */
export interface AttackedNetwork {
  readonly name: VariantName;
  readonly cells: readonly AttackedSummary[];
  readonly masking: MaskingVerdict;
  /** Its test error if each image meets the worst for it of all attacks on L∞ at a strength, from the clean one on; empty without any. */
  readonly worst: readonly CurvePoint[];
}

/** Networks of one architecture on the same data. */
export interface AttackedGroup {
  /** Fit for an anchor and a file name. */
  readonly id: string;
  /** Of the data. */
  readonly title: string;
  readonly architecture: NamedArchitecture;
  /** Number of classes of the data; null where the run has no record of it. */
  readonly classes: number | null;
  readonly networks: readonly AttackedNetwork[];
}

/** The attacked networks that are drawn together, in the order of the run. */
export function attackedGroups(
  { cells }: AttackedRun,
  benchmarks: readonly Pick<Benchmark, 'conditions' | 'title' | 'variants'>[],
): AttackedGroup[] {
  const recorded = benchmarks.flatMap(({ variants }) => variants);
  const known = (variant: string): { architecture: string; name: VariantName } =>
    recorded.find((one) => one.variant === variant) ?? {
      architecture: architectureOf(variant),
      name: variantName(variant),
    };
  const groups = groupBy(cells, ({ dataset, variant }) => `${dataset}/${known(variant).architecture}`);
  return [...groups.values()].map((members) => {
    const [{ dataset, variant }] = members;
    const { architecture, name } = known(variant);
    const benchmark = benchmarks.find(({ conditions }) => conditions.dataset.id === dataset);
    return {
      id: slug(`${dataset}-${architecture}`),
      title: benchmark?.title ?? dataset,
      architecture: { id: slug(architecture), label: name.architecture },
      classes: benchmark?.conditions.dataset.classes ?? null,
      networks: [...groupBy(members, (cell) => cell.variant).values()].map((trials) =>
        networkOf(trials, known(trials[0].variant).name),
      ),
    };
  });
}

function networkOf(cells: readonly AttackedSummary[], name: VariantName): AttackedNetwork {
  const verdicts = cells.map(maskingVerdict);
  return {
    name,
    cells,
    masking: verdicts.includes('doubtful')
      ? 'doubtful'
      : verdicts.includes('believable')
        ? 'believable'
        : 'unknown',
    worst: errorCurve(cells, (cell) => worstOn(cell, 'linf')),
  };
}

/** The test error of some cells, from the clean images on, over the trials; empty if none of them has such points. */
export function errorCurve(
  cells: readonly AttackedSummary[],
  pointsOf: (
    cell: AttackedSummary,
  ) => readonly { readonly strength: number; readonly accuracyPercent: number }[] | undefined,
): CurvePoint[] {
  const points = cells.flatMap((cell) => {
    const attacked = (pointsOf(cell) ?? []).filter(({ strength }) => strength > 0);
    return attacked.length > 0
      ? [{ strength: 0, accuracyPercent: cell.cleanAccuracyPercent }, ...attacked]
      : [];
  });
  return curve(points.map(({ strength, accuracyPercent }) => [strength, 100 - accuracyPercent]));
}
