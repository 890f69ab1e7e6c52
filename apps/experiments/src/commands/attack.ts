import { attacks } from '@weightmap/attacks';
import { messageOf, WeightmapError } from '@weightmap/core';
import { Command, InvalidArgumentError } from 'commander';
import { attackRun, DEFAULT_ATTACKS, type CampaignOptions } from '../attack/campaign.js';
import { parseAttacks, parseStrength } from '../attack/choice.js';
import { list, natural, positive, several } from '../terminal/option-types.js';
import { addLauncherOptions, launcherChoice } from './_options.js';

const numbers = (text: string) =>
  list(text).map((part) => {
    const value = parseStrength(part);
    if (value === null)
      throw new InvalidArgumentError('Numbers ≥ 0 are expected, such as 0.1 or 8/255, separated by commas.');
    return value;
  });

const attackList = (text: string) => {
  try {
    return parseAttacks(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof WeightmapError ? error.explain() : messageOf(error));
  }
};

export function attackCommand(): Command {
  const command = new Command('attack')
    .argument('<run>', 'folder of the run')
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
    .option('--dry-run', 'print what would be done and about how long it would take, and stop')
    .option('--json', 'print JSON');
  return addLauncherOptions(command, {
    workers: 'processes at a time (default: one a core, as far as memory goes)',
  })
    .addHelpText(
      'after',
      `
The work is cut into parts: one network, some images, one attack at all its strengths. Finished parts are kept: the same
command continues a campaign that was stopped. The results are added to the report of the run.

Examples:
  weightmap attack runs/standard --dry-run
  weightmap attack runs/standard
  weightmap attack runs/standard --attacks fgsm,pgd,square --epsilons 8/255,0.1 --select 'cnn-*' --transfer
  weightmap attack runs/standard --attacks pgd,pgd-l2:0.5,1,2,auto-attack --epsilons 0.05,0.1
  weightmap attack runs/standard --corruptions --baseline cnn-33
  weightmap attack runs/standard --launcher slurm --workers 20 --sbatch partition=long`,
    )
    .action(async (run: string, parsed: ParsedOptions) => {
      process.exitCode = await attackRun(run, {
        ...parsed,
        ...launcherChoice(parsed),
        plugins: parsed.plugin,
      });
    });
}

type ParsedOptions = Omit<CampaignOptions, 'plugins'> & { plugin?: string[] } & Record<string, unknown>;
