import { existsSync, statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { datasets } from '@weightmap/datasets';
import { inspectMachine, startEngine } from '@weightmap/engine';
import { Command } from 'commander';
import colours from 'picocolors';
import { alignColumns } from '@weightmap/report/text';
import { print, printJson } from '../terminal/output.js';

interface Problem {
  problem: string;
  fix: string;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  weightmap doctor\n  weightmap doctor --json')
    .option('--data <folder>', 'look for datasets here first')
    .option('--out <folder>', 'folder that results would be written to', 'runs')
    .action(async ({ json, data, out }: { json?: boolean; data?: string; out: string }) => {
      const findings = await examine({ data, out });
      if (json) printJson(findings, { indent: 2 });
      else printFindings(findings);
    });
}

/** Whether a folder can be written to or, if it doesn't exist, can be made. */
async function isWritable(folder: string): Promise<boolean> {
  let place = path.resolve(folder);
  while (!existsSync(place)) place = path.dirname(place);
  return access(place, constants.W_OK).then(
    () => statSync(place).isDirectory(),
    () => false,
  );
}

/** There is one where the driver of an NVIDIA GPU is loaded; Linux only. */
const NVIDIA_DRIVER = '/proc/driver/nvidia/version';

/** That the machine has a GPU which the engine does not use, and how it would. */
export const unusedGpu = (devices: readonly string[], hasDriver: boolean): Problem[] =>
  !hasDriver || devices.some((device) => device.startsWith('GPU:'))
    ? []
    : [
        {
          problem: `the NVIDIA GPU of this machine is not used: the engine computes on ${devices.join(', ')}`,
          fix:
            "link a TensorFlow for GPUs: `python3 -m venv ~/tf && ~/tf/bin/pip install 'tensorflow[and-cuda]==2.21.0'`, then " +
            '`PYTHON=~/tf/bin/python weightmap engine install --force`; `TF_CPP_MIN_LOG_LEVEL=0 weightmap doctor` shows why TensorFlow finds none',
        },
      ];

type Findings = Awaited<ReturnType<typeof examine>>;

async function examine({ data, out }: { data?: string; out: string }) {
  const engine = await startEngine({ onSlower: () => {} }); // it is among the problems below
  const machine = inspectMachine(engine);
  const located = await Promise.all(
    Object.values(datasets).map(async (loader) => ({
      id: loader.id,
      label: loader.label,
      ...(await loader.locate({ dataDir: data })),
    })),
  );
  const problems: Problem[] = [];
  if (engine.slowerBecause)
    problems.push({
      problem: engine.slowerBecause,
      fix: 'run `weightmap engine install`: it links TensorFlow, or says what is missing (it needs Python 3 with pip, and g++)',
    });
  if (engine.name !== 'native' && process.env.WEIGHTMAP_ENGINE)
    problems.push({
      problem: `WEIGHTMAP_ENGINE=${process.env.WEIGHTMAP_ENGINE} disables the native engine (about 10 times slower)`,
      fix: 'unset it',
    });
  problems.push(...unusedGpu(machine.devices, existsSync(NVIDIA_DRIVER)));
  for (const { label, found, advice } of located)
    if (!found) problems.push({ problem: `${label}: not found`, fix: advice });
  const writable = await isWritable(out);
  if (!writable)
    problems.push({ problem: `results can't be written to ${out}`, fix: 'choose another folder with --out' });
  return {
    engine,
    machine,
    node: process.versions.node,
    datasets: located,
    results: { folder: out, writable },
    problems,
  };
}

function printFindings({ engine, machine, node, datasets: located, results, problems }: Findings): void {
  const rows = [
    [
      'engine',
      `${engine.name}${engine.tensorflow ? `, TensorFlow ${engine.tensorflow}` : ''}, tfjs ${engine.tfjs}`,
    ],
    ['kernels', `${engine.kernels ?? 'composed'} weight map layers`],
    ['threads', `${engine.threads} of ${machine.cores} cores`],
    ['devices', machine.devices.join(', ')],
    ['processor', `${machine.cpu}, ${machine.memoryGiB} GiB of memory`],
    ['features', machine.cpuFeatures.join(' ') || 'unknown on this system'],
    ['Node', node],
    ...located.map(({ label, found }) => [label, found ?? 'not found']),
    ['results', `${results.folder}${results.writable ? '' : ' (not writable)'}`],
  ];
  print(alignColumns(rows));
  print();
  if (problems.length === 0) print(colours.green('No problems found.'));
  for (const { problem, fix } of problems) print(`${colours.yellow('!')} ${problem}\n    ${fix}`);
}
