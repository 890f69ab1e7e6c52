import { benchmarkRows, buildVariant, findVariant } from '@weightmap/architectures';
import { datasets } from '@weightmap/datasets';
import { flops, trainableParameters } from '@weightmap/metrics';
import { startEngine } from '@weightmap/engine';
import { Command } from 'commander';
import { unknownName } from '../_nearest.js';
import { alignColumns } from '../_columns.js';

/** One row of the benchmark, as `weightmap list --json` prints it. */
interface ListedVariant {
  id: string;
  dataset: string;
  architecture: string;
  variant: string;
  /** Trainable. */
  parameters: number;
  /** An image: the paper's convention, and what is really executed. */
  flops: { paper: number; executed: number };
}

export function listCommand(): Command {
  return new Command('list')
    .description('the rows of the benchmark, with parameters and FLOPs')
    .option('--json', 'an array for programs')
    .addHelpText('after', '\nExample:\n  weightmap list --json | jq ".[].id"')
    .action(async ({ json }: { json?: boolean }) => {
      // Only shapes are needed here: no reason to load TensorFlow.
      await startEngine({ engine: 'cpu' });
      const rows = benchmarkRows.map(({ variant, dataset }) => describe(variant, dataset));
      if (json) console.log(JSON.stringify(rows, null, 2));
      else console.log(table(rows));
    });
}

function describe(id: string, dataset: string): ListedVariant {
  const loader = Object.values(datasets).find((known) => known.id === dataset);
  if (!loader) throw unknownName('dataset', dataset, Object.keys(datasets));
  const model = buildVariant(id, { spec: loader.spec, seed: 0 });
  try {
    const { architecture, label } = findVariant(id);
    return {
      id,
      dataset,
      architecture,
      variant: label,
      parameters: trainableParameters(model),
      flops: flops(model),
    };
  } finally {
    model.dispose();
  }
}

const millions = (operations: number) => (operations / 1e6).toFixed(2);

const table = (rows: readonly ListedVariant[]) =>
  alignColumns(
    [
      ['id', 'dataset', 'parameters', 'MFLOPs (paper)', 'MFLOPs (executed)', 'variant'],
      ...rows.map(({ id, dataset, parameters, flops: { paper, executed }, variant }) => [
        id,
        dataset,
        parameters.toLocaleString('en'),
        millions(paper),
        millions(executed),
        variant,
      ]),
    ],
    { right: [2, 3, 4] },
  );
