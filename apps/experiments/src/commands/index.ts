import type { Command } from 'commander';

/** A command in the overview. The rest is loaded when it is called, because loading TensorFlow.js takes most of a second. */
export interface CommandRow {
  readonly description: string;
  readonly load: () => Promise<() => Command>;
}

/** All commands by name, in the order of the overview. */
export const commands: Readonly<Record<string, CommandRow>> = {
  run: {
    description: 'train, attack, measure and report; continues a run that was stopped',
    load: async () => (await import('./run.js')).runCommand,
  },
  status: {
    description: 'show the state of each cell of a run',
    load: async () => (await import('./status.js')).statusCommand,
  },
  cancel: {
    description: 'stop a run or one of its cells; checkpoints are kept',
    load: async () => (await import('./cancel.js')).cancelCommand,
  },
  retry: {
    description: 'continue cells that failed or were stopped, from their checkpoints',
    load: async () => (await import('./retry.js')).retryCommand,
  },
  logs: {
    description: 'show the output of the processes that worked on a cell',
    load: async () => (await import('./logs.js')).logsCommand,
  },
  report: {
    description: "write a run's report again from its records",
    load: async () => (await import('./report.js')).reportCommand,
  },
  verify: {
    description: "check the paper's claims against the records of a run",
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  attack: {
    description: 'attack the trained networks of a run, and check whether their robustness is real',
    load: async () => (await import('./attack.js')).attackCommand,
  },
  explore: {
    description: 'write a page that attacks the trained networks of a run side by side in a browser',
    load: async () => (await import('./explore.js')).exploreCommand,
  },
  export: {
    description: 'write results as tables and weights as safetensors',
    load: async () => (await import('./export.js')).exportCommand,
  },
  publish: {
    description: 'copy the records, pictures and attack results of a run to a folder that can be shared',
    load: async () => (await import('./publish.js')).publishCommand,
  },
  list: {
    description: 'list the variants of the benchmark with their parameters and FLOPs',
    load: async () => (await import('./list.js')).listCommand,
  },
  doctor: {
    description: 'show the engine, the machine and the datasets, and how to fix problems',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  engine: {
    description: "link TensorFlow's C library for native speed, show what is linked, or undo it",
    load: async () => (await import('./engine.js')).engineCommand,
  },
  demo: {
    description: 'serve the explorer with small networks that ship with it: no data, no training',
    load: async () => (await import('./demo.js')).demoCommand,
  },
  bench: {
    description: 'time training, layers and attacks on this machine, by engine mode and against PyTorch',
    load: async () => (await import('./bench.js')).benchCommand,
  },
  schema: {
    description: 'print the JSON Schema of configuration files or of records',
    load: async () => (await import('./schema.js')).schemaCommand,
  },
  cell: {
    description: 'work on one cell of a run, as launchers do; exit code 75: run it again',
    load: async () => (await import('./cell.js')).cellCommand,
  },
};

/** Commands that other commands start. */
export const hiddenCommands: Readonly<Record<string, CommandRow>> = {
  'attack-worker': {
    description: 'work on the parts of a campaign, one after another',
    load: async () => (await import('./attack-worker.js')).attackWorkerCommand,
  },
  'bench-worker': {
    description: 'one measurement of bench',
    load: async () => (await import('./bench.js')).benchWorkerCommand,
  },
};
