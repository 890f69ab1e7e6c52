import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { confine, readIfThere, writeWhole } from '@weightmap/core/files';
import {
  attackedPictures,
  cellName,
  cellPaths,
  mergeManifest,
  readAttacks,
  readManifest,
  readRun,
  readRecords,
  storedIdentity,
  writeAttackedRun,
  type AttackedRun,
  type CellConfig,
  type Manifest,
  type Run,
  type StoredRecord,
} from '@weightmap/records';
import { Command } from 'commander';
import { waitForLease } from '../leases/lease.js';
import { count, plain } from '@weightmap/report/text';
import { print, printJson } from '../terminal/output.js';

interface Options {
  out: string;
  json?: boolean;
}

export function publishCommand(): Command {
  return new Command('publish')
    .argument('<run>', 'folder of the run')
    .requiredOption('--out <folder>', 'where the results go; those of earlier calls stay')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Copies the files that a reader of the results needs: records, pictures, attack results and the list of cells. Weights, checkpoints, logs and
paths of this machine are left out. The folder is a run folder: report, verify, status and export read it.
Call it again when more cells are finished.

Example:
  weightmap publish runs/reproduction --out results`,
    )
    .action(async (run: string, { out, json }: Options) => {
      const published = await publishRun(run, out);
      if (json) printJson(published);
      else {
        print(
          `${count(published.records, 'record')} (${published.added} new), ${count(published.files, 'picture')} and attack results of ${count(published.attacked, 'network')} in ${out}`,
        );
        for (const { file, reason } of published.damaged)
          print(`damaged record left out: ${plain(file)} (${plain(reason)})`);
        for (const note of published.notes) print(`left out: ${plain(note)}`);
      }
    });
}

interface Published {
  /** Records of the run, all of them in the folder now. */
  readonly records: number;
  /** Of these, the ones that were not there before. */
  readonly added: number;
  /** Pictures written or already there. */
  readonly files: number;
  /** Networks with attack results in the folder, those of earlier calls included. */
  readonly attacked: number;
  readonly damaged: readonly { readonly file: string; readonly reason: string }[];
  /** What else was left out, and why. */
  readonly notes: readonly string[];
}

/**
 * Copies the finished cells of a run to a folder that is meant to be shared. Each file is written whole or not at all.
 *
 * @throws WeightmapError if the run has no record, if the folder is the run itself, or if the folder holds a record of another
 *   configuration in the place of one of the run's: nothing is written then.
 */
async function publishRun(run: string, out: string): Promise<Published> {
  if (path.resolve(run) === path.resolve(out))
    throw new WeightmapError('The results would be written over the run itself.', {
      where: out,
      fix: 'name another folder by --out',
    });
  const source = await readRun(run);
  const { records } = source;
  if (records.length === 0)
    throw new WeightmapError('There is nothing to publish.', {
      where: run,
      expected: 'a run with at least one finished cell',
      fix: '`weightmap status` shows which cells are done',
    });
  const manifest = await readManifest(run);
  // One at a time: what is there is read, and what is written depends on it.
  const lease = await waitForLease(out);
  try {
    return await copyTo(out, source, manifest);
  } finally {
    await lease.release();
  }
}

/** Bytes: a report draws no larger ones. */
const LARGEST_PICTURE = 16 * 2 ** 20;

async function copyTo(
  out: string,
  { folder: run, records, damaged, notes, attacks: made }: Run,
  { data, ...manifest }: Manifest,
): Promise<Published> {
  const earlier = existsSync(path.join(out, 'cells')) ? (await readRecords(out)).records : [];
  await refuseOthers(out, records, earlier);
  const before = await earlierAttacks(out);

  let files = 0;
  const leftOut = [...notes];
  const pictures = async (from: string, to: string, shown: readonly Pictures[]) => {
    for (const name of namesOf(shown)) {
      const file = path.join(from, name);
      const bytes = await readIfThere(file, { within: run, largest: LARGEST_PICTURE }).catch(
        (error: unknown) => {
          // What the file system refuses ends the command; a link or a pipe in a picture's place doesn't.
          if (!(error instanceof WeightmapError) || error.cause !== undefined) throw error;
          leftOut.push(`the picture ${path.relative(run, file)}: ${error.message}`);
          return null;
        },
      );
      if (!bytes) continue;
      await put(bytes, path.join(to, name), out);
      files++;
    }
  };
  for (const { record, folder } of records) {
    const to = cellPaths(out, record.cell);
    await pictures(folder, to.folder, record.gradCam);
    await writeWhole(to.identity, `${JSON.stringify({ cellId: record.cellId })}\n`, { within: out });
    // Last, because a record says that its cell is complete.
    const bytes = await readIfThere(cellPaths(run, record.cell).record, { within: run });
    if (bytes) await put(bytes, to.record, out);
  }
  const attacked = mergeAttacks(before, made);
  for (const cell of made?.cells ?? []) {
    const pictured = attackedPictures(run, cell);
    const to = cellPaths(out, { ...cell, dataset: { id: cell.dataset } }).folder;
    if (pictured) await pictures(pictured.folder, to, pictured.record.gradCam);
  }
  if (attacked) await writeAttackedRun(out, attacked);
  // Where the data and the plugins lie on this machine is nobody else's business.
  await mergeManifest(out, { ...manifest, plugins: undefined, data: { ...data, dataDir: undefined } });
  const known = new Set(earlier.map(({ record }) => record.cellId));
  const added = records.filter(({ record }) => !known.has(record.cellId)).length;
  return {
    records: records.length,
    added,
    files,
    attacked: attacked?.cells.length ?? 0,
    damaged,
    notes: leftOut,
  };
}

/** Results of earlier calls, which must not be lost. */
async function earlierAttacks(out: string): Promise<AttackedRun | null> {
  const { attacked, problem } = await readAttacks(out);
  if (problem === null) return attacked;
  throw new WeightmapError("The folder's earlier results of attacks can't be used.", {
    where: `${path.join(out, 'attacks.json')}: ${problem}`,
    fix: 'restore the file from a copy, or publish to another folder',
  });
}

/** Two configurations in one place can't both be published: the reader would take one for the other. */
async function refuseOthers(
  out: string,
  records: readonly StoredRecord[],
  earlier: readonly StoredRecord[],
): Promise<void> {
  const placed = new Map(earlier.map(({ record }) => [cellPaths(out, record.cell).folder, record.cellId]));
  for (const { record } of records) {
    const { folder, identity } = cellPaths(out, record.cell);
    confine(out, folder);
    const owner = placed.get(folder) ?? (await storedIdentity(identity));
    if (owner && owner !== record.cellId)
      throw new WeightmapError(`The folder holds another configuration of ${cellName(record.cell)}.`, {
        where: folder,
        expected: `cell ${record.cellId.slice(0, 12)}…, not ${owner.slice(0, 12)}…`,
        fix: 'publish to another folder, or remove the other results',
      });
  }
}

interface Pictures {
  readonly image: string;
  readonly heatmap: string;
  readonly perturbation?: string;
}

/** The files of pictures, each once. */
const namesOf = (pictures: readonly Pictures[]): ReadonlySet<string> =>
  new Set(
    pictures.flatMap(({ image, heatmap, perturbation }) => [
      image,
      heatmap,
      ...(perturbation ? [perturbation] : []),
    ]),
  );

/** Writes a file, unless it is there already. A link that leads out of the folder is not followed. */
async function put(bytes: Buffer, to: string, out: string): Promise<void> {
  const known = await readIfThere(to, { within: out }).catch(() => null); // anything else is replaced
  if (!known?.equals(bytes)) await writeWhole(to, bytes, { within: out });
}

/** The earlier results in their order, each replaced by a new one of the same cell; then the new ones of other cells. */
function mergeAttacks(earlier: AttackedRun | null, made: AttackedRun | null): AttackedRun | null {
  if (!earlier || !made) return made ?? earlier;
  const fresh = new Map(made.cells.map((cell) => [placeOf(cell), cell]));
  const known = new Set(earlier.cells.map(placeOf));
  return {
    ...made,
    cells: [
      ...earlier.cells.map((cell) => fresh.get(placeOf(cell)) ?? cell),
      ...made.cells.filter((cell) => !known.has(placeOf(cell))),
    ],
    transfer: made.transfer ?? earlier.transfer,
    ...((made.corruptions ?? earlier.corruptions) && {
      corruptions: made.corruptions ?? earlier.corruptions,
    }),
  };
}

const placeOf = ({
  dataset,
  variant,
  trial,
}: {
  dataset: string;
  variant: string;
  trial: CellConfig['trial'];
}) => `${dataset}/${variant}/${trial}`;
