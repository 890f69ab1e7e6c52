import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Command } from 'commander';

export function engineCommand(): Command {
  const command = new Command('engine').addHelpText(
    'after',
    `
Without it the WebAssembly engine is used, which needs nothing and is about ten times slower.

Examples:
  weightmap engine install
  PYTHON=~/tf/bin/python weightmap engine install --force
  weightmap engine remove --cache`,
  );
  command
    .command('install')
    .description(
      'link a TensorFlow C library and compile the fused kernels; needs Python 3 with pip, and g++',
    )
    .option('--force', 'replace an existing link')
    .action(({ force }: { force?: boolean }) => ofEngine('install', ...(force ? ['--force'] : [])));
  command
    .command('status')
    .description('show what is linked, and where it is kept')
    .action(() => ofEngine('status'));
  command
    .command('remove')
    .description('undo the link')
    .option('--cache', 'also delete what is kept for all projects of this machine')
    .action(({ cache }: { cache?: boolean }) => ofEngine('remove', ...(cache ? ['--cache'] : [])));
  return command;
}

/** The command of the engine's own package: it needs no build, so that the set-up of a fresh clone can use it. */
async function ofEngine(...args: string[]): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve('@weightmap/engine/package.json');
  const script = path.join(path.dirname(manifest), 'install/cli.mjs');
  const child = spawn(process.execPath, [script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, WEIGHTMAP_ENGINE_COMMAND: 'weightmap engine' },
  });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  for (const signal of signals) process.off(signal, pass);
  process.exitCode = code ?? 1;
}
