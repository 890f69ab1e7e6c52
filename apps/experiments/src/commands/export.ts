import { existsSync } from 'node:fs';
import path from 'node:path';
import '@weightmap/architectures'; // registers the layers that a stored model may have
import { plainText, WeightmapError } from '@weightmap/core';
import { confine, writeWhole } from '@weightmap/core/files';
import { startEngine } from '@weightmap/engine';
import { cellName, cellPaths, readAttacks, readRecords, type StoredRecord } from '@weightmap/records';
import { loadModel, saveSafetensors } from '@weightmap/training';
import { Command, Option } from 'commander';
import { list } from '../terminal/option-types.js';
import { formats, type FormatName } from '../exported/formats.js';
import { tablesOf } from '../exported/tables.js';
import { selects } from '../plan/grid.js';
import { print, printJson } from '../terminal/output.js';

interface Options {
  format: FormatName;
  weights?: boolean;
  select: string[];
  out?: string;
  json?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .argument('<run>', 'folder of the run')
    .addOption(new Option('--format <name>', 'of the tables').choices(Object.keys(formats)).default('csv'))
    .option('--weights', 'the networks’ weights, too, a safetensors file each')
    .option('--select <ids>', 'rows: ids or globs, comma-separated; !id leaves rows out', list, ['*'])
    .option('--out <folder>', 'default: export/ in the run’s folder')
    .option('--json', 'print the written files as JSON')
    .addHelpText(
      'after',
      `
Tables: networks (a row each), robustness (a row a strength), history (a row an epoch), and attacks where there were some.

Examples:
  weightmap export runs/standard
  weightmap export runs/standard --format parquet --weights --select 'cnn-*'`,
    )
    .action((run: string, options: Options) => exportRun(run, options));
}

async function exportRun(run: string, options: Options): Promise<void> {
  const out = options.out ?? path.join(run, 'export');
  const { records, damaged } = await readRecords(run);
  const isSelected = selects(options.select);
  const chosen = records.filter(({ record }) => isSelected(record.variant));
  if (chosen.length === 0)
    throw new WeightmapError('There is nothing to export.', {
      where: run,
      expected: `the record of a cell that --select ${options.select.join(',')} matches`,
      fix: '`weightmap status` shows which cells are done',
    });
  const ids = new Set(chosen.map(({ record }) => record.cellId));
  const { attacked, problem } = await readAttacks(run);
  const tables = tablesOf(
    chosen,
    attacked && { ...attacked, cells: attacked.cells.filter(({ cellId }) => ids.has(cellId)) },
  );
  const files: string[] = [];
  for (const [name, table] of Object.entries(tables)) {
    const file = path.join(out, `${name}.${options.format}`);
    await writeWhole(file, formats[options.format](table), { within: options.out ?? run });
    files.push(file);
  }
  if (options.weights) files.push(...(await exportWeights(run, chosen, { out, root: options.out ?? run })));
  if (options.json) printJson({ files, records: chosen.length, damaged: damaged.length });
  else {
    for (const file of files) print(file);
    for (const { file, reason } of damaged)
      print(`damaged record left out: ${plainText(file)} (${plainText(reason)})`);
    if (problem !== null) print(`attacks.json left out: ${plainText(problem)}`);
  }
}

async function exportWeights(
  run: string,
  records: readonly StoredRecord[],
  { out, root }: { out: string; root: string },
): Promise<string[]> {
  await startEngine();
  const files: string[] = [];
  for (const { record } of records) {
    const weights = confine(run, cellPaths(run, record.cell).weights);
    if (!existsSync(weights))
      throw new WeightmapError(`The weights of ${cellName(record.cell)} are not there.`, {
        where: weights,
        fix: 'leave that row out by --select, or let `weightmap run --force` train it again',
      });
    const model = await loadModel(weights);
    const { dataset, variant, trial, cellId } = record;
    const file = path.join(out, 'weights', dataset, variant, `trial-${trial}.safetensors`);
    confine(root, path.dirname(file));
    await saveSafetensors(model, file, { dataset, variant, trial: String(trial), cellId });
    model.dispose();
    files.push(file);
  }
  return files;
}
