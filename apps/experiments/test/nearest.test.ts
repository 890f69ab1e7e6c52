import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOutdated, unknownName } from '../src/terminal/nearest.js';

describe('the error for an unknown name', () => {
  it('names the nearest and all known names, and from sources no build', () => {
    const error = unknownName('attack', 'fgms', ['pgd', 'fgsm'], '--attacks');
    expect(error.message).toBe('There is no attack "fgms". Did you mean "fgsm"?');
    expect(error.details).toEqual({ where: '--attacks', expected: 'pgd, fgsm' });
  });
});

describe('an outdated build', () => {
  let root: string;
  let built: string;
  let source: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'weightmap-outdated-'));
    built = path.join(root, 'apps/experiments/dist/cli.js');
    source = path.join(root, 'packages/attacks/src/noise/mine.ts');
    for (const file of [built, source]) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, '');
    }
    await utimes(built, 1000, 1000);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('is one whose sources are newer, in a clone of the repository', async () => {
    await utimes(source, 2000, 2000);
    expect(isOutdated(built)).toBe(false);
    await writeFile(path.join(root, 'nx.json'), '{}');
    expect(isOutdated(built)).toBe(true);
    await utimes(source, 500, 500);
    expect(isOutdated(built)).toBe(false);
  });
});
