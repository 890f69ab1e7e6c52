import { copyFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { dataScript, WeightmapError, type StoredNetwork } from '@weightmap/core';
import { confine, replaceFolder, writeWhole } from '@weightmap/core/files';
import { readModelFiles } from '@weightmap/training';
import { builtPage } from './built-page.js';
import { findShowcase, type ShowcaseOptions } from './showcase.js';

/** The page without networks, which are each run's own. */
const PAGE_FILES = ['index.html', 'explorer.js', 'explorer.css'] as const;

export interface WrittenExplorer {
  /** Path of the page. */
  readonly html: string;
  readonly networks: number;
  readonly images: number;
}

/**
 * Writes the explorer page with a run's networks and some of its test images. If anything fails, the folder stays as it was.
 *
 * @param out the folder; an explorer in it is replaced.
 * @throws WeightmapError if no network is trained, the page has not been built, or the folder holds other files.
 */
export async function writeExplorer(
  run: string,
  { out, ...options }: ShowcaseOptions & { out: string },
): Promise<WrittenExplorer> {
  const page = builtPage();
  if (isIn(run, out)) confine(run, out);
  await checkReplaceable(out);
  const { showcase, weights } = await findShowcase(run, options);
  await replaceFolder(path.resolve(out), async (made) => {
    for (const file of PAGE_FILES) await copyFile(path.join(page, file), path.join(made, file));
    const write = (name: string, value: Parameters<typeof dataScript>[1]) =>
      writeWhole(path.join(made, 'networks', `${name}.js`), dataScript(name, value));
    for (const [file, folder] of weights) await write(file, await storedNetwork(folder));
    await write('showcase', { ...showcase, report: reportFrom(run, out) });
  });
  return {
    html: path.join(out, 'index.html'),
    networks: weights.size,
    images: showcase.benchmarks.reduce((sum, { images }) => sum + images.length, 0),
  };
}

/** A network's files in one object, as the page loads it. */
async function storedNetwork(folder: string): Promise<StoredNetwork> {
  const { json, weights } = await readModelFiles(folder);
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weights: weights.toString('base64'),
  };
}

/** Refuses to replace anything but an explorer. */
async function checkReplaceable(out: string): Promise<void> {
  const inside: string[] = await readdir(out).catch(() => []);
  if (inside.length > 0 && !inside.includes('explorer.js'))
    throw new WeightmapError('The folder holds other files.', {
      where: out,
      expected: 'an empty folder, an explorer, or a folder that does not exist',
      fix: 'choose another folder with --out',
    });
}

/** Whether the page goes into the run's folder, as it does by default; another place is the user's own choice. */
const isIn = (run: string, out: string): boolean =>
  path.resolve(out).startsWith(`${path.resolve(run)}${path.sep}`);

/** Address of the run's report, relative to the page; null if there is none. */
function reportFrom(run: string, out: string): string | null {
  const report = path.join(run, 'report/index.html');
  if (!existsSync(report)) return null;
  return path.relative(out, report).split(path.sep).map(encodeURIComponent).join('/');
}
