import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { list, several } from '../terminal/option-types.js';
import { keyOf, launcherOptions, type LauncherChoice, type RunOption } from '../plan/run-options.js';

/** Adds options of the table in `plan/run-options.ts` to a command. */
export function addOptions(command: Command, options: readonly RunOption[]): Command {
  for (const option of options) command.addOption(commanderOption(option));
  return command;
}

function commanderOption({ flag, value, help, list: form, default: initial }: RunOption): Option {
  const option = new Option(flag, form === 'comma-separated' ? `${help} (comma-separated)` : help);
  if (value instanceof z.ZodEnum) option.choices(value.options.map(String));
  else if (value instanceof z.ZodNumber) option.argParser(numberAs(value));
  else if (form === 'comma-separated') option.argParser(list);
  else if (form === 'repeated') option.argParser(several);
  return initial === undefined ? option : option.default(initial);
}

/** Parses a number and checks it by a schema. */
const numberAs = (schema: z.ZodNumber) => (text: string) => {
  const { data, error } = schema.safeParse(text.trim() === '' ? Number.NaN : Number(text));
  if (error) throw new InvalidArgumentError(error.issues[0].message);
  return data;
};

/** Adds the options of every command that starts workers. @param workers what `--workers` counts. */
export const addLauncherOptions = (command: Command, { workers }: { workers: string }): Command =>
  addOptions(
    command,
    Object.values<RunOption>({
      ...launcherOptions,
      workers: { ...launcherOptions.workers, help: workers },
    }),
  );

/** The launcher options of a parsed command, by their names in the code. */
export const launcherChoice = (parsed: Readonly<Record<string, unknown>>): LauncherChoice =>
  Object.fromEntries(
    Object.entries<RunOption>(launcherOptions).map(([name, option]) => [name, parsed[keyOf(option)]]),
  ) as unknown as LauncherChoice;
