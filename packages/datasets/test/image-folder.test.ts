import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImageFolder } from '../src/index.js';

let work: string;
const options = { images: 100, seed: 1 };

async function picture(file: string, byte: number, [width, height] = [3, 2]): Promise<void> {
  await mkdir(path.join(work, path.dirname(file)), { recursive: true });
  await sharp({ create: { width, height, channels: 3, background: { r: byte, g: 0, b: 0 } } })
    .png()
    .toFile(path.join(work, file));
}
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-image-folder-'));
  for (const [folder, from] of [
    ['flat/b', 10],
    ['flat/a', 20],
    ['parts/test/x', 30],
    ['parts/test/y', 40],
    ['parts/train/x', 50],
  ] as const)
    for (const i of [0, 1, 2]) await picture(`${folder}/${i}.png`, from + i);
});
afterAll(() => rm(work, { recursive: true, force: true }));

const read = (name: string, own = {}) => readImageFolder(path.join(work, name), { ...options, ...own });

describe('a folder of pictures', () => {
  it('has a class for each folder, sorted by name, and the classes in turns', async () => {
    const { set, found, checksum } = await read('flat', { images: 4 });
    expect(set.spec).toEqual({ height: 2, width: 3, channels: 3, classes: ['a', 'b'] });
    expect([...set.labels]).toEqual([0, 1, 0, 1]);
    const reds = [0, 1, 2, 3].map((i) => set.pixels[i * 18]);
    expect(reds.map((red) => Math.floor(red / 10))).toEqual([2, 1, 2, 1]);
    expect(found).toBe(6);
    expect((await read('flat', { images: 4 })).checksum).toBe(checksum);
    expect((await read('flat', { images: 2 })).checksum).not.toBe(checksum);
  });

  it('takes another order of classes, fewer channels, and the test part', async () => {
    const { set } = await read('flat', { classes: ['b', 'a'], shape: { channels: 1 } });
    expect(set.spec).toEqual({ height: 2, width: 3, channels: 1, classes: ['b', 'a'] });
    const { set: test } = await read('parts');
    expect(test.spec.classes).toEqual(['x', 'y']);
    expect([...test.pixels].filter((_, i) => i % 18 === 0).every((red) => red < 50)).toBe(true);
  });

  it('refuses what it would read wrongly', async () => {
    await picture('sizes/a/0.png', 1);
    await picture('sizes/b/0.png', 1, [4, 4]);
    await expect(read('sizes')).rejects.toThrow(/4×4 pixels|3×2 pixels/);
    await mkdir(path.join(work, 'empty/a'), { recursive: true });
    await picture('empty/b/0.png', 1);
    await expect(read('empty')).rejects.toThrow(/class "a" has no picture/);
    await picture('one/a/0.png', 1);
    await expect(read('one')).rejects.toThrow(/single class/);
    await expect(read('nowhere')).rejects.toThrow(/can't be read/);
    await picture('halves/train/a/0.png', 1);
    await picture('halves/val/a/0.png', 1);
    await expect(read('halves')).rejects.toThrow(/no test part/);
    await expect(read('flat', { classes: ['a', 'c'] })).rejects.toThrow(/no folder of the class "c"/);
    await expect(read('flat', { classes: ['a'] })).rejects.toThrow(/"b" is none of the named classes/);
    await picture('damaged/a/0.png', 1);
    await mkdir(path.join(work, 'damaged/b'));
    await writeFile(path.join(work, 'damaged/b/0.png'), 'GIF89a');
    await expect(read('damaged')).rejects.toThrow(/A picture is a GIF/);
  });
});
