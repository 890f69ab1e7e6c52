import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { countOf, type ImageSet } from '@weightmap/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../src/_decode-image.js';
import { readClassArchive, type Picture } from '../src/_class-folders.js';
import { cacheFolder } from '../src/_locate.js';
import { cifar10 } from '../src/index.js';

const { WEIGHTMAP_DATA = '', WEIGHTMAP_SLOW_TESTS } = process.env;
const archive = join(WEIGHTMAP_DATA, 'cifar10-jpeg', 'cifar10-jpeg.tar.gz');
const isThere = WEIGHTMAP_DATA !== '' && existsSync(archive);

describe.runIf(isThere)('the real CIFAR-10 as JPEGs', () => {
  let pictures: Picture[];
  beforeAll(async () => {
    pictures = await readClassArchive(archive, cifar10.spec);
  });

  it('has 60,000 pictures in the order of the classes', () => {
    expect(pictures).toHaveLength(60_000);
    expect(pictures.filter(({ part }) => part === 'train')).toHaveLength(50_000);
    for (const [i, { part, label, name }] of pictures.entries()) {
      expect(part).toBe(i < 50_000 ? 'train' : 'test');
      if (label !== i % 10) throw new Error(`${name} is at ${i}`);
    }
  });

  it('shows skies above ships and grass below deer', async () => {
    /** Mean red, green and blue over the first hundred of a class. */
    const meanOf = async (className: string) => {
      const label = cifar10.spec.classes.indexOf(className);
      const sum = [0, 0, 0];
      for (const { bytes } of pictures.filter((picture) => picture.label === label).slice(0, 100)) {
        const pixels = await decodeImage(bytes, { ...cifar10.spec, maxPixels: 1024, resize: false });
        pixels.forEach((value, i) => (sum[i % 3] += value / 1024 / 100));
      }
      return sum;
    };
    const [ship, deer] = [await meanOf('ship'), await meanOf('deer')];
    expect(ship[2]).toBeGreaterThan(ship[0]);
    expect(deer[1]).toBeGreaterThan(deer[2]);
  });
});

/** Decoding all of it takes a minute or two; afterwards it is read from the cache in a second. */
const isDecoded = existsSync(join(cacheFolder('cifar10'), 'decoded'));

describe.runIf(isThere && (isDecoded || WEIGHTMAP_SLOW_TESTS))('the real CIFAR-10, decoded', () => {
  it('has its counts, its classes and its mean colours', async () => {
    const { label, train, validation, test } = await cifar10.load({ seed: 1, offline: true });
    expect(label).toBe('CIFAR-10 (JPEG)');
    expect([train, validation, test].map(countOf)).toEqual([45_000, 5_000, 10_000]);
    for (let c = 0; c < 10; c++) expect(test.labels.filter((found) => found === c)).toHaveLength(1000);
    // The known means of the training images, 0.4914, 0.4822 and 0.4465 of [0, 1]; JPEG keeps them.
    const means = [0, 1, 2].map((channel) => meanOf([train, validation], channel));
    for (const [channel, mean] of [0.4914, 0.4822, 0.4465].entries())
      expect(Math.abs(means[channel] - mean)).toBeLessThan(0.002);
  });
});

function meanOf(sets: readonly ImageSet[], channel: number): number {
  let sum = 0;
  let count = 0;
  for (const { pixels } of sets) for (let i = channel; i < pixels.length; i += 3, count++) sum += pixels[i];
  return sum / count / 255;
}
