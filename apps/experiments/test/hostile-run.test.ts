import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands, hiddenCommands } from '../src/commands/index.js';
import { buildProgram } from '../src/program.js';
import { EXIT } from '../src/terminal/exit-codes.js';
import { explain } from '../src/terminal/explain.js';
import { cellNumbers, contentsOf, makeHostileRun, SECRET, type Surroundings } from './_hostile-run.js';

// No engine that takes seconds to start, and nothing of the user who runs the tests.
let parent: string;
let before: Readonly<Record<string, string>>;
const sent: Record<'files' | 'links', Surroundings> = {} as never;
beforeAll(async () => {
  parent = await realpath(await mkdtemp(path.join(tmpdir(), 'weightmap-hostile-')));
  vi.stubEnv('XDG_CONFIG_HOME', path.join(parent, 'config'));
  vi.stubEnv('XDG_CACHE_HOME', path.join(parent, 'cache'));
  vi.stubEnv('WEIGHTMAP_ENGINE', 'cpu');
  vi.stubEnv('WEIGHTMAP_DATA', '');
  for (const name of ['files', 'links'] as const)
    sent[name] = await makeHostileRun(path.join(parent, name), { links: name === 'links' });
  await writeFile(path.join(parent, 'nothing.mjs'), '');
  before = await userFiles();
});
afterAll(() => rm(parent, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const userFiles = async () => ({
  ...(await contentsOf(sent.files.outside)),
  ...Object.fromEntries(
    Object.entries(await contentsOf(sent.links.outside)).map(([name, text]) => [`links/${name}`, text]),
  ),
});

/** Runs a command in this process, as `cli.ts` does. */
async function weightmap(...words: string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const take = (...parts: unknown[]) => {
    output += `${parts.map(String).join(' ')}\n`;
  };
  for (const name of ['log', 'error', 'warn', 'info'] as const)
    vi.spyOn(console, name).mockImplementation(take);
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
  // A worker would talk to the process that runs the tests, and leave it.
  if (process.send) vi.spyOn(process, 'send').mockReturnValue(true);
  vi.spyOn(process, 'disconnect').mockReturnValue();
  // A worker that a launcher starts does nothing.
  const earlier = process.exitCode;
  const script = process.argv[1];
  process.argv[1] = path.join(parent, 'nothing.mjs');
  process.exitCode = undefined;
  let code: number;
  try {
    const program = await buildProgram(words);
    await program.parseAsync(words, { from: 'user' });
    code = Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    code = explain(error, { debug: false });
  }
  process.exitCode = earlier;
  process.argv[1] = script;
  vi.restoreAllMocks();
  return { code, output };
}

/** As people count: from 1. */
const cell = (name: string) => String(cellNumbers[name] + 1);
const NOT_ALLOWED = /This run wants a plugin that you have not allowed; it was not run\./;
const LEAVES = /A path leads out of its folder\./;

type Call = readonly [words: (run: string, parent: string) => string[], code: number, says: RegExp];
const worker = (name: string, says: RegExp): Call => [
  (run) => ['cell', '--run', run, '--index', String(cellNumbers[name])],
  EXIT.failed,
  says,
];

/** Every command, with what it says of the folder whose cells are hostile. A command that takes no run folder has no calls. */
const calls: Readonly<Record<string, readonly Call[]>> = {
  run: [
    [(run) => ['run', 'smoke', '--out', run], EXIT.failed, NOT_ALLOWED],
    [(run) => ['run', 'smoke', '--out', run, '--dry-run'], EXIT.failed, NOT_ALLOWED],
    [(run) => ['run', 'smoke', '--out', run, '--force'], EXIT.failed, NOT_ALLOWED],
  ],
  status: [
    [(run) => ['status', run, '--all'], EXIT.done, /A path leads out/],
    [(run) => ['status', run, '--all', '--json'], EXIT.done, /A path leads out/],
  ],
  cancel: [[(run) => ['cancel', run], EXIT.done, /nothing is running or queued/]],
  retry: [
    [(run) => ['retry', run], EXIT.failed, LEAVES],
    [(run) => ['retry', run, '--cell', cell('a plugin')], EXIT.failed, NOT_ALLOWED],
    [(run) => ['retry', run, '--cell', cell('folders that are links')], EXIT.failed, LEAVES],
  ],
  logs: [
    [(run) => ['logs', run, cell('logs that are links')], EXIT.done, /left out: A path leads out/],
    [(run) => ['logs', run, cell('pipes as logs')], EXIT.done, /left out: .*named pipe/],
    [(run) => ['logs', run, cell('a link as the folder')], EXIT.done, /left out: A path leads out/],
    [(run) => ['logs', run, 'attacks'], EXIT.done, /left out: .*named pipe/],
  ],
  report: [[(run) => ['report', run], EXIT.done, /4 damaged and left out/]],
  verify: [[(run) => ['verify', run], EXIT.done, /trial-6\/record\.json.*named pipe/]],
  attack: [
    [(run) => ['attack', run], EXIT.failed, NOT_ALLOWED],
    [(run) => ['attack', run, '--dry-run'], EXIT.failed, NOT_ALLOWED],
    [(run) => ['attack', run, '--dry-run', '--select', 'cnn-33'], EXIT.failed, /weights of .* are missing/],
  ],
  explore: [[(run) => ['explore', run], EXIT.failed, LEAVES]],
  export: [
    [(run) => ['export', run, '--json'], EXIT.done, /"damaged":4/],
    [(run) => ['export', run, '--weights'], EXIT.failed, /weights of .* are not there/],
  ],
  publish: [
    [
      (run, out) => ['publish', run, '--out', path.join(out, 'published')],
      EXIT.done,
      /left out: the picture .*: A path leads out of its folder/,
    ],
  ],
  cell: [
    worker('a plugin', NOT_ALLOWED),
    worker('a link as the folder', LEAVES),
    worker('folders that are links', LEAVES),
    worker('logs that are links', /images of .* have changed/),
    worker('pipes as logs', /images of .* have changed/),
    worker('a pipe as the record', /images of .* have changed/),
  ],
  'attack-worker': [[(run) => ['attack-worker', '--run', run], EXIT.failed, /no plan of attacks/]],
  list: [],
  doctor: [],
  bench: [],
  schema: [],
  'bench-worker': [],
  demo: [],
  engine: [],
};

it('every command of the program is tried', async () => {
  const all = { ...commands, ...hiddenCommands };
  expect(Object.keys(calls).sort()).toEqual(Object.keys(all).sort());
  for (const [name, rows] of Object.entries(calls))
    if (rows.length === 0) {
      const command = (await all[name].load())();
      const taken = [
        ...command.registeredArguments.map((argument) => argument.name()),
        ...command.options.map(({ long }) => long),
      ];
      expect(taken, `${name} takes no run folder`).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(run|--run)$/)]),
      );
    }
});

