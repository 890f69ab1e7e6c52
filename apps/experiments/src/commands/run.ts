import { Command } from 'commander';
import { presets } from '../plan/presets.js';
import { readRunConfig } from '../plan/run-config.js';
import { splitSweep } from '../plan/sweep.js';
import { refuseUnapproved } from '../plugins/stored-plugins.js';
import { namedOptions, runOptions, type RunOptions } from '../plan/run-options.js';
import { runGrid } from './_run-grid.js';
import { addOptions } from './_options.js';

export function runCommand(): Command {
  const described = Object.entries(presets).map(([name, { description }]) => `${name} (${description})`);
  const command = new Command('run')
    .argument('[preset]', described.join('; '), 'quick')
    .option('--config <file>', 'options from a JSON or YAML file; command-line options take precedence');
  return addOptions(command, Object.values(runOptions))
    .addHelpText(
      'after',
      `
Examples:
  weightmap run quick
  weightmap run paper --select 'cnn-*' --trials 1 --dry-run
  weightmap run standard --select '*,!cnn-wide' --dataset mnist,cifar10
  weightmap run standard --select 'resnet-*' --dataset cifar10 --paper-rows
  weightmap run paper --launcher slurm --sbatch partition=long time=4:00:00
  weightmap run standard --dataset digits --epochs 5 --out runs/digits
  weightmap run quick --select cnn-33 --defense none,pgd-training:epsilon=0.1:steps=7
  weightmap run smoke --plugin ./my-dataset.mjs --dataset my-dataset --select cnn-33
  weightmap run --config study.yaml --dry-run       (\`weightmap schema\` prints the allowed settings)

A configuration file may give a list, which every network is trained with: learningRate: [1e-3, 3e-4], epochs: [5, 10],
seed: 1..5 (as trials 1 to 5).`,
    )
    .action(async (preset: string, _, command: Command) => {
      process.exitCode = await runGrid(await optionsOf(preset, command));
    });
}

/** The options of the command line, then those of the configuration file, then defaults. */
async function optionsOf(preset: string, command: Command): Promise<RunOptions> {
  const { config: file, ...values } = command.opts<Record<string, unknown> & { config?: string }>();
  const config = file === undefined ? {} : await readRunConfig(file);
  const isGiven = (key: string) => command.getOptionValueSource(key) === 'cli';
  const { single, sweep } = splitSweep(
    Object.fromEntries(Object.entries(config).filter(([key]) => !isGiven(key))),
  );
  Object.assign(values, single);
  if (file !== undefined && !isGiven('plugin'))
    await refuseUnapproved((config.plugin ?? []) as readonly string[], file);
  const named = command.args.length === 0 ? (config.preset as string | undefined) : undefined;
  return { ...namedOptions(values), sweep, preset: named ?? preset } as RunOptions;
}
