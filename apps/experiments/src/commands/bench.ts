import os from 'node:os';
import { Command, Option } from 'commander';
import { list, positive } from '../_option-types.js';
import { unknownName } from '../_nearest.js';
import { benchCase, type BenchRow } from '../bench/bench-case.js';
import { measureStep } from '../bench/measure-step.js';
import { modeNames, type Mode, type Workload } from '../bench/modes.js';
import { networkCase } from '../bench/network-case.js';
import { benchTable } from '../bench/table.js';

interface Options {
  cases: string[];
  batch: number;
  threads: number;
  steps: number;
  modes: string[];
  peers?: boolean;
  python: string;
  json?: boolean;
}

const DEFAULT_CASES = ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32'];

export function benchCommand(): Command {
  return new Command('bench')
    .description('time one training step of each case, by engine mode and against PyTorch')
    .option('--cases <ids>', '<variant> or <variant>@<dataset>, comma-separated', list, DEFAULT_CASES)
    .option('--batch <n>', 'images a step', positive, 64)
    .option('--threads <n>', 'threads, for PyTorch as well', positive, os.availableParallelism())
    .option('--steps <n>', 'steps to time for each row', positive, 20)
    .option('--modes <names>', 'ways to run the step, comma-separated', list, modeNames)
    .option('--peers', 'time PyTorch, too, in the same run')
    .option('--python <path>', 'the Python interpreter that has PyTorch', 'python3')
    .option('--json', 'an array for programs')
    .addHelpText(
      'after',
      `
Modes:
  eager     one call of TensorFlow for each operation
  compiled  one call for the whole step
  fused     compiled, the weight map layers by kernels of their own

A case without a dataset has the images of the first that the paper reports its variant on.
The ratio columns are median times over PyTorch's: below 1 is faster.

Examples:
  weightmap bench --cases cnn-33 --threads 2
  weightmap bench --cases resnet-conv,resnet-conv@cifar10 --peers
  weightmap bench --peers --python ~/torch/bin/python`,
    )
    .action(bench);
}

/** What `bench` starts in processes of their own. */
export function benchStepCommand(): Command {
  return new Command('bench-step')
    .requiredOption('--case <id>')
    .addOption(new Option('--mode <name>').choices(modeNames).makeOptionMandatory())
    .requiredOption('--batch <n>', '', positive)
    .requiredOption('--threads <n>', '', positive)
    .action(({ mode, ...workload }: Workload & { mode: Mode }) => measureStep(mode, workload));
}

async function bench({ cases, modes, peers, python, json, ...sizes }: Options): Promise<void> {
  for (const name of cases) networkCase(name); // throws before anything is measured
  for (const mode of modes) if (!isMode(mode)) throw unknownName('mode', mode, modeNames, '--modes');
  const options = {
    ...sizes,
    modes: modes.filter(isMode),
    python: peers ? python : undefined,
    onNote: (note: string) => console.error(note),
  };
  const before = os.loadavg()[0];
  const rows: BenchRow[] = [];
  for (const name of cases) {
    if (!json) console.error(`measuring ${name} …`);
    rows.push(...(await benchCase({ case: name, ...options })));
  }
  if (json) return console.log(JSON.stringify(rows, null, 2));
  console.log(benchTable(rows));
  const cpus = os.cpus();
  console.log(
    `\nbatch ${sizes.batch}, ${sizes.threads} threads; ${cpus[0]?.model.trim() ?? process.arch}, ${cpus.length} cores; ` +
      `load of the machine ${before.toFixed(1)} at the start, ${os.loadavg()[0].toFixed(1)} at the end`,
  );
}

const isMode = (name: string): name is Mode => (modeNames as string[]).includes(name);
