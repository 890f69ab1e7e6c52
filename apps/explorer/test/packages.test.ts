import path from 'node:path';
import { useEngine } from '@weightmap/test-utils';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../src/engine/protocol.js';
import { chromiumPath, orSkipped, startChromium } from './_chromium.js';
import type { numbersOn } from './_in-browser.js';
import { numbers } from './_numbers.js';

declare global {
  var inBrowser: { numbersOn: typeof numbersOn };
}

const tolerance = (name: string) => (/gradient|FGSM|Grad-CAM/.test(name) ? 1e-4 : 1e-5);

describe.skipIf(!chromiumPath)(
  `core, wm-layers, architectures, attacks and metrics in a browser${orSkipped}`,
  () => {
    useEngine();
    let browser: Browser;
    let page: Page;
    let expected: Record<string, number[]>;

    beforeAll(async () => {
      expected = numbers();
      const { outputFiles } = await build({
        entryPoints: [path.join(import.meta.dirname, '_in-browser.ts')],
        ...{ bundle: true, write: false, format: 'iife', globalName: 'inBrowser', platform: 'browser' },
        ...{ conditions: ['@weightmap/source'], loader: { '.wasm': 'dataurl' }, logLevel: 'silent' },
      });
      browser = await startChromium();
      page = await browser.newPage();
      page.setDefaultTimeout(0); // a test's own limit ends what hangs
      await page.addScriptTag({ content: outputFiles[0].text });
    });
    afterAll(() => browser?.close());

    it.each(ENGINES)('compute on %s what they compute in Node, and leave no tensor behind', async (wish) => {
      const { engine, found, left } = await page.evaluate((name) => inBrowser.numbersOn(name), wish);
      expect(engine).toBe(wish);
      expect(left).toBe(0);
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(expected))
        expect(found[name], name).toBeAllclose(values, tolerance(name));
    });
  },
);
