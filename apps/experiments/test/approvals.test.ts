import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WeightmapError } from '@weightmap/core';
import type { StoredPlugin } from '@weightmap/records';
import type * as loader from '../src/plugins/load-plugin.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { approvalsFile, approve, readApprovals } from '../src/plugins/approvals.js';
import { knownNames } from '../src/terminal/known-names.js';
import {
  allowPlugins,
  pluginWords,
  refuseUnapproved,
  requirePlugins,
  useAllowedPlugins,
  usePlugins,
  usePluginsAgain,
  usePluginsFor,
} from '../src/plugins/stored-plugins.js';

// The tests of the command run modules: here each is only marked.
vi.mock('../src/plugins/load-plugin.js', async (original) => {
  const { fingerprint, ...own } = await original<typeof loader>();
  const loadPlugin = async (given: string): Promise<loader.LoadedPlugin> => {
    const known = await fingerprint(given);
    await writeFile(path.join(path.dirname(known.file), 'executed'), '');
    return { ...known, plugin: {} };
  };
  return { ...own, fingerprint, loadPlugin };
});

let work: string;
beforeEach(async () => {
  work = await realpath(await mkdtemp(path.join(tmpdir(), 'weightmap-approvals-')));
  vi.stubEnv('XDG_CONFIG_HOME', path.join(work, 'config'));
});
afterEach(() => rm(work, { recursive: true, force: true }));

interface Made extends StoredPlugin {
  readonly marker: string;
}

/** A plugin that leaves a mark where it is run. Each has other content. */
async function plugin(folder: string): Promise<Made> {
  await mkdir(path.join(work, folder), { recursive: true });
  const file = path.join(work, folder, 'plugin.mjs');
  await writeFile(file, `// ${file}`);
  const sha256 = digestOf(await readFile(file));
  return { file, fromRun: 'plugin.mjs', sha256, marker: path.join(work, folder, 'executed') };
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const stored = ({ file, fromRun, sha256 }: StoredPlugin) => ({ plugins: [{ file, fromRun, sha256 }] });
const cellOf = ({ sha256 }: StoredPlugin) => [{ plugins: [sha256] }];
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: WeightmapError) => error.explain(),
  );

