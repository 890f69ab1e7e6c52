import { benchmarkRows } from '@weightmap/architectures';
import type { PluginVariant } from '@weightmap/core';
import { flops, trainableParameters } from '@weightmap/metrics';
import { startEngine } from '@weightmap/engine';
import { Command } from 'commander';
import { alignColumns } from '@weightmap/report/text';
import { several } from '../terminal/option-types.js';
import { buildVariant, datasetLoader, findVariant, usedPlugins } from '../plugins/components.js';
import { pluginParts } from '../plugins/plugin-schema.js';
import type { LoadedPlugin } from '../plugins/load-plugin.js';
import { usePlugins } from '../plugins/stored-plugins.js';
import { print, printJson } from '../terminal/output.js';

/** A variant on a dataset, as `weightmap list --json` prints it. */
interface ListedVariant {
  id: string;
  dataset: string;
  architecture: string;
  variant: string;
  /** Trainable parameters. */
  parameters: number;
  /** FLOPs of a forward pass of one image: in the paper's convention, and as executed. */
  flops: { paper: number; executed: number };
}

export function listCommand(): Command {
  return new Command('list')
    .option('--plugin <file>', 'module with your own components; repeat for several', several)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  weightmap list --json | jq ".[].id"')
    .action(async ({ json, plugin }: { json?: boolean; plugin?: string[] }) => {
      // Only shapes are needed: TensorFlow isn't loaded.
      await startEngine({ engine: 'cpu' });
      await usePlugins(plugin);
      const own = usedPlugins().flatMap((used) => used.plugin.variants ?? []);
      const more = own.flatMap(({ id, datasets }) => datasets.map((dataset) => ({ variant: id, dataset })));
      const rows = [...benchmarkRows, ...more].map(({ variant, dataset }) => describe(variant, dataset));
      if (json) printJson(rows, { indent: 2 });
      else print([table(rows), ...usedPlugins().map(contents)].join('\n\n'));
    });
}

function describe(id: string, dataset: string): ListedVariant {
  const model = buildVariant(id, { spec: datasetLoader(dataset).spec, seed: 0 });
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

/** The components of a plugin, a line for each kind. */
const contents = ({ file, plugin }: LoadedPlugin) =>
  [
    `from ${file}:`,
    ...pluginParts.flatMap((part) => {
      const rows = plugin[part] ?? {};
      const ids = Array.isArray(rows) ? rows.map(({ id }: PluginVariant) => id) : Object.keys(rows);
      return ids.length > 0 ? `  ${part}: ${ids.join(', ')}` : [];
    }),
  ].join('\n');

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
