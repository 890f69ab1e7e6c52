import { useEngine } from '@weightmap/test-utils';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
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
      await page.getByLabel('Image 4: 3', { exact: true }).check();
      await settled(page);
      expect(await costOf(page)).toEqual(before);
    });

    it('is worked by the keyboard', async () => {
      await page.getByLabel('Image 1: 0', { exact: true }).focus();
      await page.keyboard.press('ArrowRight');
      await page.getByLabel('Strength').focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await settled(page);
      expect(await page.locator('.strength output').textContent()).toBe('β = 0.01');
      await expectAsInNode(page, 1, { attack: 'uniform-noise', strength: 0.01, seed: 1 });
    });

    it('looks at a drawing', async () => {
      await page.getByLabel('draw a digit').check();
      const box = (await page.locator('draw-pad canvas').boundingBox())!;
      const [x, y] = [box.x + box.width / 2, box.y + 20];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y + box.height - 40, { steps: 4 });
      await page.mouse.up();
      await settled(page);
      const { attacked, verdict } = await shownBy(page, networks[0].id);
      expect(verdict).toMatch(/predicts \d/);
      // The prediction is not an error where nothing but it is known, so its bar has the colour of text.
      const [bar, ink] = await page.evaluate(
        ([id]) => {
          const card = document.querySelector(`[data-network="${id}"]`)!;
          const colourOf = (selector: string, name: 'color' | 'backgroundColor') =>
            getComputedStyle(card.querySelector(selector)!)[name];
          return [colourOf('.predicted .bar span', 'backgroundColor'), colourOf('.predicted .num', 'color')];
        },
        [networks[0].id],
      );
      const right = verdict.includes('instead of') ? 'rgb(143, 58, 114)' : 'rgb(26, 26, 26)';
      expect([bar, ink]).toEqual([right, right]);
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

  describe('what it measures', () => {
    let open: OpenPage;
    let page: Page;
    beforeAll(async () => {
      open = await openPage(browser, { from: 'server' });
      page = open.page;
      await settled(page);
      await page.selectOption('#attack', 'fgsm');
    });
    afterAll(() => page?.close());
    afterEach(() => expect(open.complaints).toEqual([]));

    it('draws the error against the strength, with its numbers', async () => {
      await page.getByRole('button', { name: 'Measure the curves' }).click();
      await page.getByRole('button', { name: 'Measure again' }).waitFor();
      expect(await page.locator('.chart polyline').count()).toBe(3);
      expect(await page.locator('.chart .line').first().locator('circle, polygon').count()).toBe(9);
      await page.getByText('The numbers').click();
      const rows = await page.locator('.numbers tbody tr').allTextContents();
      expect(rows).toHaveLength(9);
      expect(rows[0].replaceAll(/\s+/g, ' ')).toMatch(/^ ?0 \d+ % \[\d+, \d+\], \d+ of 50/);
    });

    it('cancels, and says nothing of it', async () => {
      await page.selectOption('#attack', 'pgd');
      await settled(page);
      await page.getByRole('button', { name: 'Measure the curves' }).click();
      await page.locator('#curve progress').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.locator('#curve progress').count()).toBe(0);
      await page.selectOption('#attack', 'fgsm');
      await settled(page);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('finds the smallest strength, and shows an image that Node finds adversarial, too', async () => {
      await page.getByRole('button', { name: 'Find the smallest ε that fools' }).click();
      const found = page.locator(`[data-network="${networks[0].id}"] .found`);
      await found.waitFor();
      const text = (await found.textContent())!.replaceAll(/\s+/g, ' ');
      const [, least, below] = /Smallest ε found: ([\d.]+), not fooled at ([\d.]+)\. Verified/
        .exec(text)!
        .map(Number);
      expect(least - below).toBeLessThan(0.002);
      await found.getByRole('button', { name: 'Show at this strength' }).click();
      await settled(page);
      expect((await shownBy(page, networks[0].id)).verdict).toContain('wrong');
      const request = { attack: 'fgsm', seed: 1 };
      const { predicted } = await lookInNode(networks[0], 0, { ...request, strength: least + 0.001 });
      expect(predicted).not.toBe(benchmark.images[0].label);
      expect((await lookInNode(networks[0], 0, { ...request, strength: below - 0.001 })).predicted).toBe(
        benchmark.images[0].label,
      );
    });

    it('aims at a class, which the attacked image’s own class is not', async () => {
      await page.selectOption('#target', { label: '8' });
      await dragStrength(page, [0.2]);
      await settled(page);
      await expectAsInNode(page, 0, { attack: 'fgsm', strength: 0.2, seed: 1, target: 8 });
      expect(await page.locator('h1').textContent()).toMatch(/makes .* predict 8/);
      await page.getByLabel('Image 9: 8', { exact: true }).check();
      await settled(page);
      expect(await page.locator('#target').inputValue()).toBe('');
      await page.selectOption('#attack', 'uniform-noise');
      expect(await page.locator('#target').isDisabled()).toBe(true);
    });

    it('paints the learned weight maps of each network that has one', async () => {
      expect(await page.locator('.sheet').count()).toBe(2);
      expect(await page.locator('.sheet').first().locator('.maps pixel-picture').count()).toBe(8);
      expect(await page.locator('#weight-maps').textContent()).toContain('Without a weight map: CNN');
    });
  });

  it('leads by its address to the same view, and says what it ignores of a bad one', async () => {
    const { page, complaints } = await openPage(browser, {
      from: 'disk',
      hash: 'networks=conv&image=4&attack=pgd&strength=0.05&target=8&seed=3&image2=%3Cimg%20src=x%3E&dataset=mnist',
    });
    await settled(page);
    expect(await page.locator('.network').count()).toBe(1);
    await expectAsInNode(
      page,
      3,
      { attack: 'pgd', strength: 0.05, seed: 3, target: 8 },
      networks.slice(0, 1),
    );
    expect(await page.locator('.notices li').allTextContents()).toEqual([
      'dataset: “mnist” is ignored, expected digits',
      '“image2” is ignored: it is unknown',
    ]);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.locator('.link [role=status] *').first().waitFor();
    const hash = await page.evaluate(() => location.hash);
    expect(hash).toBe('#dataset=digits&networks=conv&image=4&attack=pgd&strength=0.05&target=8&seed=3');
    // A link that is pasted into the open page is followed.
    await page.evaluate(() => (location.hash = '#networks=smoothing&image=2&attack=fgsm&strength=0.3'));
    await page.locator('[data-network="smoothing"]').waitFor();
    await settled(page);
    await expectAsInNode(page, 1, { attack: 'fgsm', strength: 0.3, seed: 1 }, networks.slice(1, 2));
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('takes an own picture, upright, and says what it did; a broken one is refused', async () => {
    const { page, complaints } = await openPage(browser, { from: 'server' });
    await settled(page);
    await page.getByLabel('own picture').check();
    // Black on white: a bar at the left, which the camera has noted to be turned by 90°: it is at the top.
    const side = 56;
    const raw = Buffer.alloc(side * side * 3, 255);
    for (let y = 0; y < side; y++) raw.fill(0, 3 * (y * side + 8), 3 * (y * side + 16));
    const turned = await sharp(raw, { raw: { width: side, height: side, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    const input = page.locator('#file');
    await input.setInputFiles({ name: 'turned.jpg', mimeType: 'image/jpeg', buffer: turned });
    await page.getByText('turned.jpg:').waitFor();
    await dragStrength(page, [0]);
    await settled(page);
    expect((await page.locator('#file-note').textContent())!.replaceAll(/\s+/g, ' ')).toMatch(
      /turned upright as its file says; resized from 56 × 56 to 28 × 28 pixels; .*inverted/,
    );
    const { attacked } = await shownBy(page, networks[0].id);
    const gray = (y: number, x: number) => attacked[4 * (28 * y + x)];
    expect([gray(5, 4), gray(5, 20), gray(20, 4), gray(20, 20)].map((value) => value > 128)).toEqual([
      ...[true, true, false, false],
    ]);
    await input.setInputFiles({ name: 'cut.jpg', mimeType: 'image/jpeg', buffer: turned.subarray(0, 300) });
    const alert = page.locator('#file-note [role=alert]');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/cut\.jpg: The browser cannot read the file as a picture/);
    await input.setInputFiles({ name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) });
    await page.getByText('empty.png: The file is empty').waitFor();
    // The picture before is still there.
    expect((await shownBy(page, networks[0].id)).attacked).toEqual(attacked);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('measures its engines when none is requested, and uses one of those that it has timed', async () => {
    const without = await startChromium({ webgl: false });
    try {
      const { page } = await openPage(without, { from: 'disk', engine: 'fastest' });
      await settled(page);
      await page.getByText('WebGL is not available').waitFor();
      expect((await costOf(page)).engine).toBe('wasm');
      expect((await page.locator('#measured').textContent())!.replaceAll(/\s+/g, ' ')).toMatch(
        /WebAssembly [\d.]+ ms; WebGL is not available: /,
      );
    } finally {
      await without.close();
    }
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
