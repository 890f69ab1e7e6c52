import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../src/commands/run.js';
import { jsonSchema } from '../src/commands/schema.js';
import { launcherNames } from '../src/launchers/index.js';
import { readRunConfig } from '../src/plan/run-config.js';
import { runConfigSchema } from '../src/plan/run-options.js';
import { runGrid } from '../src/commands/_run-grid.js';

vi.mock('../src/commands/_run-grid.js', () => ({ runGrid: vi.fn(() => Promise.resolve(0)) }));

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-config-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const place = path.join(work, name);
  await writeFile(place, content);
  return place;
}

const complaint = (place: string) =>
  readRunConfig(place).then(
    () => 'read',
    (error: unknown) =>
      error instanceof WeightmapError ? error.explain() : `not for people: ${String(error)}`,
  );

/** Ten lists of ten aliases each of the list before: 10¹⁰ values. */
const yamlBomb = Array.from({ length: 10 }, (_, i) =>
  i === 0
    ? 'a0: &a0 [x]'
    : `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
).join('\n');

describe('a configuration file', () => {
  it('may say what the options of run say, by their names, and nothing else', () => {
    const notIn = new Set(['config', 'force', 'dryRun']); // what is meant for one call
    const options = runCommand()
      .options.map((option) => option.attributeName())
      .filter((name) => !notIn.has(name));
    const keys = Object.keys(runConfigSchema.shape).filter((key) => !['$schema', 'preset'].includes(key));
    expect(keys.sort()).toEqual(options.sort());
    expect(JSON.parse(jsonSchema('config'))).toHaveProperty('properties.launcher.enum', launcherNames);
  });

  it('is JSON or YAML, with paths relative to itself', async () => {
    const json = await file(
      'a.json',
      '{"$schema": "x", "select": ["cnn-*"], "trials": 2, "out": "here", "plugin": ["./p.mjs"]}',
    );
    const yaml = await file('a.yaml', 'select: [cnn-*]\ntrials: 2\nout: here\nplugin: [./p.mjs] # mine\n');
    const expected = {
      select: ['cnn-*'],
      trials: 2,
      out: path.join(work, 'here'),
      plugin: [path.join(work, 'p.mjs')],
    };
    expect(await readRunConfig(json)).toEqual(expected);
    expect(await readRunConfig(yaml)).toEqual(expected);
  });

  it('gives way to the command line', async () => {
    const place = await file('b.yaml', 'preset: smoke\ntrials: 2\nepochs: 3\nthreads: 4\n');
    const run = async (...words: string[]) => {
      await runCommand().parseAsync([...words, '--config', place], { from: 'user' });
      return vi.mocked(runGrid).mock.lastCall![0];
    };
    expect(await run()).toMatchObject({ preset: 'smoke', trials: 2, epochs: 3, threads: 4, seed: 1 });
    expect(await run('quick', '--epochs', '7')).toMatchObject({ preset: 'quick', trials: 2, epochs: 7 });
  });

  it('names datasets, data folder and sbatch options as the flags do', async () => {
    const place = await file('c.yaml', 'dataset: [digits]\ndata: images\nsbatch: [partition=long]\n');
    const run = async (...words: string[]) => {
      await runCommand().parseAsync(words, { from: 'user' });
      return vi.mocked(runGrid).mock.lastCall![0];
    };
    const expected = {
      datasets: ['digits'],
      dataDir: path.join(work, 'images'),
      sbatchOptions: ['partition=long'],
    };
    expect(await run('--config', place)).toMatchObject(expected);
    const flags = ['--dataset', 'digits', '--data', path.join(work, 'images'), '--sbatch', 'partition=long'];
    expect(await run(...flags)).toMatchObject(expected);
  });

  it.each([
    ['missing.yaml', null, 'no such configuration file'],
    ['broken.json', '{"trials": ', 'JSON or YAML'],
    ['typo.yaml', 'trails: 3', 'trails'],
    ['wrong.yaml', 'trials: many', 'trials'],
    ['list.yaml', '- trials: 3', 'expected object'],
    ['empty.yaml', '', 'expected object'],
    ['large.yaml', Array.from({ length: 60_000 }, (_, i) => `key${i}: 1`).join('\n'), 'at most 32768 bytes'],
    ['deep.json', '['.repeat(16_000), 'nested too deeply'],
    ['deep map.json', '{"a":'.repeat(2000), 'nested too deeply'],
    ['deep.yaml', '- '.repeat(5000), 'nested too deeply'],
    ['question.yaml', '? - '.repeat(2000), 'nested too deeply'],
    ['bomb.yaml', yamlBomb, 'Excessive alias count'],
    ['twice.json', '{"trials": 1, "trials": 2}', 'unique'],
    ['alias.yaml', 'trials: *none', 'Unresolved alias'],
    ['warning.yaml', '*a: 2', 'JSON or YAML'],
  ])('%s is refused with its reason', async (name, content, expected) => {
    const place = content === null ? path.join(work, name) : await file(name, content);
    const said = await complaint(place);
    expect(said).toContain(expected);
    expect(said).toContain(name);
  });

  it('has a JSON Schema that says the same', () => {
    const schema = JSON.parse(jsonSchema('config')) as {
      additionalProperties: boolean;
      properties: Record<string, { description?: string }>;
    };
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toEqual(Object.keys(runConfigSchema.shape));
    for (const [name, { description }] of Object.entries(schema.properties))
      expect(description, name).toBeTruthy();
    expect(JSON.parse(jsonSchema('record'))).toHaveProperty('properties.testErrorPercent');
  });
});
