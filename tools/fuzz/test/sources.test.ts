// Two rules for the sources: every parser of foreign bytes has a fuzz target, and files are written in one place, which faults are tried on.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../src/targets/index.js';

const root = path.resolve(import.meta.dirname, '../../..');
const sources = ['packages', 'apps']
  .flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => path.join(folder, name, 'src')))
  .filter((folder) => !/test-utils|apps.explorer/.test(folder) && existsSync(path.join(root, folder)))
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.join(folder, file),
    ),
  )
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
const withCode = (pattern: RegExp) =>
  sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

describe('the sources', () => {
  it('parse no bytes without a fuzz target', () => {
    const parses = withCode(
      /\bJSON\.parse\(|\bparseJson\(|\bparseDocument\(|\bgunzip\b|new Parser\(|from 'csv-parse'|new JSONParser|DataView\(|\.readBigUInt|\bsharp\((?:bytes|content|await)/,
    );
    const covered = new Set(targets.flatMap(({ covers }) => covers));
    const ownOutput = {
      'packages/zoo/src/load-pretrained.ts':
        'a file of the package, whose length and SHA-256 are checked before',
      'packages/core/src/json.ts': 'every other file here that reads JSON reads it by this one',
      'apps/experiments/src/bench/_stopwatch-process.ts': 'lines of a process that it has started itself',
      'packages/report/src/figures/pictures.ts': 'any failure there is a picture that is named as damaged',
      'apps/experiments/src/cells/grad-cam-pictures.ts': 'makes pictures of its own numbers',
    };
    expect(parses.length).toBeGreaterThan(15);
    expect(parses.filter((file) => !covered.has(file) && !(file in ownOutput))).toEqual([]);
    expect([...covered].filter((file) => !sources.some((source) => source.file === file))).toEqual([]);
  });

  it('write files by writeWhole and its neighbours alone', () => {
    const writes = withCode(
      /\b(writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|copyFile|truncate|renameSync|rename)\(/,
    );
    const others = {
      'packages/core/src/files.ts': 'the one place',
      'packages/core/src/_regular-file.ts': 'the one place, for logs',
      'packages/datasets/src/_download.ts': 'a download, renamed when it is whole',
      'packages/datasets/src/_fetch-into.ts': 'a download, appended piece by piece',
      'packages/datasets/src/_part-file.ts': 'renames the piece of a download',
      'packages/engine/src/compile/_session.ts': 'a graph in a folder of its own, removed at once',
      'packages/records/src/event-log.ts': 'a log: a line that is cut off is skipped',
      'packages/records/src/attacked-run.ts': 'sets a damaged file aside',
      'packages/records/src/manifest.ts': 'sets a damaged file aside',
      'packages/records/src/run-folder.ts': 'sets a damaged file aside',
      'packages/training/src/checkpoint.ts': 'renames checkpoints that writeWhole has written',
      'apps/experiments/src/cells/history.ts': 'a log: a line that is cut off is skipped',
      'apps/experiments/src/leases/lease.ts': 'a lease is created exclusively',
      'apps/experiments/src/explorer/write-explorer.ts': 'a folder beside, renamed when it is whole',
      'apps/experiments/src/bench/bench-scheduling.ts': 'in a temporary folder of a benchmark',
    };
    expect(writes.filter((file) => !(file in others))).toEqual([]);
  });
});
