import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { EngineWish } from '../src/state.js';

const dist = path.resolve(import.meta.dirname, '../dist');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

export interface OpenPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests for anything but the page's own files. */
  readonly complaints: string[];
}

/**
 * Opens the built page from the disk, or as a static server would give it.
 *
 * @param missing files that are not there.
 */
export async function openPage(
  browser: Browser,
  {
    from,
    engine = 'wasm',
    missing = [],
    hash = '',
  }: {
    from: 'disk' | 'server';
    engine?: EngineWish;
    missing?: readonly string[];
    /** The state in the address. */
    hash?: string;
  },
): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // A test's own limit ends what hangs; a busy machine takes longer than the 30 s of Playwright.
  page.setDefaultTimeout(0);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const origin = from === 'disk' ? `${pathToFileURL(dist).href}/` : 'http://explorer.test/';
  await page.route(/^(?!data:|blob:)/, async (route) => {
    const url = route.request().url();
    const file = url.slice(origin.length).replace(/[?#].*/, '');
    if (!url.startsWith(origin)) complaints.push(`asked for ${url}`);
    if (!url.startsWith(origin)) return route.abort();
    if (missing.includes(file)) return route.fulfill({ status: 404 });
    if (from === 'disk') return route.continue();
    return route.fulfill({
      body: await readFile(path.join(dist, file)),
      contentType: TYPES[path.extname(file)],
    });
  });
  await page.goto(`${origin}index.html?engine=${engine}${hash && `#${hash}`}`);
  return { page, complaints };
}

/** Waits until every network has answered what is asked now. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.network').first().waitFor();
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.network')].every((card) => card.getAttribute('aria-busy') === 'false'),
  );
}

/** What a card shows. */
export const shownBy = (page: Page, network: string) =>
  page.locator(`[data-network="${network}"]`).evaluate((card) => {
    const pixelsOf = (part: string) => {
      const canvas = card.querySelector<HTMLCanvasElement>(`[data-part="${part}"] canvas`)!;
      return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data];
    };
    return {
      verdict: card.querySelector('.verdict')!.textContent.trim().replaceAll(/\s+/g, ' '),
      /** In percent, to two decimals. */
      probabilities: [...card.querySelectorAll<HTMLElement>('.bar span')].map((bar) =>
        Number.parseFloat(bar.style.width),
      ),
      attacked: pixelsOf('attacked'),
      heat: pixelsOf('heat'),
    };
  });

/** Which engine runs, and how many tensors it holds. */
export const costOf = (page: Page) =>
  page
    .locator('#cost')
    .evaluate(({ dataset }) => ({ engine: dataset.engine, tensors: Number(dataset.tensors) }));

/** Moves the slider as a hand would: many values, one after the other. */
export const dragStrength = (page: Page, values: readonly number[]) =>
  page.locator('#strength').evaluate((input: HTMLInputElement, all) => {
    for (const value of all) {
      input.value = String(value);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }, values);
