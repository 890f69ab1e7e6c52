import type { Benchmark, VariantSummary } from './summary.js';

/** The variants that are drawn together, in the order of the paper. */
export function byArchitecture(
  benchmarks: readonly Benchmark[],
  wanted: (variant: VariantSummary) => boolean = () => true,
): { benchmark: Benchmark; architecture: string; variants: VariantSummary[] }[] {
  return benchmarks.flatMap((benchmark) => {
    const variants = benchmark.variants.filter(wanted);
    const architectures = [...new Set(variants.map(({ architecture }) => architecture))];
    return architectures.map((architecture) => ({
      benchmark,
      architecture,
      variants: variants.filter((variant) => variant.architecture === architecture),
    }));
  });
}

/** Every record, with the title of what it belongs to. */
export const eachRecord = (benchmarks: readonly Benchmark[]) =>
  benchmarks.flatMap(({ title, variants }) =>
    variants.flatMap(({ stored }) => stored.map(({ record }) => ({ title, record }))),
  );
