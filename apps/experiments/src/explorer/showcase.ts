import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  messageOf,
  WeightmapError,
  type ImageSet,
  type ShownBenchmark,
  type ShownDefense,
  type ShownImage,
  type ShownNetwork,
  type Showcase,
} from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import {
  cellPaths,
  plainVariant,
  readCellRecord,
  readManifest,
  type CellConfig,
  type Manifest,
  type RunRecord,
} from '@weightmap/records';
import { loadCellData } from '../cells/load-cell-data.js';
import { variantName } from '@weightmap/report';
import { count, list } from '@weightmap/report/text';
import { selects } from '../plan/grid.js';
import { findDefense, findVariant, needsPluginData } from '../plugins/components.js';
import { usePluginsFor } from '../plugins/stored-plugins.js';

export interface ShowcaseOptions {
  /** Variant ids or globs. */
  readonly select: readonly string[];
  /** Test images of each dataset. */
  readonly images: number;
  readonly onNote?: (note: string) => void;
}

/** A showcase, and the folders of its networks' weights, by the networks' file names. */
export interface FoundShowcase {
  readonly showcase: Omit<Showcase, 'report'>;
  readonly weights: ReadonlyMap<string, string>;
}

interface Finished {
  readonly cell: CellConfig;
  readonly record: RunRecord;
}

/**
 * The networks of a run that a page shows: the first finished trial of each variant on each dataset, with a few test images.
 *
 * @param options.onNote called for each dataset that is left out, because its images come from a plugin that isn't allowed.
 * @throws WeightmapError if no selected cell is finished, if nothing is left to show, or if images are missing.
 */
export async function findShowcase(
  run: string,
  { select, images, onNote = () => {} }: ShowcaseOptions,
): Promise<FoundShowcase> {
  const manifest = await readManifest(run);
  const finished = await showable(run, manifest, await firstTrials(run, manifest, select), onNote);
  const datasets = [...new Set(finished.map(({ cell }) => cell.dataset.id))];
  const benchmarks: ShownBenchmark[] = [];
  for (const id of datasets) {
    const cells = finished.filter(({ cell }) => cell.dataset.id === id);
    const { label, test } = await loadCellData(cells[0].cell, manifest);
    const { height, width, channels, classes } = test.spec;
    const networks = cells.map((one) => shownNetwork(one, cells));
    benchmarks.push({
      id,
      label,
      height,
      width,
      channels,
      classes,
      networks,
      images: shownImages(test, images),
    });
  }
  const weights = new Map(
    finished.map((one) => [fileOf(one.cell), confine(run, cellPaths(run, one.cell).weights)]),
  );
  const title = path.basename(path.resolve(run));
  return { showcase: { schemaVersion: 1, title, note: noteOn(finished), benchmarks }, weights };
}

/** Those whose images can be had: a network itself is shown without the plugin that it was made by. */
async function showable(
  run: string,
  manifest: Manifest,
  finished: readonly Finished[],
  onNote: (note: string) => void,
): Promise<Finished[]> {
  const left: Finished[] = [];
  const failures = new Map<string, unknown>();
  for (const one of finished) {
    const { dataset } = one.cell;
    try {
      if (needsPluginData(one.cell)) await usePluginsFor([one.cell], run, manifest);
      left.push(one);
    } catch (error) {
      if (!failures.has(dataset.id)) onNote(`${dataset.label} is left out: ${messageOf(error)}`);
      failures.set(dataset.id, error);
    }
  }
  if (left.length === 0) throw [...failures.values()][0];
  return left;
}

async function firstTrials(run: string, { cells }: Manifest, select: readonly string[]): Promise<Finished[]> {
  const isSelected = selects(select);
  const found = new Map<string, Finished>();
  for (const cell of [...cells].sort((a, b) => a.trial - b.trial)) {
    const row = fileOf(cell);
    if (found.has(row) || !isSelected(cell.variant)) continue;
    const record = await readCellRecord(run, cell);
    if (record && existsSync(cellPaths(run, cell).weights)) found.set(row, { cell, record });
  }
  if (found.size === 0)
    throw new WeightmapError('There is no trained network to show.', {
      where: run,
      expected: `a finished cell that --select ${select.join(',')} matches`,
      fix: '`weightmap status` shows which cells are done',
    });
  const rows = [...new Set(cells.map(fileOf))];
  return rows.flatMap((row) => found.get(row) ?? []);
}

const fileOf = ({ dataset, variant }: CellConfig): string => `${dataset.id}/${variant}`;

/** @param all the networks of its dataset. */
function shownNetwork({ cell, record }: Finished, all: readonly Finished[]): ShownNetwork {
  const { long, kind } = variantName(cell.variant, cell.names);
  return {
    id: cell.variant,
    label: long,
    kind,
    gradCamLayer:
      record.gradCamSharpness[0]?.layer ?? record.gradCam[0]?.layer ?? findVariant(cell.variant).gradCamLayer,
    file: fileOf(cell),
    testErrorPercent: record.testErrorPercent,
    ...defenseOnPage(cell),
    ...(cell.defense && { defense: shownDefense(cell, all) }),
  };
}

function shownDefense({ variant, names }: CellConfig, all: readonly Finished[]): ShownDefense {
  const plain = plainVariant(variant);
  const baseline = all.find(({ cell }) => cell.variant === plain)?.cell;
  const id = variant.slice(plain.length + 1);
  // The label of the defence comes last in the name.
  const label = variantName(variant, names).long.split(' + ').at(-1)!;
  return { id, label, baseline: baseline?.variant ?? null };
}

/**
 * What a page does about a network's defence. What is trained into a network is in its weights, and a class that abstains among its
 * outputs; what is put around it by images of the run stays behind.
 */
function defenseOnPage({ defense, dataset }: CellConfig): Pick<ShownNetwork, 'answers' | 'notice'> {
  if (!defense) return {};
  const row = findDefense(defense.id);
  if (!row.wrap) return {};
  const images = { height: 1, width: 1, channels: 1, classes: new Array<string>(dataset.classes).fill('') };
  const spec = row.networkSpec?.(images, defense.options);
  if (spec && spec.classes.length > dataset.classes) return { answers: dataset.classes };
  return {
    notice: `The page runs the trained network alone: what ${row.label} puts around it is made from images of the run, or replaces the computation of its layers, and is left out.`,
  };
}

/** How the networks were trained, each way once. */
function noteOn(finished: readonly Finished[]): string {
  const ways = finished.map(
    ({ cell }) => `${count(cell.training.epochs, 'epoch')} on ${count(cell.dataset.train, 'image')}`,
  );
  return `Trained for ${list([...new Set(ways)])}; the first trial of each network.`;
}

/** At most `count` images: the first of each class, then the second of each, and so on. */
export function shownImages({ spec, pixels, labels }: ImageSet, count: number): ShownImage[] {
  const size = spec.height * spec.width * spec.channels;
  const seen = spec.classes.map(() => 0);
  /** For each image, how many of its class come before it. */
  const turns = Array.from(labels, (label) => seen[label]++);
  const order = [...turns.keys()].sort((a, b) => turns[a] - turns[b] || labels[a] - labels[b]);
  return order.slice(0, count).map((index) => ({
    label: labels[index],
    pixels: Buffer.from(pixels.subarray(index * size, (index + 1) * size)).toString('base64'),
  }));
}
