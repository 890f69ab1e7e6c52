import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * Adds completion for bash, zsh, fish and PowerShell. `completion <shell>` prints a script that calls `complete -- …` whenever
 * the Tab key is pressed. Commands, options and their choices are completed, and the names of variants, datasets and attacks.
 *
 * @param names the values of options, by the long name of the option.
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
