import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digits } from '@weightmap/datasets';
import { cellPaths, writeRecord, type CellConfig, type CellPaths } from '@weightmap/records';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';

/** A text that no command may print or copy: it lies outside the run. */
export const SECRET = 'secret-of-the-user-3f9c';

/** What lies around a hostile run: the user's files, and the mark that its plugin leaves if it is run. */
export interface Surroundings {
  /** The hostile run's folder. */
  readonly run: string;
  /** The user's files: a secret, and a run of their own. */
  readonly outside: string;
  /** Written by the plugin. */
  readonly marker: string;
  /** The plugin, in the run's folder. */
  readonly plugin: string;
}

/** A picture of the record, for files in its place. */
const picture = {
  heatmap: 'grad-cam/0-clean-heatmap.png',
  image: 'grad-cam/0-clean-image.png',
  layer: 'conv3',
  sample: 0,
  condition: 'clean',
  strength: 0,
  label: '0',
  predicted: '0',
  probability: 1,
} as const;

/** A record of the shipped digits; with their checksum, their images can be loaded. */
const onDigits = (trial: number, checksum = 'a'.repeat(64), more: MadeRecord = {}) => {
  const data = {
    checksum,
    id: 'digits',
    label: 'Digits',
    train: 100,
    validation: 20,
    test: 40,
    ...more.data,
  };
  return makeRecord({ training: { epochs: 1 }, gradCam: [picture], ...more, trial, data });
};

/** Of a model without weights that is otherwise well. */
const topology = {
  class_name: 'Sequential',
  config: {
    name: 'sent',
    layers: [{ class_name: 'Flatten', config: { name: 'flatten', batch_input_shape: [null, 28, 28, 1] } }],
  },
  keras_version: 'tfjs-layers 4.22.0',
  backend: 'tensor_flow.js',
};

/** The things that a sender can do to the files of a cell: each is done to one cell, which is otherwise well. */
const tricks: Readonly<Record<string, (paths: CellPaths, outside: string) => Promise<void>>> = {
  'paths of weights that leave the folder': async ({ weights }) => {
    await mkdir(weights);
    await writeFile(
      path.join(weights, 'model.json'),
      JSON.stringify({
        modelTopology: topology,
        weightsManifest: [{ paths: ['../../../../../../user/secret.txt'], weights: [] }],
      }),
    );
  },
  'pictures and weights that are links': async ({ gradCam, weights }, outside) => {
    await mkdir(gradCam);
    await mkdir(weights);
    await symlink(path.join(outside, 'secret.txt'), path.join(gradCam, '0-clean-image.png'));
    await symlink(path.join(outside, 'model.json'), path.join(weights, 'model.json'));
  },
  'a pipe as the record': async ({ record }) => replace(record, () => pipe(record)),
  'a link as the record': async ({ record }, outside) =>
    replace(record, () => symlink(path.join(outside, 'record.json'), record)),
  'an oversize record': async ({ record }) => {
    const handle = openSync(record, 'r+');
    ftruncateSync(handle, 2 ** 34);
    closeSync(handle);
  },
  'a folder as the record': async ({ record }) => replace(record, () => mkdir(record)),
  'logs that are links': async ({ record, events, history, log, failure, identity }, outside) =>
    replace(record, async () => {
      for (const file of [events, history, log, failure, identity])
        await symlink(path.join(outside, 'secret.txt'), file);
    }),
  'pipes as logs': async ({ record, folder, events, history, log, failure, identity }) =>
    replace(record, async () => {
      for (const file of [events, history, log, failure, identity, path.join(folder, 'lease-1.json')])
        pipe(file);
    }),
  'folders that are links': async (paths, outside) =>
    replace(paths.record, async () => {
      for (const name of ['weights', 'gradCam', 'evaluation', 'checkpoint', 'tensorboard'] as const)
        await symlink(path.join(outside, 'folder'), paths[name]);
      for (const name of ['attacks', 'attacked'])
        await symlink(path.join(outside, 'folder'), path.join(paths.folder, name));
    }),
};

/** The numbers of the cells of `makeHostileRun`, by what is wrong with them. */
export const cellNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  ['nothing', 'a plugin', 'a link as the folder', ...Object.keys(tricks)].map((name, i) => [name, i]),
);

