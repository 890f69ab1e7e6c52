import { evaluationConfigSchema, splitUnits, trainingConfigSchema } from '@weightmap/core';
import { Command, InvalidArgumentError, Option } from 'commander';
import { list, positive, several } from '../_option-types.js';
import { presets } from '../plan/presets.js';
import { readRunConfig, type RunConfig } from '../plan/run-config.js';
import { addLauncherOptions } from './_launcher-options.js';
import { runGrid, type RunOptions } from '../run-grid.js';

const integer = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('A whole number is expected.');
  return value;
};

const step = (text: string) => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('A number above 0 is expected.');
  return value;
};

const seconds = (text: string) => {
  const value = Number(text);
  if (!(value >= 0) || !Number.isFinite(value) || text.trim() === '')
    throw new InvalidArgumentError('A number of seconds is expected.');
  return value;
};

type Options = Omit<RunOptions, 'preset'> & { config?: string };

export function runCommand(): Command {
  const described = Object.entries(presets).map(([name, { description }]) => `${name} (${description})`);
  const command = new Command('run')
    .argument('[preset]', described.join('; '), 'quick')
    .option('--config <file>', 'options from a JSON or YAML file; command-line options take precedence')
    .option(
      '--select <ids>',
      "rows to run: ids or globs, comma-separated; '*,!cnn-wide' leaves rows out",
      list,
    )
    .option(
      '--dataset <ids>',
      "datasets to run on instead of the rows' own, comma-separated; without --select, the paper's rows on them",
      list,
    )
    .option('--paper-rows', "only rows that the paper has on each dataset, also with --select 'resnet-*'")
    .option('--epochs <n>', 'passes over the training part', positive)
    .option('--learning-rate <x>', "Adam's step size", step)
    .option('--trials <n>', 'repetitions with other seeds', positive)
    .addOption(
      new Option(
        '--selection <epoch>',
        'which epoch is measured: the best on the validation images, or the last',
      ).choices(trainingConfigSchema.shape.selection.options),
    )
    .addOption(
      new Option(
        '--noise-rescale <rule>',
        "how noisy images are rescaled: each by its own range (min-max), or all by the noise's bound",
      ).choices(evaluationConfigSchema.shape.noiseRescale.options),
    )
    .option('--seed <n>', 'where every random number comes from', integer, 1)
    .option('--out <folder>', 'where results go (default: runs/<preset>)')
    .option('--data <folder>', 'look for datasets here first')
    .option('--images-per-class <n>', 'photos drawn of each class (iWildCam)', positive)
    .addOption(
      new Option(
        '--split-by <unit>',
        'what never lies in two parts (iWildCam; default: image, as in the paper)',
      ).choices(splitUnits),
    )
    .option(
      '--plugin <file>',
      'a module with datasets, architectures, variants, attacks or metrics of your own; once for each',
      several,
      [],
    )
    .option('--offline', 'never download')
    .option('--tensorboard', 'write logs for TensorBoard into each cell’s folder (native engine)')
    .option(
      '--checkpoint-seconds <n>',
      'at most so much of an epoch is lost to a crash (default: 60)',
      seconds,
    )
    .option('--force', 'replace results of another configuration')
    .option('--dry-run', 'say what would be done and about how long it would take, and stop');
  return addLauncherOptions(command, {
    workers: 'cells at a time (default: one a core, as far as memory goes)',
  })
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
  weightmap run smoke --plugin ./my-dataset.mjs --dataset my-dataset --select cnn-33
  weightmap run --config study.yaml --dry-run       (\`weightmap schema\` says what may stand there)`,
    )
    .action(async (preset: string, { config, ...options }: Options, command: Command) => {
      const chosen = { preset, ...options };
      if (config !== undefined) Object.assign(chosen, unsaid(await readRunConfig(config), command));
      process.exitCode = await runGrid(chosen);
    });
}

/** Of a configuration, what the command line doesn't say itself. */
function unsaid({ preset, ...config }: RunConfig, command: Command): Partial<RunConfig> {
  const isSaid = (name: string) => command.getOptionValueSource(name) === 'cli';
  const rest = Object.fromEntries(Object.entries(config).filter(([name]) => !isSaid(name)));
  return { ...rest, ...(preset !== undefined && command.args.length === 0 && { preset }) };
}