describe('a plugin that a run folder names', () => {
  it('is not run, and the message says which, what works without it, and how to allow it', async () => {
    const made = await plugin('sent');
    const run = path.join(work, 'sent');
    for (const refused of [
      usePluginsFor(cellOf(made), run, stored(made)),
      requirePlugins(cellOf(made), run, stored(made)),
      usePluginsAgain(run, { ...stored(made), cells: cellOf(made) }, () => {}),
    ]) {
      const message = await failure(refused);
      expect(message).toMatch(/^This run wants a plugin that you have not allowed; it was not run\.\n/);
      expect(message).toContain(`${made.file}, SHA-256 ${made.sha256}`);
      expect(message).toContain(`--plugin ${made.file} to this command`);
      expect(message).toMatch(/Without it, status, .* work/);
    }
    const notes: string[] = [];
    await useAllowedPlugins(run, stored(made), (note) => notes.push(note));
    await usePluginsAgain(run, stored(made), (note) => notes.push(note));
    expect(notes.map((note) => note.includes(made.sha256))).toEqual([true, true]);
    expect(await pluginWords(run, stored(made))).toEqual([]);
    await knownNames(['run', '--plugin', made.file]);
    expect(existsSync(made.marker)).toBe(false);
  });

  it('is run once the user has named it, and in later commands without --plugin', async () => {
    const made = await plugin('own');
    await approve(made);
    await usePluginsFor(cellOf(made), work, stored(made));
    expect(existsSync(made.marker)).toBe(true);
  });

  it('is not run where its content has changed, though it was approved before', async () => {
    const made = await plugin('own');
    await approve(made);
    const changed = `${await readFile(made.file, 'utf8')}// changed`;
    await writeFile(made.file, changed);
    const now = { ...made, sha256: digestOf(Buffer.from(changed)) };
    // A run of before the change, and one that names the new content.
    expect(await failure(usePluginsFor(cellOf(made), work, stored(made)))).toContain('A plugin has changed');
    expect(await failure(usePluginsFor(cellOf(now), work, stored(now)))).toContain('you have not allowed');
    expect(existsSync(made.marker)).toBe(false);
  });

  it('is not run from another place: what lies beside it there is another’s', async () => {
    const own = await plugin('own');
    await approve(own);
    const sent = path.join(work, 'sent');
    await cp(path.join(work, 'own'), sent, { recursive: true });
    const marker = path.join(sent, 'executed');
    const entry = { ...own, file: path.join(sent, 'plugin.mjs') };
    await usePluginsFor(cellOf(own), sent, stored(entry)); // the user's own copy
    expect([existsSync(marker), existsSync(own.marker)]).toEqual([false, true]);
  });

  it('is not run from another place where the user’s own is gone', async () => {
    const own = await plugin('own');
    await approve(own);
    await cp(path.join(work, 'own'), path.join(work, 'sent'), { recursive: true });
    await rm(own.file);
    const entry = { ...own, file: path.join(work, 'sent/plugin.mjs') };
    expect(await failure(usePluginsFor(cellOf(own), path.join(work, 'sent'), stored(entry)))).not.toBeNull();
  });

  it('can be allowed for a worker by its launcher, with this content alone', async () => {
    const made = await plugin('launched');
    const run = path.join(work, 'launched');
    await approve(made);
    const words = await pluginWords(run, stored(made));
    expect(words).toEqual(['--plugin', `${made.sha256}:${made.file}`]);
    await rm(approvalsFile()); // another machine, with another home
    await allowPlugins([words[1]]);
    expect(existsSync(approvalsFile()), 'the worker approves nothing for later').toBe(false);
    await usePluginsFor(cellOf(made), run, stored(made));
    expect(existsSync(made.marker)).toBe(true);

    const other = await plugin('other');
    await allowPlugins([`${other.sha256}:${other.file}`]);
    await writeFile(other.file, '// changed since');
    expect(await failure(usePluginsFor(cellOf(other), run, stored(other)))).not.toBeNull();
    expect(existsSync(other.marker)).toBe(false);
  });

  it('is found beside the run by a worker on another machine', async () => {
    const made = await plugin('moved');
    await allowPlugins([`${made.sha256}:/no/such/place/plugin.mjs`]);
    await usePluginsFor(cellOf(made), path.join(work, 'moved'), stored(made));
    expect(existsSync(made.marker)).toBe(true);
  });
});

describe('a plugin that a configuration file names', () => {
  it('is refused until the user has named it by --plugin', async () => {
    const made = await plugin('config');
    const message = await failure(refuseUnapproved([made.file], 'study.yaml'));
    expect(message).toContain(`study.yaml: ${made.file}, SHA-256 ${made.sha256}`);
    expect(existsSync(made.marker)).toBe(false);
    await usePlugins([made.file]);
    expect(await failure(refuseUnapproved([made.file], 'study.yaml'))).toBeNull();
  });
});

describe('the list of approved plugins', () => {
  it('is the user’s alone', async () => {
    const made = await plugin('own');
    await approve(made);
    await approve(made);
    expect(readApprovals()).toEqual([{ sha256: made.sha256, file: made.file }]);
    expect(statSync(approvalsFile()).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(approvalsFile())).mode & 0o777).toBe(0o700);
    await chmod(approvalsFile(), 0o666);
    expect(readApprovals(), 'others can write it').toEqual([]);
  });

  it('passes over lines that are damaged', async () => {
    const made = await plugin('own');
    await approve(made);
    await writeFile(approvalsFile(), `{"sha256":"x"}\nnot JSON\n${await readFile(approvalsFile(), 'utf8')}{`);
    expect(readApprovals()).toHaveLength(1);
  });

  it('is no obstacle where it can’t be written', async () => {
    await writeFile(path.join(work, 'config'), 'a file');
    const made = await plugin('own');
    await approve(made);
    expect(readApprovals()).toEqual([]);
  });
});
