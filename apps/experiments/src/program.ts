import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { commands, hiddenCommands, type CommandRow } from './commands/index.js';
import { addCompletion } from './terminal/completion.js';
import { EXIT } from './terminal/exit-codes.js';
import { writeTo } from './terminal/output.js';

const help = `
Examples:
  weightmap run quick                    three CNNs on a subset, in minutes
  weightmap run standard --select 'cnn-smooth-*' --trials 1
  weightmap report runs/quick            write the report again from the records
  weightmap verify runs/quick            check the paper's claims against the records
  weightmap doctor                       show the engine, the datasets and problems
  source <(weightmap completion bash)    complete commands and options with the Tab key

Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${name}`)
  .join(', ')}.`;

/** What commander itself prints. */
const harmlessOutput = {
  writeOut: (text: string) => writeTo(process.stdout, text),
  writeErr: (text: string) => writeTo(process.stderr, text),
};

/**
 * Builds the `weightmap` command.
 *
 * @param words the arguments on the command line. The command that they name is loaded; of others only name and description.
 */
export async function buildProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('weightmap')
    .description(
      'Train, attack and report the networks of the weight map paper (Amer & Maul, arXiv:1905.00568).',
    )
    .version(manifest.version)
    .option('--debug', 'print the stack of an error')
    .exitOverride()
    .configureOutput(harmlessOutput)
    .addHelpText('after', help);
  const wanted = commandIn(words);
  for (const [name, row] of Object.entries(commands)) program.addCommand(await load(name, row, wanted));
  for (const [name, row] of Object.entries(hiddenCommands))
    if (name === wanted) program.addCommand(await load(name, row, wanted), { hidden: true });
  const isCompleting = words[0] === 'complete';
  const isNamed = isCompleting && wanted !== undefined && wanted in commands;
  addCompletion(program, isNamed ? await (await import('./terminal/known-names.js')).knownNames(words) : {});
  return program;
}

/**
 * Runs the `weightmap` command. An error is explained on standard error; the process's exit code says what became of it.
 *
 * @param words the arguments on the command line.
 */
export async function runProgram(words: readonly string[]): Promise<void> {
  try {
    await (await buildProgram(words)).parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = await exitCodeOf(error, words);
  }
}

async function exitCodeOf(error: unknown, words: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT['wrong usage'];
  // Loaded only here: its dependencies would slow down the message about a wrong argument.
  const { explain } = await import('./terminal/explain.js');
  return explain(error, { debug: words.includes('--debug') });
}

async function load(
  name: string,
  { description, load }: CommandRow,
  wanted: string | undefined,
): Promise<Command> {
  const command = name === wanted ? (await load())() : new Command(name);
  // Its own subcommands, too: such as `engine install`.
  for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(harmlessOutput);
  return command.description(description);
}

/** The command that the words name: `run` in `run quick`, `--debug run`, `help run` and `complete -- run --sel`. */
function commandIn(words: readonly string[]): string | undefined {
  const [first, ...rest] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' || first === 'complete' ? rest[0] : first;
}
