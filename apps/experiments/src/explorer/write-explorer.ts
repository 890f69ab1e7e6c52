import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { dataScript, WeightmapError } from '@weightmap/core';
import { writeWhole, writing } from '@weightmap/core/files';
import { builtPage, PAGE_FILES } from './page-files.js';
import { findShowcase, type ShowcaseOptions } from './showcase.js';
import { storedNetwork } from './stored-network.js';

export interface WrittenExplorer {
  /** Path of the page. */
  readonly html: string;
  readonly networks: number;
  readonly images: number;
}

/**
 * Writes the explorer with a run's networks and some of its test images: a folder that is complete, or as it was before.
 *
 * @param out the folder; an explorer in it is replaced.
 * @throws WeightmapError if there is nothing to show, the page has not been built, or the folder holds something else.
 */
export async function writeExplorer(
  run: string,
  { out, ...options }: ShowcaseOptions & { out: string },
): Promise<WrittenExplorer> {
  const page = builtPage();
  await checkReplaceable(out);
  const { showcase, weights } = await findShowcase(run, options);
  const made = `${path.resolve(out)}.${process.pid}.partial`;
  await writing(out, async () => {
    try {
      await mkdir(made, { recursive: true });
      for (const file of PAGE_FILES) await copyFile(path.join(page, file), path.join(made, file));
      const write = (name: string, value: Parameters<typeof dataScript>[1]) =>
        writeWhole(path.join(made, 'networks', `${name}.js`), dataScript(name, value));
      for (const [file, folder] of weights) await write(file, await storedNetwork(folder));
      await write('showcase', { ...showcase, report: reportFrom(run, out) });
      await replace(out, made);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  });
  return {
    html: path.join(out, 'index.html'),
    networks: weights.size,
    images: showcase.benchmarks.reduce((sum, { images }) => sum + images.length, 0),
  };
}

/** Nothing but an explorer is ever replaced. */
async function checkReplaceable(out: string): Promise<void> {
  const inside: string[] = await readdir(out).catch(() => []);
  if (inside.length > 0 && !inside.includes('explorer.js'))
    throw new WeightmapError('That folder holds something else.', {
      where: out,
      expected: 'an empty folder, an explorer, or a name that is free',
      fix: 'name another folder by --out',
    });
}

async function replace(out: string, made: string): Promise<void> {
  const old = `${made}.old`;
  if (existsSync(out)) await rename(out, old);
  try {
    await rename(made, out);
  } catch (error) {
    if (existsSync(old)) await rename(old, out);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/** Address of the run's report as the page sees it, if there is one. */
function reportFrom(run: string, out: string): string | null {
  const report = path.join(run, 'report/index.html');
  if (!existsSync(report)) return null;
  return path.relative(out, report).split(path.sep).map(encodeURIComponent).join('/');
}
