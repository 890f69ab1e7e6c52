import os from 'node:os';
import { count } from '@weightmap/report/text';
import { Argument, Command, Option } from 'commander';
import { list, positive } from '../terminal/option-types.js';
import { unknownName } from '../terminal/nearest.js';
import { TASKS, type Task } from '../bench/_own-process.js';
import { measureCell } from '../bench/measure-cell.js';
import { measureLayer, measureMatrixProduct } from '../bench/measure-layer.js';
import { measureStep, measureSweep } from '../bench/measure-network.js';
import { modeNames, type Mode } from '../bench/modes.js';
import { networkCase } from '../bench/network-case.js';
import { saveBench } from '../bench/saved-bench.js';
import { suites, type SuiteName } from '../bench/suites.js';
import { print, printError, printJson } from '../terminal/output.js';

/** Test images of MNIST and CIFAR-10. */
const ALL_IMAGES = 10_000;

interface Options {
  cases?: string[];
  batch: number;
  threads: number;
  steps?: number;
  images?: number;
  modes: string[];
  peers?: boolean;
  python: string;
  json?: boolean;
  save?: string;
}

export function benchCommand(): Command {
  const described = Object.entries(suites).map(([name, { description }]) => `${name} (${description})`);
  return new Command('bench')
    .addArgument(new Argument('[suite]', described.join('; ')).choices(Object.keys(suites)).default('steps'))
    .option(
      '--cases <ids>',
      'networks to measure: <variant> or <variant>@<dataset>, comma-separated (default: depends on the suite)',
      list,
    )
    .option('--batch <n>', 'images in a step', positive, 64)
    .option('--threads <n>', 'threads, also for PyTorch', positive, os.availableParallelism())
    .option('--steps <n>', 'steps to time for each row (default: depends on the suite)', positive)
    .option('--images <n>', 'test images of a sweep (default: 10000; 512 for grid)', positive)
    .option('--modes <names>', 'ways to run the step (comma-separated)', list, modeNames)
    .option('--peers', 'also time PyTorch, in every way that its users have')
    .option('--python <path>', 'Python interpreter with PyTorch', 'python3')
    .option('--json', 'print JSON')
    .option(
      '--save <folder>',
      'keep the result there as JSON, and draw the history of all results there, index.html',
    )
    .addHelpText(
      'after',
      `
Modes:
  eager     one call of TensorFlow for each operation
  compiled  one call for the whole step
  fused     compiled, with fused kernels for the weight map layers
Suites that need one mode use the last one named.

A case without a dataset uses the first dataset that the paper reports the variant on.
With --peers, PyTorch runs eagerly, with the channels last, and by torch.compile; its fastest float32 form is the one that
ratios divide by: below 1 is faster. bfloat16 is for information.

Examples:
  weightmap bench --cases cnn-33 --threads 2
  weightmap bench --cases resnet-conv,resnet-conv@cifar10 --peers
  weightmap bench --peers --python ~/torch/bin/python
  weightmap bench layer --modes fused
  weightmap bench sweeps --peers --images 1000
  weightmap bench grid --peers --threads 2 --cases cnn-33,cnn-smooth-32
  weightmap bench --peers --save bench/history`,
    )
    .action(bench);
}

/** The command of the processes that `bench` starts. */
export function benchWorkerCommand(): Command {
  return new Command('bench-worker')
    .addOption(new Option('--task <name>').choices(TASKS).makeOptionMandatory())
    .addOption(new Option('--mode <name>').choices(modeNames).makeOptionMandatory())
    .option('--case <id>', '', '')
    .requiredOption('--batch <n>', '', positive)
    .requiredOption('--threads <n>', '', positive)
    .option('--images <n>', '', positive, 0)
    .option('--steps <n>', '', positive, 0)
    .action(measure);
}

interface WorkerOptions {
  task: Task;
  mode: Mode;
  case: string;
  batch: number;
  threads: number;
  images: number;
  steps: number;
}

function measure({ task, mode, ...workload }: WorkerOptions): Promise<void> {
  switch (task) {
    case 'step':
      return measureStep(mode, workload);
    case 'cell':
      return measureCell(mode, workload);
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
  { cases, modes, peers, python, json, steps, save, images, ...given }: Options,
): Promise<void> {
  const suite = suites[name];
  const sizes = { ...given, images: images ?? suite.defaults.images ?? ALL_IMAGES };
  const chosen = cases ?? suite.defaults.cases;
  for (const id of chosen) networkCase(id); // an unknown name throws before anything is measured
  for (const mode of modes) if (!isMode(mode)) throw unknownName('mode', mode, modeNames, '--modes');
  const before = os.loadavg()[0];
  const { rows, table, figures } = await suite.measure({
    ...sizes,
    cases: chosen,
    steps: steps ?? suite.defaults.steps,
    modes: modes.filter(isMode),
    python: peers ? python : undefined,
    onNote: (note) => printError(note),
    onCase: (id) => json || printError(`measuring ${id} …`),
  });
  const after = os.loadavg()[0];
  if (save !== undefined) {
    const load = [before, after] as const;
    const { page, notes } = await saveBench(save, { suite: name, ...sizes, load, figures, rows });
    for (const note of notes) printError(note);
    printError(`saved; the history is drawn in ${page}`);
  }
  if (json) return printJson(rows, { indent: 2 });
  print(table);
  const cpus = os.cpus();
  print(
    `\nbatch ${sizes.batch}, ${count(sizes.threads, 'thread')}; ${cpus[0]?.model.trim() ?? process.arch}, ${cpus.length} cores; ` +
      `load of the machine ${before.toFixed(1)} at the start, ${after.toFixed(1)} at the end`,
  );
}

const isMode = (name: string): name is Mode => (modeNames as string[]).includes(name);