describe.each(Object.entries(calls).filter(([, rows]) => rows.length > 0))('weightmap %s', (_, rows) => {
  it.each(rows.map((row) => [row[0]('RUN', 'DIR').slice(1).join(' '), row] as const))(
    'on a folder that somebody sent runs no plugin, and neither reads nor writes outside: %s',
    async (_words, [words, code, says]) => {
      const { run, marker } = sent.files;
      const got = await weightmap(...words(run, path.join(parent, 'files')));
      expect(got.output).toMatch(says);
      expect(got.code, got.output).toBe(code);
      expect(got.output).not.toContain(SECRET);
      expect(got.output, 'no stack for a user').not.toMatch(/^\s+at .*:\d+|unexpected error/m);
      expect(existsSync(marker), 'its plugin was run').toBe(false);
      expect(await userFiles()).toEqual(before);
    },
  );
});

/** The same for a folder whose report/, attacks/, … are links to the user's folder. */
const linked: readonly Call[] = [
  [(run) => ['status', run], EXIT.failed, LEAVES],
  [(run) => ['cancel', run], EXIT.failed, LEAVES],
  [(run) => ['logs', run, 'attacks'], EXIT.failed, /no output yet/],
  [(run) => ['report', run], EXIT.failed, LEAVES],
  [(run) => ['verify', run], EXIT.done, /damaged record left out/],
  [(run) => ['export', run], EXIT.failed, LEAVES],
  [(run) => ['explore', run], EXIT.failed, LEAVES],
  [(run) => ['attack-worker', '--run', run], EXIT.failed, LEAVES],
  [(run) => ['retry', run, '--cell', cell('nothing')], EXIT.done, /done, running or queued/],
];

it.each(linked.map((row) => [row[0]('RUN', 'DIR').join(' '), row] as const))(
  'a folder of links: %s',
  async (_words, [words, code, says]) => {
    const { run, marker } = sent.links;
    const got = await weightmap(...words(run, path.join(parent, 'links')));
    expect(got.output).toMatch(says);
    expect(got.code, got.output).toBe(code);
    expect(got.output).not.toContain(SECRET);
    expect(existsSync(marker)).toBe(false);
    expect(await userFiles()).toEqual(before);
  },
);