/**
 * Makes a run folder as an attacker would send it: its list of cells names a plugin that leaves a mark when it is run, and each
 * cell does one thing to the files of the user.
 *
 * @param parent a new folder; the user's own files are made beside the run.
 * @param links whether the folders and files of the whole run are links and pipes as well.
 */
export async function makeHostileRun(parent: string, { links = false } = {}): Promise<Surroundings> {
  const [run, outside] = [path.join(parent, 'sent'), path.join(parent, 'user')];
  await mkdir(path.join(outside, 'folder'), { recursive: true });
  await mkdir(run);
  await writeFile(path.join(outside, 'secret.txt'), SECRET);
  await writeFile(
    path.join(outside, 'model.json'),
    JSON.stringify({ modelTopology: { secret: SECRET }, weightsManifest: [] }),
  );
  const marker = path.join(parent, 'executed');
  const plugin = path.join(run, 'plugin.mjs');
  await writeFile(
    plugin,
    `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(marker)}, '');\nexport const attacks = {};\n`,
  );
  const sha256 = createHash('sha256')
    .update(await readFile(plugin))
    .digest('hex');
  const theirs = onDigits(99);
  await writeRecord(outside, theirs);
  await writeFile(
    path.join(outside, 'record.json'),
    JSON.stringify(onDigits(1 + cellNumbers['a link as the record'])),
  );

  // The page of `explore` needs images; the workers of the other cells must not begin to train.
  const { checksum } = await digits.load({ seed: 1 });
  const cells: CellConfig[] = [];
  for (const [name, index] of Object.entries(cellNumbers)) {
    const trial = index + 1;
    const isPlugin = name === 'a plugin';
    const made = onDigits(
      trial,
      name === 'paths of weights that leave the folder' ? checksum : undefined,
      isPlugin ? { variant: 'sent-net', data: { id: 'sent-images', label: 'Sent' } } : {},
    );
    const cell = isPlugin ? { ...made.cell, plugins: [sha256] } : made.cell;
    cells.push(cell);
    const paths = cellPaths(run, cell);
    if (isPlugin) continue;
    if (name === 'a link as the folder') {
      await mkdir(path.dirname(paths.folder), { recursive: true });
      await symlink(cellPaths(outside, theirs.cell).folder, paths.folder);
      continue;
    }
    await writeRecord(run, made);
    await tricks[name]?.(paths, outside);
  }
  const grid = {
    schemaVersion: 1,
    preset: 'smoke',
    data: { seed: 1 },
    gradCamSamples: 0,
    tensorboard: false,
    plugins: [{ file: plugin, fromRun: 'plugin.mjs', sha256 }],
    cells,
  };
  await writeFile(path.join(run, 'grid.json'), JSON.stringify(grid));
  if (links) {
    for (const name of ['report', 'explorer', 'export', 'attacks', 'submissions', 'logs'])
      await symlink(path.join(outside, 'folder'), path.join(run, name));
    await symlink(path.join(outside, 'secret.txt'), path.join(run, 'attacks.json'));
  } else {
    pipe(path.join(run, 'attacks.json'));
    await mkdir(path.join(run, 'submissions'));
    pipe(path.join(run, 'submissions/20260101-slurm-1.json'));
    await writeFile(
      path.join(run, 'submissions/20260102-slurm-1.json'),
      JSON.stringify({
        launcher: 'slurm',
        kind: 'cells',
        at: '',
        arrays: [{ job: '--user=me', cluster: null, offset: 0 }],
        report: null,
      }),
    );
    await mkdir(path.join(run, 'attacks'));
    pipe(path.join(run, 'attacks/worker-1.log'));
  }
  return { run, outside, marker, plugin };
}

/** Everything below a folder, by its path: the content of files, the kind of the rest. */
export async function contentsOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    found[path.relative(folder, file)] = entry.isFile() ? await readFile(file, 'latin1') : 'not a file';
  }
  return found;
}

const pipe = (file: string) => execFileSync('mkfifo', [file]);

async function replace(file: string, make: () => unknown): Promise<void> {
  await rm(file);
  await make();
}
