import { variants, type BenchmarkVariant } from '@weightmap/architectures';
import type { ImageSpec } from '@weightmap/core';
import { datasets } from '@weightmap/datasets';
import { unknownName } from '../terminal/nearest.js';

/** The network and the images of a case. */
export interface NetworkCase {
  readonly variant: BenchmarkVariant;
  /** Id of the dataset. */
  readonly dataset: string;
  /** Shape and classes of the images that it takes. */
  readonly spec: ImageSpec;
}

/**
 * The network of a case: `<variant>@<dataset>`, or `<variant>` for the first dataset that the paper reports it on.
 *
 * @throws WeightmapError if there is no such variant or no such dataset.
 */
export function networkCase(name: string): NetworkCase {
  const [id, chosen] = splitAtSign(name);
  const variant = variants.find((known) => known.id === id);
  const ids = variants.map((known) => known.id);
  if (!variant) throw unknownName('case', id, ids, '--cases');
  const dataset = chosen ?? variant.datasets[0];
  const loader = Object.values(datasets).find((known) => known.id === dataset);
  if (!loader) throw unknownName('dataset', dataset, Object.keys(datasets), '--cases');
  return { variant, dataset, spec: loader.spec };
}

function splitAtSign(name: string): [id: string, dataset: string | undefined] {
  const at = name.indexOf('@');
  return at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
}
