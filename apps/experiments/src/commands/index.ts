import type { Command } from 'commander';

/** A command as the overview shows it; the rest is loaded when it is called, for loading TensorFlow.js takes most of a second. */
export interface CommandRow {
  readonly description: string;
  readonly load: () => Promise<() => Command>;
}

/** Every command by its name, in the order of the overview. */
export const commands: Readonly<Record<string, CommandRow>> = {
  run: {
    description: 'train, attack, measure and report; continues where it was stopped',
    load: async () => (await import('./run.js')).runCommand,
  },
  status: {
    description: 'where each cell of a run stands, from its files and the queue of the batch system',
    load: async () => (await import('./status.js')).statusCommand,
  },
  cancel: {
    description: 'stop a run, or one of its cells; checkpoints stay',
    load: async () => (await import('./cancel.js')).cancelCommand,
  },
  retry: {
    description: 'work again on the cells of a run that failed or were stopped, from their checkpoints',
    load: async () => (await import('./retry.js')).retryCommand,
  },
  logs: {
    description: 'what the processes printed that worked on a cell',
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
    description: 'attack the trained networks of a run, and look whether their robustness is to be believed',
    load: async () => (await import('./attack.js')).attackCommand,
  },
  explore: {
    description: 'a page that attacks the trained networks of a run side by side, in a browser',
    load: async () => (await import('./explore.js')).exploreCommand,
  },
  export: {
    description: 'write results as tables, and weights as safetensors, for other programs',
    load: async () => (await import('./export.js')).exportCommand,
  },
  publish: {
    description: 'copy finished records, pictures and attack results of a run to a folder that can be shared',
    load: async () => (await import('./publish.js')).publishCommand,
  },
  list: {
    description: 'the rows of the benchmark, with parameters and FLOPs',
    load: async () => (await import('./list.js')).listCommand,
  },
  doctor: {
    description:
      'which engine runs, what the machine offers, where the datasets are, and what to do about problems',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  bench: {
    description: 'time training, layers and attacks here, by engine mode and against PyTorch',
    load: async () => (await import('./bench.js')).benchCommand,
  },
  schema: {
    description: 'the JSON Schema of configuration files or records, for editors and other programs',
    load: async () => (await import('./schema.js')).schemaCommand,
  },
  cell: {
    description: 'work on one cell of a run: what every launcher starts; exit code 75 says “run me again”',
    load: async () => (await import('./cell.js')).cellCommand,
  },
};

/** What other commands start. */
export const hiddenCommands: Readonly<Record<string, CommandRow>> = {
  'attack-worker': {
    description: 'attack the networks of a run, one part of the plan after another',
    load: async () => (await import('./attack-worker.js')).attackWorkerCommand,
  },
  'bench-worker': {
    description: 'one measurement of bench, in a process of its own',
    load: async () => (await import('./bench.js')).benchWorkerCommand,
  },
};
