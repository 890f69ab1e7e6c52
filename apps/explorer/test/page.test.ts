import { useEngine } from '@weightmap/test-utils';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, orSkipped, startChromium } from './_chromium.js';
import { benchmark, lookInNode } from './_node-look.js';
import { costOf, dragStrength, openPage, settled, shownBy, type OpenPage } from './_page.js';

const networks = benchmark.networks;

/** Holds what a card shows against what Node computes, to the two decimals of a percent that the bars have. */
async function expectAsInNode(
  page: Page,
  image: number,
  request: Parameters<typeof lookInNode>[2],
  shown = networks,
) {
  for (const network of shown) {
    const [card, expected] = [await shownBy(page, network.id), await lookInNode(network, image, request)];
    expect(card.verdict, network.id).toContain(`predicts ${benchmark.classes[expected.predicted]}`);
    card.probabilities.forEach((percent, i) =>
      expect(Math.abs(percent / 100 - expected.probabilities[i]), `${network.id}, class ${i}`).toBeLessThan(
        2e-4,
      ),
    );
    const gray = (place: number) => card.attacked[4 * place] / 255;
    const worst = Math.max(...expected.attacked.map((value, place) => Math.abs(value - gray(place))));
    expect(worst, `${network.id}, pixels`).toBeLessThan(0.5 / 255 + 1e-3);
  }
}

describe.skipIf(!chromiumPath)(`the page${orSkipped}`, () => {
  useEngine();
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  describe.each([
    ['webgl', 'disk'],
    ['wasm', 'server'],
  ] as const)('on %s, from a %s', (engine, from) => {
    let open: OpenPage;
    let page: Page;
    beforeAll(async () => {
      open = await openPage(browser, { from, engine });
      page = open.page;
      await settled(page);
    });
    afterAll(() => page?.close());
    afterEach(() => expect(open.complaints).toEqual([]));

    it('shows what each network makes of an attack, as Node computes it', async () => {
      expect((await costOf(page)).engine).toBe(engine);
      await expectAsInNode(page, 0, { attack: 'fgsm', strength: 0.1, seed: 1 });
    });

    it('draws Grad-CAM', async () => {
      for (const { id } of networks) {
        const { heat } = await shownBy(page, id);
        const colours = new Set(heat.map((_, i) => (i % 4 === 0 ? heat.slice(i, i + 3).join() : '')));
        expect(colours.size, id).toBeGreaterThan(20);
      }
    });

    it('follows a slider that is dragged, and holds no more tensors afterwards', async () => {
      await page.selectOption('#attack', 'uniform-noise');
      await settled(page);
      const before = await costOf(page);
      await dragStrength(
        page,
        Array.from({ length: 40 }, (_, i) => 0.02 * (i + 1)),
      );
      await settled(page);
      await expectAsInNode(page, 0, { attack: 'uniform-noise', strength: 0.8, seed: 1 });
      await dragStrength(page, [0]);
      await settled(page);
      await expectAsInNode(page, 0, { attack: 'uniform-noise', strength: 0, seed: 1 });
      await page.getByLabel('Image 4: 3').check();
      await settled(page);
      expect(await costOf(page)).toEqual(before);
    });

    it('is worked by the keyboard', async () => {
      await page.getByLabel('Image 1: 0').focus();
      await page.keyboard.press('ArrowRight');
      await page.getByLabel('Strength').focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await settled(page);
      expect(await page.locator('.strength output').textContent()).toBe('β = 0.01');
      await expectAsInNode(page, 1, { attack: 'uniform-noise', strength: 0.01, seed: 1 });
    });

    it('looks at a drawing', async () => {
      await page.getByLabel('draw', { exact: true }).check();
      const box = (await page.locator('draw-pad canvas').boundingBox())!;
      const [x, y] = [box.x + box.width / 2, box.y + 20];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y + box.height - 40, { steps: 4 });
      await page.mouse.up();
      await settled(page);
      const { attacked, verdict } = await shownBy(page, networks[0].id);
      expect(verdict).toMatch(/predicts \d/);
      const gray = attacked.filter((_, i) => i % 4 === 0);
      // A stroke down the middle, twenty pixels long.
      const rows = Array.from({ length: 28 }, (_, row) => gray.slice(28 * row, 28 * (row + 1)));
      expect(rows.filter((row) => Math.max(...row) > 128).length).toBe(20);
      expect(gray[28 * 14 + 4]).toBeLessThan(20);
    });

    it('fits into narrow and wide windows', async () => {
      for (const width of [360, 390, 800, 1400]) {
        await page.setViewportSize({ width, height: 800 });
        const needed = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(needed, `${width} pixels`).toBeLessThanOrEqual(width);
      }
    });
  });

  it('runs on WebAssembly where there is no WebGL, and says so', async () => {
    const without = await startChromium({ webgl: false });
    try {
      const { page } = await openPage(without, { from: 'disk', engine: 'webgl' });
      await settled(page);
      expect((await costOf(page)).engine).toBe('wasm');
      expect(await page.locator('#engine-note').textContent()).toMatch(
        /WebGL is not available.*WebAssembly/s,
      );
      await expectAsInNode(page, 0, { attack: 'fgsm', strength: 0.1, seed: 1 });
    } finally {
      await without.close();
    }
  });

  it('names a network whose file is missing, and shows the others', async () => {
    const { page } = await openPage(browser, {
      from: 'server',
      missing: [`networks/${networks[0].file}.js`],
    });
    await settled(page);
    const card = page.locator(`[data-network="${networks[0].id}"]`);
    expect(await card.getByRole('alert').textContent()).toContain(
      `networks/${networks[0].file}.js is missing`,
    );
    expect((await shownBy(page, networks[1].id)).verdict).toContain('predicts');
    await page.close();
  });

  it('says what is wrong when there is nothing to show', async () => {
    const { page } = await openPage(browser, { from: 'server', missing: ['networks/showcase.js'] });
    expect(await page.getByRole('alert').textContent()).toContain('networks/showcase.js is missing');
    await page.close();
  });

  it('changes its engine and its networks, and goes on where it was', async () => {
    const { page, complaints } = await openPage(browser, { from: 'server' });
    await settled(page);
    await dragStrength(page, [0.3]);
    for (const { label } of networks.slice(1)) await page.getByRole('checkbox', { name: label }).uncheck();
    await page.selectOption('#engine', 'cpu');
    await settled(page);
    expect((await costOf(page)).engine).toBe('cpu');
    await expectAsInNode(page, 0, { attack: 'fgsm', strength: 0.3, seed: 1 }, networks.slice(0, 1));
    expect(await page.locator('.network').count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
