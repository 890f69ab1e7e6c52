import { Option, type Command } from 'commander';
import { positive } from '../_option-types.js';
import { launcherNames, launchers, type LauncherName } from '../launchers/index.js';

/** Who works, and where. */
export interface LauncherChoice {
  /** Processes at a time. */
  readonly workers?: number;
  /** Of each process. */
  readonly threads: number;
  readonly launcher: LauncherName;
  /** Options for sbatch, without their dashes. */
  readonly sbatch?: readonly string[];
  /** For Kubernetes. */
  readonly image?: string;
  readonly claim?: string;
}

const launcherHelp = `who starts the processes: ${Object.entries(launchers)
  .map(([name, { description }]) => `${name} (${description})`)
  .join('; ')}`;

/** The options of every command that starts workers. @param workers what `--workers` counts. */
export const addLauncherOptions = (command: Command, { workers }: { workers: string }): Command =>
  command
    .option('--workers <n>', workers, positive)
    .option(
      '--threads <n>',
      'threads of each; records equal to the last bit need the same number',
      positive,
      1,
    )
    .addOption(new Option('--launcher <name>', launcherHelp).choices(launcherNames).default('local'))
    .option('--sbatch <options...>', 'passed on to sbatch: partition=long for --partition=long')
    .option('--image <name>', 'for kubernetes: an image that has the weightmap command')
    .option('--claim <name>', 'for kubernetes: the claim of the volume that the run folder is on');
