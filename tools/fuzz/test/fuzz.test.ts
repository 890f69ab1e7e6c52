// Some thousands of changed inputs for every parser; a million by `npx nx run fuzz --count 1000000`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget } from '../src/target.js';
import { targets } from '../src/targets/index.js';

const COUNT = Number(process.env.WEIGHTMAP_FUZZ ?? 120);
let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-fuzz-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

describe.each(targets)('$name', (target) => {
  it('accepts its valid inputs, and accepts or clearly refuses changed ones', async () => {
    const folder = await mkdtemp(path.join(work, `${target.name}-`));
    const opened = await openTarget(target, folder);
    for (const [i, seed] of (await target.seeds()).entries())
      expect(await opened.judge(seed), `valid input ${i}`).toEqual({ is: 'accepted' });
    const wrong: string[] = [];
    const count = Math.ceil(COUNT * (target.weight ?? 1));
    for (let seed = 0; seed < count; seed++) {
      const judgement = await opened.judge(opened.input(seed));
      if (judgement.is === 'wrong')
        wrong.push(`--target ${target.name} --seed ${seed}: ${judgement.why.slice(0, 500)}`);
    }
    expect(wrong.slice(0, 5), `${wrong.length} wrong`).toEqual([]);
  });
});
