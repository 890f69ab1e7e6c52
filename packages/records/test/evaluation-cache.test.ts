import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvaluationCache } from '../src/index.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let asked: number[][];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weightmap-evaluation-'));
  asked = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const squares = (strengths: readonly number[], checkpoint = 'a', circumstances = { images: 10 }) =>
  openEvaluationCache(folder, checkpoint).entries('noise', circumstances, strengths, (missing) => {
    asked.push([...missing]);
    return Promise.resolve(missing.map((x) => ({ strength: x, error: x * x })));
  });

describe('the cache of an evaluation', () => {
  it('asks only for strengths that are not known, and keeps the order asked for', async () => {
    await squares([0.1, 0.3]);
    expect(await squares([0.3, 0.2, 0.1])).toEqual([
      { strength: 0.3, error: 0.09 },
      { strength: 0.2, error: 0.2 * 0.2 },
      { strength: 0.1, error: 0.1 * 0.1 },
    ]);
    await squares([0.1, 0.2]);
    expect(asked).toEqual([[0.1, 0.3], [0.2]]);
  });

  it('knows nothing of another checkpoint or other circumstances', async () => {
    await squares([1]);
    await squares([1], 'b');
    await squares([1], 'b', { images: 20 });
    expect(asked).toEqual([[1], [1], [1]]);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['changed in a figure', (text: string) => text.replace('"error":1', '"error":2')],
    ['something else', () => '[]'],
  ])('measures again where the file is %s', async (_, damage) => {
    await squares([1]);
    const file = join(folder, 'noise.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, damage(text));
    expect(await squares([1])).toEqual([{ strength: 1, error: 1 }]);
    expect(asked).toHaveLength(2);
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
