import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that CHROMIUM names, or one of the usual names on the PATH; null if there is none. */
export const chromiumPath: string | null = process.env.CHROMIUM ?? onPath();

/** For the title of tests that need one. */
export const orSkipped = chromiumPath ? '' : ' (skipped: no Chromium on the PATH; CHROMIUM may name one)';

function onPath(): string | null {
  const places = (process.env.PATH ?? '').split(path.delimiter);
  const all = NAMES.flatMap((name) => places.map((place) => path.join(place, name)));
  return all.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Headless, with WebGL by SwiftShader: it needs no graphics card. */
export const startChromium = ({ webgl = true } = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    timeout: 0,
    args: [
      '--no-sandbox',
      ...(webgl
        ? ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']
        : ['--disable-gpu', '--disable-software-rasterizer', '--use-gl=disabled']),
    ],
  });
