import { Command } from 'commander';
import { natural, positive, several } from '../terminal/option-types.js';
import { workOnCell, type CellOptions } from '../cells/work-on-cell.js';

export function cellCommand(): Command {
  return new Command('cell')
    .requiredOption('--run <folder>', 'folder of a run that `weightmap run` has started')
    .option('--index <n>', 'number of the cell in the list, from 0', natural)
    .option('--cell <id>', 'id of the cell, or its beginning')
    .option('--threads <n>', 'threads of the native engine', positive, 1)
    .option(
      '--plugin <file>',
      'plugin of the run that may be used; <sha256>:<file> with this content only',
      several,
    )
    .addHelpText(
      'after',
      `
Examples:
  weightmap cell --run runs/paper --index 3
  weightmap cell --run runs/paper --cell 5f1c0a`,
    )
    .action(async (options: CellOptions) => {
      process.exitCode = await workOnCell(options);
    });
}
