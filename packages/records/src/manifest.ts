import { rename } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, parseJson, splitUnits, UsageError, WeightmapError } from '@weightmap/core';
import { readIfThere, writeWhole, writing } from '@weightmap/core/files';
import { z } from 'zod';
import { missingRun } from './missing-run.js';
import { cellId } from './cell-id.js';
import { cellPaths } from './cell-paths.js';
import { contentDigest } from './content-digest.js';
import { cellConfigSchema, type CellConfig } from './run-record.js';

/** A plugin as a run remembers it. */
export const storedPluginSchema = z.strictObject({
  /** Absolute, where it was when the run was planned. */
  file: z.string(),
  /** From the run's folder, with slashes: for another machine that has both. */
  fromRun: z.string(),
  /** Of the file. */
  sha256: z.string(),
});
/** What `storedPluginSchema` lets through. */
export type StoredPlugin = z.infer<typeof storedPluginSchema>;

const manifestSchema = z.strictObject({
  /** Other versions are not read. */
  schemaVersion: z.literal(1),
  /** Name of the preset that the run was planned by. */
  preset: z.string(),
  /** How the datasets are found and split. */
  data: z.strictObject({
    /** Of the split into parts and of every subset. */
    seed: z.number().int(),
    /** Absolute; left out for the usual places. */
    dataDir: z.string().optional(),
    /** How many images of each class a dataset is made of, where that can be chosen. */
    imagesPerClass: z.number().int().positive().optional(),
    /** The unit that a split of photographs keeps together: images, sequences or locations. */
    splitBy: z.enum(splitUnits).optional(),
  }),
  /** Test images of each cell that get Grad-CAM pictures. */
  gradCamSamples: z.number().int().nonnegative(),
  /** Whether each cell writes TensorBoard logs. */
  tensorboard: z.boolean(),
  /** Seconds of an epoch after which a checkpoint is written within it; absent for the default. */
  checkpointSeconds: z.number().nonnegative().optional(),
  /** Modules of the user's own that its cells were planned with. */
  plugins: z.array(storedPluginSchema).optional(),
  /** In the order in which they are numbered. */
  cells: z.array(cellConfigSchema),
  /** `contentDigest` of the cells, which decide the results; absent from the lists of earlier versions. */
  cellsSha256: z.string().optional(),
});

/** The cells of a run and their common settings: written before the first cell, read by every process. */
export type Manifest = z.infer<typeof manifestSchema>;

const fileOf = (run: string) => path.join(run, 'grid.json');
const LARGEST = 256 * 2 ** 20;

/** What tells two places in a run folder apart. */
const placeOf = ({ dataset, variant, trial }: CellConfig) => `${dataset.id}/${variant}/${trial}`;

/** A manifest before it is stored. */
export interface ManifestDraft extends Omit<Manifest, 'schemaVersion' | 'cells' | 'cellsSha256'> {
  /** In the order in which they are to be numbered. */
  cells: readonly CellConfig[];
}

/**
 * Stores it whole or not at all; cells of an earlier manifest stay, and keep their numbers, where this one has nothing in
 * their place. An earlier file that can't be used is kept as `grid.damaged.json`. Two writers at the same time must take turns.
 *
 * @returns what is stored.
 */
export async function mergeManifest(run: string, manifest: ManifestDraft): Promise<Manifest> {
  const earlier = await readEarlier(run);
  const cells = new Map([...(earlier.cells ?? []), ...manifest.cells].map((cell) => [placeOf(cell), cell]));
  const plugins = new Map<string, StoredPlugin>(
    [...(earlier.plugins ?? []), ...(manifest.plugins ?? [])].map((plugin) => [plugin.file, plugin]),
  );
  const merged: Manifest = {
    schemaVersion: 1,
    ...manifest,
    ...(plugins.size > 0 && { plugins: [...plugins.values()] }),
    cells: [...cells.values()],
    cellsSha256: contentDigest([...cells.values()]),
  };
  await writeWhole(fileOf(run), `${JSON.stringify(merged, null, 1)}\n`, { within: run });
  return merged;
}

async function readEarlier(run: string): Promise<Partial<Manifest>> {
  if (!(await readIfThere(fileOf(run)))) return {};
  try {
    return await readManifest(run);
  } catch {
    const kept = path.join(run, 'grid.damaged.json');
    await writing(kept, () => rename(fileOf(run), kept));
    return {};
  }
}

/** @throws WeightmapError if the folder has none, or one that can't be used. */
export async function readManifest(run: string): Promise<Manifest> {
  const bytes = await readIfThere(fileOf(run), { within: run, largest: LARGEST });
  if (!bytes) throw missingRun(run, fileOf(run));
  try {
    const manifest = manifestSchema.parse(parseJson(bytes.toString()));
    if (manifest.cellsSha256 !== undefined && manifest.cellsSha256 !== contentDigest(manifest.cells))
      throw new Error('cellsSha256: the cells have changed since the list was written');
    for (const cell of manifest.cells) cellPaths(run, cell); // refuses names that can't be folders
    return manifest;
  } catch (error) {
    throw new WeightmapError("The run's list of cells can't be used.", {
      where: `${fileOf(run)}: ${error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error)}`,
      fix: 'start the run again with its command: it writes the list anew, and finished cells stay',
    });
  }
}

/**
 * A cell by its place in the list, or by its id or the beginning of it.
 *
 * @throws WeightmapError if there is none, or several.
 */
export function findCell(
  { cells }: Pick<Manifest, 'cells'>,
  { index, id }: { index?: number; id?: string },
): CellConfig {
  if (id === undefined && index === undefined)
    throw new WeightmapError('Which cell?', { fix: 'name it by --index or by --cell' });
  const found = id === undefined ? [cells[index!]] : cells.filter((cell) => cellId(cell).startsWith(id));
  if (found.length === 1 && found[0]) return found[0];
  throw new UsageError(
    found.length > 1 ? `${found.length} cells have an id that begins so.` : 'There is no such cell.',
    {
      where: id === undefined ? `--index ${index}` : `--cell ${id}`,
      expected:
        id === undefined
          ? `0 … ${cells.length - 1}`
          : 'more of the id, as `weightmap run --dry-run` shows it, or the number that `weightmap status --all` shows',
    },
  );
}

/**
 * A cell as people name it: by its number in the list, from 1, or by its id or the beginning of it.
 *
 * @throws WeightmapError as `findCell`.
 */
export function findCellNamed(manifest: Pick<Manifest, 'cells'>, name: string): CellConfig {
  const number = /^\d{1,5}$/.test(name) ? Number(name) : 0;
  return manifest.cells[number - 1] ?? findCell(manifest, { id: name });
}
