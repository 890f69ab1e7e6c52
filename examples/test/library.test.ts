import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(root, file), 'utf8');

describe('the library example', () => {
  it('is the one in the README', async () => {
    const [, shown] = /```js\n(.*?)```/s.exec(await read('README.md')) ?? [];
    expect(shown).toBe(await read('examples/library.mjs'));
  });

  it('runs on the built packages: learns, and falls to FGSM', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(root, 'examples/library.mjs')],
      {
        env: { ...process.env, FORCE_COLOR: '0' },
      },
    );
    const error = Number(/test error (\S+) %/.exec(stdout)?.[1]);
    expect(error).toBeLessThan(60); // guessing is 90
    const curve = [...stdout.matchAll(/errorPercent: (\S+),/g)].map(([, percent]) => Number(percent));
    expect(curve).toHaveLength(3);
    expect(curve[2]).toBeGreaterThan(curve[0]);
  });
});
