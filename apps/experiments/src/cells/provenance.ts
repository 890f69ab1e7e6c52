import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineInfo } from '@weightmap/engine';
import type { Provenance } from '@weightmap/records';
import manifest from '../../package.json' with { type: 'json' };

/** Where a record came from: code, engine, machine, time. */
export function provenanceOf(engine: EngineInfo): Provenance {
  return {
    version: manifest.version,
    git: gitState(),
    engine: { name: engine.name, tensorflow: engine.tensorflow, tfjs: engine.tfjs, threads: engine.threads },
    node: process.versions.node,
    host: os.hostname(),
    platform: `${process.platform}-${process.arch}`,
    finishedAt: new Date().toISOString(),
  };
}

/** The commit of the checkout that the command was built in; null for an installed package. */
export function gitState(): Provenance['git'] {
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // An installed copy may lie in somebody else's repository, where the command itself isn't tracked.
    if (!git('ls-files', '../package.json')) return null;
    return {
      sha: git('rev-parse', 'HEAD'),
      dirty: git('status', '--porcelain', '--untracked-files=no') !== '',
    };
  } catch {
    return null;
  }
}
