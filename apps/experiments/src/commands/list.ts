import { benchmarkRows } from '@weightmap/architectures';
import { messageOf, type Defense, type Flops, type PluginVariant } from '@weightmap/core';
import { trainableParameters } from '@weightmap/metrics';
import { startEngine } from '@weightmap/engine';
import { Command } from 'commander';
import { alignColumns } from '@weightmap/report/text';
import { several } from '../terminal/option-types.js';
import {
  buildVariant,
  countFlops,
  datasetLoader,
  defenseRows,
  findVariant,
  usedPlugins,
} from '../plugins/components.js';
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
  /** FLOPs of a forward pass of one image: in the paper's convention, and as executed; null if a layer can't be counted. */
  flops: Flops | null;
  /** Why there are no FLOPs. */
  flopsMissing?: string;
}

export function listCommand(): Command {
  return new Command('list')
    .option('--plugin <file>', 'module with your own components; repeat for several', several)
    .option('--defenses', 'the defences that `weightmap run --defense` takes, instead of the variants')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  weightmap list --json | jq ".[].id"\n  weightmap list --defenses')
    .action(async ({ json, plugin, defenses }: { json?: boolean; plugin?: string[]; defenses?: boolean }) => {
      if (defenses) {
        await usePlugins(plugin);
        const rows = Object.values(defenseRows());
        if (json) printJson(rows.map(describeDefense), { indent: 2 });
        else print(defenseTable(rows.map(describeDefense)));
        return;
      }
      // Only shapes are needed: TensorFlow isn't loaded.
      await startEngine({ engine: 'cpu' });
      await usePlugins(plugin);
      const own = usedPlugins().flatMap((used) => used.plugin.variants ?? []);
      const more = own.flatMap(({ id, datasets }) => datasets.map((dataset) => ({ variant: id, dataset })));
      const rows = [...benchmarkRows, ...more].map(({ variant, dataset }) => describe(variant, dataset));
      if (json) printJson(rows, { indent: 2 });
      else
        print(
          [table(rows), reasons(rows).join('\n'), ...usedPlugins().map(contents)]
            .filter(Boolean)
            .join('\n\n'),
        );
    });
}

/** A defence, as `weightmap list --defenses --json` prints it. */
const describeDefense = (row: Defense) => ({
  id: row.id,
  label: row.label,
  kinds: row.kinds,
  /** The options that are used unless others are given. */
  options: row.defaults,
  /** Gradients of the network that an image of a training step costs with them. */
  gradients: row.gradients(row.defaults),
  /** The attacks that know it. */
  adaptive: row.adaptive.map(({ attack }) => attack),
  source: row.source,
});

const defenseTable = (rows: readonly ReturnType<typeof describeDefense>[]) =>
  alignColumns(
    [
      ['id', 'kind', 'options', 'gradients', 'adaptive attacks', 'source'],
      ...rows.map(({ id, kinds, options, gradients, adaptive, source }) => [
        id,
        kinds.join(', '),
        optionsText(options),
        String(gradients),
        [...new Set(adaptive)].join(', '),
        source,
      ]),
    ],
    { right: [3], optional: [5, 3] },
  );

/** As `--defense` takes them. */
const optionsText = (options: object) =>
  Object.entries(options)
    .map(([name, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      return `${name}=${typeof value === 'number' ? Number(value.toPrecision(4)) : text}`;
    })
    .join(':');

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
      ...counted(() => countFlops(model)),
    };
  } finally {
    model.dispose();
  }
}

function counted(count: () => Flops): Pick<ListedVariant, 'flops' | 'flopsMissing'> {
  try {
    return { flops: count() };
  } catch (error) {
    return { flops: null, flopsMissing: messageOf(error) };
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

const millions = (operations?: number) => (operations === undefined ? '–' : (operations / 1e6).toFixed(2));

const reasons = (rows: readonly ListedVariant[]) =>
  rows.flatMap(({ id, dataset, flopsMissing }) =>
    flopsMissing ? [`${id} on ${dataset}: ${flopsMissing}`] : [],
  );

const table = (rows: readonly ListedVariant[]) =>
  alignColumns(
    [
      ['id', 'dataset', 'parameters', 'MFLOPs (paper)', 'MFLOPs (executed)', 'variant'],
      ...rows.map(({ id, dataset, parameters, flops, variant }) => [
        id,
        dataset,
        parameters.toLocaleString('en'),
        millions(flops?.paper),
        millions(flops?.executed),
        variant,
      ]),
    ],
    { right: [2, 3, 4], optional: [5, 4, 3] },
  );
