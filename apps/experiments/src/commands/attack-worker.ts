import { Command } from 'commander';
import { natural, positive, several } from '../terminal/option-types.js';
import { workOnAttacks, type AttackWorkerOptions } from '../attack/worker.js';

export function attackWorkerCommand(): Command {
  return new Command('attack-worker')
    .requiredOption('--run <folder>', 'folder of a run that `weightmap attack` has started on')
    .option('--index <n>', 'number of the worker, from 0', natural, 0)
    .option('--threads <n>', 'threads of the native engine', positive, 1)
    .option(
      '--plugin <file>',
      'plugin of the run that may be used; <sha256>:<file> with this content only',
      several,
    )
    .action(async (options: AttackWorkerOptions) => {
      process.exitCode = await workOnAttacks(options);
    });
}
