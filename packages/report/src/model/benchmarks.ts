import { slug } from '../slug.js';
import type { Benchmark, VariantSummary } from './summary.js';

/** An architecture and its name. */
export interface NamedArchitecture {
  /** Fit for an anchor and a file name. */
  readonly id: string;
  readonly label: string;
}

/** The variants that are drawn together, in the order of the paper. */
export function byArchitecture(
  benchmarks: readonly Benchmark[],
  wanted: (variant: VariantSummary) => boolean = () => true,
): { benchmark: Benchmark; architecture: NamedArchitecture; variants: VariantSummary[] }[] {
  return benchmarks.flatMap((benchmark) => {
    const variants = benchmark.variants.filter(wanted);
    const architectures = [...new Set(variants.map(({ architecture }) => architecture))];
    return architectures.map((id) => {
      const members = variants.filter((variant) => variant.architecture === id);
      const architecture = { id: slug(id), label: members[0].name.architecture };
      return { benchmark, architecture, variants: members };
    });
  });
}

/** Every record, with the title of its benchmark. */
export const eachRecord = (benchmarks: readonly Benchmark[]) =>
  benchmarks.flatMap(({ title, variants }) =>
    variants.flatMap(({ stored }) => stored.map(({ record }) => ({ title, record }))),
  );
