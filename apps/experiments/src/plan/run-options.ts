import { splitUnits } from '@weightmap/core';
import { evaluationConfigSchema, trainingConfigSchema } from '@weightmap/records';
import { z } from 'zod';
import { launcherNames, launchers } from '../launchers/index.js';
import { presets } from './presets.js';
import type { Sweep } from './sweep.js';

/** One option: a flag on the command line, and a key of configuration files (the flag in camel case). */
export interface RunOption {
  /** As commander takes it: `--data <folder>`. */
  readonly flag: string;
  /** Checks the value, from the command line and from a file. */
  readonly value: z.ZodType;
  /** For `--help` and for the JSON Schema. */
  readonly help: string;
  /** How the command line gives a list: `a,b`, or the flag once for each, or several words after it. */
  readonly list?: 'comma-separated' | 'repeated' | 'words';
  /** Whether it is a path: in a configuration file, paths are relative to the file. */
  readonly isPath?: true;
  /** Used if neither the command line nor the file has the option. */
  readonly default?: unknown;
  /** Whether a configuration file may give a list of values, which the grid is crossed with; what its values are, for messages. */
  readonly swept?: string;
  /** Whether it is refused in configuration files: it is meant for a single call. */
  readonly onlyOnCommandLine?: true;
}

const positive = z
  .number('A whole number from 1 is expected.')
  .int('A whole number from 1 is expected.')
  .positive('A whole number from 1 is expected.');
const text = z.string().min(1);
const texts = z.array(text);

const described = (rows: Readonly<Record<string, { readonly description: string }>>): string =>
  Object.entries(rows)
    .map(([name, { description }]) => `${name} (${description})`)
    .join('; ');

/** The options of every command that starts workers: how many, and where. */
export const launcherOptions = {
  workers: {
    flag: '--workers <n>',
    value: positive,
    help: 'cells at a time (default: one a core, as far as memory goes)',
  },
  threads: {
    flag: '--threads <n>',
    value: positive,
    help: 'threads of each process; only runs with the same number give bit-identical records',
    default: 1,
  },
  launcher: {
    flag: '--launcher <name>',
    value: z.enum(launcherNames),
    help: `where the processes run: ${described(launchers)}`,
    default: 'local',
  },
  sbatchOptions: {
    flag: '--sbatch <options...>',
    value: texts,
    help: 'options for sbatch: partition=long for --partition=long',
    list: 'words',
  },
  image: {
    flag: '--image <name>',
    value: text,
    help: 'for kubernetes: an image that contains the weightmap command',
  },
  claim: {
    flag: '--claim <name>',
    value: text,
    help: 'for kubernetes: the claim of the volume that holds the run folder',
  },
} as const satisfies Record<string, RunOption>;

/**
 * The options of `weightmap run`, by their names in the code. The flags, the configuration file's schema and `RunOptions`
 * are all made from this table.
 */
export const runOptions = {
  select: {
    flag: '--select <ids>',
    value: texts,
    help: "variants to run: ids or globs; '*,!cnn-wide' is all but one",
    list: 'comma-separated',
  },
  datasets: {
    flag: '--dataset <ids>',
    value: texts,
    help: "datasets to run on, instead of each variant's own; without --select: the paper's variants on them",
    list: 'comma-separated',
  },
  defenses: {
    flag: '--defense <ids>',
    value: texts,
    help: 'defences to train each variant with; options follow an id (pgd-training:epsilon=0.1:steps=7), none is the plain network; `weightmap list --defenses` shows them',
    list: 'comma-separated',
  },
  paperRows: {
    flag: '--paper-rows',
    value: z.boolean(),
    help: "run only variants that the paper reports on each dataset, also with --select 'resnet-*'",
  },
  epochs: {
    flag: '--epochs <n>',
    value: positive,
    help: 'passes over the training images',
    swept: 'A whole number from 1',
  },
  learningRate: {
    flag: '--learning-rate <x>',
    value: z.number('A number above 0 is expected.').positive('A number above 0 is expected.'),
    help: "Adam's step size",
    swept: 'A number above 0',
  },
  trials: { flag: '--trials <n>', value: positive, help: 'repetitions with other seeds' },
  selection: {
    flag: '--selection <epoch>',
    value: trainingConfigSchema.shape.selection,
    help: 'which epoch is measured: the best on the validation images, the last, or the best under PGD of 10 steps on 1,000 of them (robust)',
    swept: 'best, last or robust',
  },
  selectionEpsilon: {
    flag: '--selection-epsilon <x>',
    value: z
      .number('A number above 0, and not above 1, is expected.')
      .positive('A number above 0 is expected.')
      .max(1, 'At most 1 is expected: pixels are in [0, 1].'),
    help: 'strength of that PGD, for --selection robust (default: 0.1)',
    swept: 'A number above 0, and not above 1,',
  },
  noiseRescale: {
    flag: '--noise-rescale <rule>',
    value: evaluationConfigSchema.shape.noiseRescale,
    help: "how noisy images are rescaled: each by its own range (min-max), or all by the noise's bound",
  },
  seed: {
    flag: '--seed <n>',
    value: z.number('A whole number is expected.').int('A whole number is expected.'),
    help: 'seed of every random number',
    default: 1,
    swept: 'A whole number',
  },
  out: {
    flag: '--out <folder>',
    value: text,
    help: 'folder of the results (default: runs/<preset>)',
    isPath: true,
  },
  dataDir: { flag: '--data <folder>', value: text, help: 'look for datasets here first', isPath: true },
  imagesPerClass: {
    flag: '--images-per-class <n>',
    value: positive,
    help: 'photos drawn from each class (iWildCam)',
  },
  splitBy: {
    flag: '--split-by <unit>',
    value: z.enum(splitUnits),
    help: 'keep all photos of such a unit in the same part (iWildCam; default: image, as in the paper)',
  },
  plugins: {
    flag: '--plugin <file>',
    value: texts,
    help: 'module with your own datasets, architectures, variants, attacks, defences or metrics; repeat for several',
    list: 'repeated',
    isPath: true,
  },
  offline: { flag: '--offline', value: z.boolean(), help: 'never download' },
  tensorboard: {
    flag: '--tensorboard',
    value: z.boolean(),
    help: 'write logs for TensorBoard to the folder of each cell (native engine)',
  },
  checkpointSeconds: {
    flag: '--checkpoint-seconds <n>',
    value: z.number('A number of seconds is expected.').nonnegative('A number of seconds is expected.'),
    help: 'seconds between checkpoints within an epoch (default: 60)',
  },
  force: {
    flag: '--force',
    value: z.boolean(),
    help: 'replace results of another configuration',
    onlyOnCommandLine: true,
  },
  dryRun: {
    flag: '--dry-run',
    value: z.boolean(),
    help: 'print what would be done and about how long it would take, and stop',
    onlyOnCommandLine: true,
  },
  ...launcherOptions,
} as const satisfies Record<string, RunOption>;

