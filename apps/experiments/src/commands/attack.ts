import { attacks } from '@weightmap/attacks';
import { messageOf, UsageError, WeightmapError } from '@weightmap/core';
import { Command, InvalidArgumentError } from 'commander';
import { attackRun, DEFAULT_ATTACKS, type CampaignOptions } from '../attack/campaign.js';
import {
  attackOwnModel,
  isOwnModel,
  parseBounds,
  parseNormalise,
  type OwnModelOptions,
} from '../attack/own-model.js';
import { checkLauncherChoice } from '../launchers/check-choice.js';
import { parseAttackImages, parseAttacks, parseStrength } from '../attack/choice.js';
import { list, natural, positive, several } from '../terminal/option-types.js';
import { commandLine } from '../terminal/shell-word.js';
import { addLauncherOptions, launcherChoice } from './_options.js';

const numbers = (text: string) =>
  list(text).map((part) => {
    const value = parseStrength(part);
    if (value === null)
      throw new InvalidArgumentError('Numbers ≥ 0 are expected, such as 0.1 or 8/255, separated by commas.');
    return value;
  });

const checked =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof WeightmapError ? error.explain() : messageOf(error));
    }
  };
const attackList = checked(parseAttacks);
const attackImages = checked(parseAttackImages);

export function attackCommand(): Command {
  const command = new Command('attack')
    .argument('<run|model>', 'folder of a run, or a network of your own: model.json or a safetensors file')
    .option(
      '--attacks <ids>',
      `attacks to run, comma-separated; an attack's own strengths follow a colon (pgd-l2:0.5,1). One of: ${Object.keys(attacks).join(', ')} (default: ${DEFAULT_ATTACKS.join(',')})`,
      attackList,
    )
    .option(
      '--epsilons <list>',
      'strengths of the attacks on L∞, in units of pixels, comma-separated: 0.1 or 8/255 (default: a list for each norm)',
      numbers,
    )
    .option(
      '--images <n>',
      'test images of each network, the same for all, the same number of each class',
      positive,
      1000,
    )
    .option(
      '--attack-images <list>',
      'test images of single attacks, where fewer than --images: auto-attack=200,square=100',
      attackImages,
    )
    .option('--masking <n>', 'test images to check for gradient masking; 0 for no checks', natural, 100)
    .option('--select <ids>', 'variants to attack: ids or globs (comma-separated)', list, ['*'])
    .option('--plugin <file>', 'module with your own attacks; repeat for several', several)
    .option('--no-adaptive', 'leave out the attacks that know the defence of a defended network')
    .option('--transfer', 'show the images made for each network to all other networks')
    .option(
      '--corruptions',
      'measure errors under the corruptions of MNIST-C or CIFAR-10-C, and the mean corruption error (mCE)',
    )
    .option('--baseline <variant>', 'variant whose errors mCE divides by (default: the first one attacked)')
    .option(
      '--data <images>',
      'own network: id of a dataset, or a folder with its files, or with a folder of pictures for each class',
    )
    .option(
      '--bounds <low,high>',
      'own network: the range of pixels that it expects (default: 0,1)',
      parseBounds,
    )
    .option(
      '--normalise <mean,std>',
      'own network: what is subtracted and divided by after --bounds, in its units; a number, or one a channel: m1:m2:m3,s1:s2:s3',
      parseNormalise,
    )
    .option('--variant <id>', 'own network: the variant whose weights a safetensors file holds')
    .option('--output <name>', 'own network with several outputs: the one with the classes')
    .option(
      '--classes <names>',
      'own network: class folders in the order of its outputs (default: sorted)',
      list,
    )
    .option('--out <folder>', 'own network: where the results go (default: attacked/<model>-on-<data>)')
    .option('--dry-run', 'print what would be done and about how long it would take, and stop')
    .option(
      '--collect',
      'start no more work: write the results of what is finished; an attack that lacks some of its images counts as not run',
    )
    .option('--json', 'print JSON');
  addLauncherOptions(command, {
    workers: 'processes at a time (default: one a core, as far as memory goes)',
  })
    .addHelpText(
      'after',
      `
The work is cut into parts: one network, some images, one attack at all its strengths. Finished parts are kept: the same
command continues a campaign that was stopped. The results are added to the report of the run.

A network of your own is a layers or graph model of TensorFlow.js, or weights of a variant as safetensors. It is attacked in this
process; --out gets attack.json and a page, index.html. Strengths are in units of the images' own pixels, from 0 (black) to 1
(white), whatever --bounds and --normalise make of them.

Examples:
  weightmap attack runs/standard --dry-run
  weightmap attack runs/standard
  weightmap attack runs/standard --attacks fgsm,pgd,square --epsilons 8/255,0.1 --select 'cnn-*' --transfer
  weightmap attack runs/standard --attacks pgd,pgd-l2:0.5,1,2,auto-attack --epsilons 0.05,0.1
  weightmap attack runs/standard --attacks pgd,auto-attack --images 1000 --attack-images auto-attack=200
  weightmap attack runs/standard --corruptions --baseline cnn-33
  weightmap attack runs/standard --launcher slurm --workers 20 --sbatch partition=long
  weightmap attack ./model.json --data mnist
  weightmap attack ./model.json --data ./pictures --bounds 0,255 --normalise 123.7:116.3:103.5,58.4:57.1:57.4
  weightmap attack cnn.safetensors --variant cnn-33 --data mnist --epsilons 0.05,0.1 --images 200`,
    )
    .action(async (given: string, parsed: ParsedOptions) => {
      const isOwn = await isOwnModel(given, parsed.data !== undefined);
      refuseOptions(command, isOwn);
      const { data, plugin: plugins, ...options } = parsed;
      if (options.collect && options.dryRun)
        throw new UsageError('--collect and --dry-run exclude each other.', {
          where: '--collect --dry-run',
          fix: 'leave one of them out: both start no work; --collect writes results, --dry-run writes nothing',
        });
      if (!isOwn) {
        process.exitCode = await attackRun(given, { ...options, ...launcherChoice(parsed), plugins });
        return;
      }
      if (data === undefined)
        throw new UsageError('A network of your own needs images.', {
          where: given,
          expected:
            '--data with the id of a dataset, such as mnist, or a folder: of the files of a dataset, or with a folder of pictures for each class',
        });
      checkLauncherChoice(launcherChoice(parsed));
      process.exitCode = await attackOwnModel(given, {
        ...options,
        data,
        plugins,
        threads: launcherChoice(parsed).threads,
        defaults: DEFAULT_ATTACKS,
        command: commandLine(),
      });
    });
  return command;
}

type ParsedOptions = Omit<CampaignOptions, 'plugins'> &
  Omit<OwnModelOptions, 'data' | 'plugins' | 'threads' | 'defaults' | 'command'> & {
    plugin?: string[];
    data?: string;
  } & Record<string, unknown>;

/** Options that belong to runs alone, by their names in commander. */
const OF_RUNS = [
  ...['select', 'adaptive', 'attackImages', 'transfer', 'corruptions', 'baseline', 'dryRun', 'collect'],
  ...['launcher', 'workers', 'sbatch', 'image', 'claim'],
];
/** Options that belong to networks of the user alone. */
const OF_MODELS = ['data', 'bounds', 'normalise', 'variant', 'output', 'classes', 'out'];

/** @throws UsageError if an option was given that has no effect on a run, or on a network of the user. */
function refuseOptions(command: Command, isOwn: boolean): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli' || !(isOwn ? OF_RUNS : OF_MODELS).includes(name))
      continue;
    throw new UsageError(`${option.long} has no effect on ${isOwn ? 'a network of your own' : 'a run'}.`, {
      where: option.long,
      fix: isOwn
        ? 'leave it out; it is for the networks of a run'
        : 'leave it out; it is for a network of your own: a model.json or a safetensors file',
    });
  }
}
