import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { countOf, type ImageSet } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import { iwildcam2class } from '../src/index.js';

const { WEIGHTMAP_DATA } = process.env;

describe.runIf(WEIGHTMAP_DATA && existsSync(join(WEIGHTMAP_DATA, 'iwildcam-2class')))(
  'real photos of coyotes and raccoons',
  () => {
    it('are 895 each, cut 70/20/10 within the class', async () => {
      const { label, train, validation, test, skipped } = await iwildcam2class.load({
        seed: 1,
        offline: true,
      });
      expect(label).toBe('iWildCam (2 classes)');
      const perClass = (set: ImageSet) => [0, 1].map((c) => set.labels.filter((found) => found === c).length);
      expect([train, validation, test].map(perClass)).toEqual([
        [626, 626],
        [179, 179],
        [90, 90],
      ]);
      expect(skipped).toEqual([]);
      // Photos: many grays, neither black nor white on the whole.
      expect(new Set(test.pixels).size).toBeGreaterThan(200);
      const mean = test.pixels.reduce((a, b) => a + b, 0) / test.pixels.length;
      expect(mean).toBeGreaterThan(60);
      expect(mean).toBeLessThan(200);
    });

    it('are of three cameras, of which one learns, one validates and one tests', async () => {
      const dataset = await iwildcam2class.load({ seed: 1, offline: true, splitBy: 'location' });
      expect(dataset.label).toBe('iWildCam (2 classes, split by location)');
      const counts = [dataset.train, dataset.validation, dataset.test].map(countOf);
      expect(counts.reduce((a, b) => a + b, 0)).toBe(1790);
      expect(Math.min(...counts)).toBeGreaterThan(300);
      expect(counts[0]).toBe(Math.max(...counts));
    });
  },
);
