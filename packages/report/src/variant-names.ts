import { architectureLabels, variants } from '@weightmap/architectures/variants';
import type { LayerKind, VariantNames } from '@weightmap/core';
import { plainVariant, type CellConfig } from '@weightmap/records';

/** How a variant is shown in tables and figures. */
export interface VariantName {
  /** In tables and sentences: `CNN, smoothing 32`. */
  readonly long: string;
  /** Where its architecture is named beside it, as in a panel's title: `smoothing 32`. */
  readonly short: string;
  /** The kind of its layers: decides its colour. Of an alternating variant the kind that takes turns with convolutions. */
  readonly kind: LayerKind;
  /** Whether two kinds of layers take turns: drawn dashed. */
  readonly alternating: boolean;
  /** The name of its architecture: `CNN`. */
  readonly architecture: string;
}

/**
 * The name of a variant: the benchmark's own by its id, a plugin's by the names that its record holds.
 *
 * @param names `names` of the cell's configuration. A variant without them that is not the benchmark's is called by its id.
 */
export function variantName(id: string, names?: CellConfig['names']): VariantName {
  const own = variants.find((variant) => variant.id === id);
  if (own) return nameFrom(own, architectureLabels[own.architecture]);
  if (names) return nameFrom(names, names.architecture);
  if (plainVariant(id) !== id) return withDefense(variantName(plainVariant(id)), id);
  return { long: id, short: id, kind: 'conv', alternating: false, architecture: id };
}

const nameFrom = ({ label, shortLabel, kinds }: VariantNames, architecture: string): VariantName => ({
  long: label,
  short: shortLabel,
  kind: kinds[kinds.length - 1],
  alternating: kinds.length > 1,
  architecture,
});

/** The name of a variant without the names of its record: the plain variant's, and the id of the defence. */
function withDefense(plain: VariantName, id: string): VariantName {
  const defense = id.slice(id.indexOf('+') + 1).replaceAll('+', ', ');
  return { ...plain, long: `${plain.long} + ${defense}`, short: `${plain.short} + ${defense}` };
}

/** Id of the architecture of one of the benchmark's variants; of another variant, its own id. */
export const architectureOf = (id: string): string =>
  variants.find((variant) => variant.id === plainVariant(id))?.architecture ?? id;
