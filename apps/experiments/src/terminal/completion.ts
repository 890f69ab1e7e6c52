import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * Adds completion for bash, zsh, fish and PowerShell: `completion <shell>` prints a script that calls `complete -- …` for each
 * press of the key. Of commands, options and their choices, and of the names that only the program
 * knows (rows, datasets, attacks).
 *
 * @param names by long option, loaded only if a command that has such an option is complete.
 */
export function addCompletion(program: Command, names: Readonly<Record<string, readonly string[]>>): void {
  const root = tab(program, { completionCommandName: 'completion' });
  for (const command of program.commands)
    for (const [option, values] of Object.entries(names))
      if (command.options.some(({ long }) => long === `--${option}`))
        root.commands.get(command.name())?.option(option, '', (complete) => {
          for (const value of values) complete(value, '');
        });
}
