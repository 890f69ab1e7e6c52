import os from 'node:os';
import { Argument, Command, Option } from 'commander';
import { list, positive } from '../terminal/option-types.js';
import { unknownName } from '../terminal/nearest.js';
import { TASKS, type Task } from '../bench/_own-process.js';
import { measureLayer, measureMatrixProduct } from '../bench/measure-layer.js';
import { measureStep } from '../bench/measure-step.js';
import { measureSweep } from '../bench/measure-sweep.js';
import { modeNames, type Mode } from '../bench/modes.js';
import { networkCase } from '../bench/network-case.js';
import { suites, type SuiteName } from '../bench/suites.js';

interface Options {
  cases?: string[];
  batch: number;
  threads: number;
  steps?: number;
  images: number;
  modes: string[];
  peers?: boolean;
  python: string;
  json?: boolean;
}

export function benchCommand(): Command {
  const described = Object.entries(suites).map(([name, { description }]) => `${name} (${description})`);
  return new Command('bench')
    .addArgument(new Argument('[suite]', described.join('; ')).choices(Object.keys(suites)).default('steps'))
    .option('--cases <ids>', "<variant> or <variant>@<dataset>, comma-separated (default: the suite's)", list)
    .option('--batch <n>', 'images a step', positive, 64)
    .option('--threads <n>', 'threads, for PyTorch as well', positive, os.availableParallelism())
    .option('--steps <n>', "steps to time for each row (default: the suite's)", positive)
    .option('--images <n>', 'test images of a sweep', positive, 10_000)
    .option('--modes <names>', 'ways to run the step, comma-separated', list, modeNames)
    .option('--peers', 'time PyTorch, too, in the same run')
    .option('--python <path>', 'the Python interpreter that has PyTorch', 'python3')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Modes:
  eager     one call of TensorFlow for each operation
  compiled  one call for the whole step
  fused     compiled, the weight map layers by kernels of their own
Suites that need one mode take the last one named.

A case without a dataset has the images of the first that the paper reports its variant on.
The ratio columns are median times over PyTorch's: below 1 is faster.

Examples:
  weightmap bench --cases cnn-33 --threads 2
  weightmap bench --cases resnet-conv,resnet-conv@cifar10 --peers
  weightmap bench --peers --python ~/torch/bin/python
  weightmap bench layer --modes fused
  weightmap bench sweeps --peers --images 1000`,
    )
    .action(bench);
}

/** What `bench` starts in processes of their own. */
export function benchWorkerCommand(): Command {
  return new Command('bench-worker')
    .addOption(new Option('--task <name>').choices(TASKS).makeOptionMandatory())
    .addOption(new Option('--mode <name>').choices(modeNames).makeOptionMandatory())
    .option('--case <id>', '', '')
    .requiredOption('--batch <n>', '', positive)
    .requiredOption('--threads <n>', '', positive)
    .option('--images <n>', '', positive, 0)
    .action(measure);
}

interface WorkerOptions {
  task: Task;
  mode: Mode;
  case: string;
  batch: number;
  threads: number;
  images: number;
}

function measure({ task, mode, ...workload }: WorkerOptions): Promise<void> {
  switch (task) {
    case 'step':
      return measureStep(mode, workload);
    case 'uniform-noise':
    case 'fgsm':
      return measureSweep(task, mode, workload);
    case 'smoothing':
    case 'unsharp':
      return measureLayer(task, mode, workload);
    case 'matrix-product':
      return measureMatrixProduct(workload);
  }
}

async function bench(
  name: SuiteName,
  { cases, modes, peers, python, json, steps, ...sizes }: Options,
): Promise<void> {
  const suite = suites[name];
  const chosen = cases ?? suite.defaults.cases;
  for (const id of chosen) networkCase(id); // throws before anything is measured
  for (const mode of modes) if (!isMode(mode)) throw unknownName('mode', mode, modeNames, '--modes');
  const before = os.loadavg()[0];
  const { rows, table } = await suite.measure({
    ...sizes,
    cases: chosen,
    steps: steps ?? suite.defaults.steps,
    modes: modes.filter(isMode),
    python: peers ? python : undefined,
    onNote: (note) => console.error(note),
    onCase: (id) => json || console.error(`measuring ${id} …`),
  });
  if (json) return console.log(JSON.stringify(rows, null, 2));
  console.log(table);
  const cpus = os.cpus();
  console.log(
    `\nbatch ${sizes.batch}, ${sizes.threads} threads; ${cpus[0]?.model.trim() ?? process.arch}, ${cpus.length} cores; ` +
      `load of the machine ${before.toFixed(1)} at the start, ${os.loadavg()[0].toFixed(1)} at the end`,
  );
}

const isMode = (name: string): name is Mode => (modeNames as string[]).includes(name);