type Values<Table extends Record<string, RunOption>> = {
  readonly [Name in keyof Table as Table[Name] extends { default: unknown } ? never : Name]?: z.infer<
    Table[Name]['value']
  >;
} & {
  readonly [Name in keyof Table as Table[Name] extends { default: unknown } ? Name : never]: z.infer<
    Table[Name]['value']
  >;
};

/** How many workers, and where. */
export type LauncherChoice = Values<typeof launcherOptions>;

/** The options of a run, and the name of its preset. */
export type RunOptions = Values<typeof runOptions> & {
  readonly preset: string;
  /** Lists of values of a configuration file, which the grid is crossed with. */
  readonly sweep?: Sweep;
};

/** `dataDir` of `--data <folder>` is `data` in a configuration file and in what commander parses. */
export const keyOf = ({ flag }: RunOption): string =>
  /^--([\w-]+)/.exec(flag)![1].replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const rows: [name: string, option: RunOption][] = Object.entries(runOptions);

/** More values than anybody compares. */
const MOST_VALUES = 1000;

/** A value, or a list of values; of whole numbers also a range: `1..5`. */
function oneOrMore(value: z.ZodType, expected: string): z.ZodType {
  const values = z
    .array(value)
    .min(1, 'The list is empty: at least one value is expected.')
    .refine(({ length }) => length <= MOST_VALUES, `At most ${MOST_VALUES} values are expected.`)
    .refine((all) => new Set(all).size === all.length, 'A value is given twice: each is expected once.');
  const isWhole = value.safeParse(1).success && !value.safeParse(1.5).success;
  const range = z
    .string()
    .regex(/^-?\d{1,15}\.\.-?\d{1,15}$/)
    .transform(rangeValues)
    .pipe(values as z.ZodType<unknown[], number[]>);
  return z.union([value, values, ...(isWhole ? [range] : [])], {
    error: `${expected} is expected, or a list of such values${isWhole ? ', or a range such as 1..5' : ''}.`,
  });
}

/** `1..5` → 1, 2, 3, 4, 5; none if it descends, and no more than a list may have and one. */
function rangeValues(text: string): number[] {
  const [from, to] = text.split('..').map(Number);
  return Array.from({ length: Math.max(0, Math.min(to - from, MOST_VALUES) + 1) }, (_, i) => from + i);
}

/** Schema of a configuration file: the options of `weightmap run` by their flags in camel case, and the preset. */
export const runConfigSchema = z.strictObject({
  $schema: z.string().optional().describe('where an editor finds this schema'),
  preset: z
    .string()
    .optional()
    .describe(`which grid: ${Object.keys(presets).join(', ')}`),
  ...Object.fromEntries(
    rows
      .filter(([, option]) => !option.onlyOnCommandLine)
      .map(([, option]) => [
        keyOf(option),
        (option.swept === undefined ? option.value : oneOrMore(option.value, option.swept))
          .optional()
          .describe(
            option.isPath
              ? `${option.help}; relative to this file`
              : option.swept === undefined
                ? option.help
                : `${option.help}; a list trains every network with each value`,
          ),
      ]),
  ),
});

/** Values by the options' keys → by their names in the code. */
export const namedOptions = (values: Readonly<Record<string, unknown>>): Partial<RunOptions> =>
  Object.fromEntries(
    rows
      .map(([name, option]) => [name, values[keyOf(option)]] as const)
      .filter(([, value]) => value !== undefined),
  );
