import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../_pnpm.mjs';
import { publintSays, wrongTypes } from '../_check.mjs';
import { entries, importing, requiring, typed } from '../_consumer.mjs';
import { installOffline } from '../_installed.mjs';
import { packAll } from '../_pack.mjs';
import { publicPackages, pure } from '../_packages.mjs';
import { examplesIn } from '../_readme-examples.mjs';

const execute = promisify(execFile);
const ids = publicPackages().map(({ id }) => id);
let work;
let packed;
const of = (id) => packed.find((one) => one.id === id);
const node = async (...args) => (await execute(process.execPath, args, { cwd: work })).stdout;

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-published-'));
  packed = await packAll(path.join(work, 'tarballs'));
  await installOffline(packed, work);
}, 1_200_000);
afterAll(() => rm(work, { recursive: true, force: true }));

describe.each(ids)('@weightmap/%s, packed', (id) => {
  it('is what publint and "are the types wrong" ask for', async () => {
    expect(await publintSays(of(id))).toEqual([]);
    expect(await wrongTypes(of(id))).toEqual([]);
  });

  it('names versions, no workspace, and one peer', () => {
    const { manifest } = of(id);
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|link:|file:/);
    expect(Object.keys(manifest.peerDependencies)).toEqual(['@tensorflow/tfjs']);
    expect(Object.keys(manifest.dependencies ?? {})).not.toContain('@tensorflow/tfjs');
  });

  it('holds its build, README and licence, and nothing else', () => {
    const names = of(id).files.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']),
    );
    const more = {
      // What links TensorFlow and compiles the kernels.
      engine: /^(install\/[\w-]+\.(mjs|py)|native\/[\w-]+\.(cc|h|mjs))$/,
      zoo: /^networks\/[\w-]+\/(model\.json|weights\.bin)$/,
    };
    for (const name of names.filter((one) => !more[id]?.test(one)))
      expect(name).toMatch(
        /^(README\.md|LICENSE|package\.json|dist\/[\w-]+(\.c?js(\.map)?|(\.d-[\w-]+)?\.d\.c?ts))$/,
      );
  });
});

describe.each(pure)('@weightmap/%s, for browsers', (id) => {
  it('is small, and has nothing native and nothing of Node', async () => {
    const { packed: bytes, manifest } = of(id);
    expect(bytes).toBeLessThan(id === 'zoo' ? 16e6 : 300_000);
    const own = Object.keys(manifest.dependencies ?? {});
    expect(own.filter((name) => /node|sharp|native|wasm/.test(name))).toEqual([]);
    for (const file of ['index.js', 'index.cjs'])
      expect(
        await readFile(path.join(work, 'node_modules', manifest.name, 'dist', file), 'utf8'),
      ).not.toMatch(/from ["']node:|require\(["']node:/);
  });
});

describe('weightmap, packed', () => {
  const command = (...args) =>
    execute(process.execPath, [path.join(work, 'node_modules/weightmap/dist/cli.js'), ...args], {
      cwd: work,
      env: { ...process.env, NO_COLOR: '1' },
    });

  it('is what publint asks for, names versions, and holds the command, the page of the explorer and no more', async () => {
    const { manifest, files } = of('experiments');
    expect(await publintSays(of('experiments'))).toEqual([]);
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|link:|file:/);
    const names = files.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'dist/cli.js', 'explorer/dist/index.html']),
    );
    for (const name of names)
      expect(name).toMatch(
        /^(README\.md|LICENSE|package\.json|dist\/[\w-]+\.js(\.map)?|explorer\/dist\/.+)$/,
      );
  });

  it('lists the variants and describes the machine', async () => {
    expect((await command('list', '--json')).stdout).toContain('cnn-smooth-32');
    expect(JSON.parse((await command('doctor', '--json')).stdout)).toMatchObject({ engine: {}, machine: {} });
  });

  it('shows the link of its engine, and links it again', async () => {
    const shown = await command('engine', 'install').then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => stdout + stderr,
    );
    expect(shown).toMatch(/undo {6}weightmap engine remove|To fix it: install Python 3/);
  });

  it('serves the explorer with its own networks', async () => {
    const demo = spawn(process.execPath, [path.join(work, 'node_modules/weightmap/dist/cli.js'), 'demo'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [printed] = await once(demo.stdout, 'data');
      const [address] = /http:\/\/\S+/.exec(String(printed));
      for (const file of ['', 'explorer.js', 'networks/showcase.js', 'networks/digits/conv.js'])
        expect((await fetch(`${address}${file}`)).status, file).toBe(200);
    } finally {
      demo.kill('SIGTERM');
    }
    expect((await once(demo, 'exit'))[0]).toBe(0);
  });
});

describe('a project with the packed packages', () => {
  const expected = Object.keys(entries).map((name) =>
    expect.stringMatching(new RegExp(`^${name} (function|object)$`)),
  );

  it('imports every entry point', async () => {
    await writeFile(path.join(work, 'importing.mjs'), importing);
    expect((await node('importing.mjs')).trim().split('\n')).toEqual(expected);
  });

  it('requires every entry point', async () => {
    await writeFile(path.join(work, 'requiring.cjs'), requiring);
    expect((await node('requiring.cjs')).trim().split('\n')).toEqual(expected);
  });

  it('has types for both, and the READMEs’ examples fit them and run', async () => {
    const files = { 'typed.mts': typed, 'typed.cts': typed };
    const modules = [];
    for (const id of ids) {
      const examples = await examplesIn(path.join(work, 'node_modules/@weightmap', id, 'README.md'));
      expect(examples.length, `${id}/README.md has no example that stands on its own`).toBeGreaterThan(0);
      for (const [i, code] of examples.entries()) {
        files[`${id}-${i}.mts`] = code;
        modules.push(`${id}-${i}`);
      }
    }
    // What the examples of records and report read.
    await cp(path.join(root, 'results'), path.join(work, 'runs/standard'), { recursive: true });
    for (const [name, code] of Object.entries(files)) await writeFile(path.join(work, name), code);
    const program = ts.createProgram(
      Object.keys(files).map((name) => path.join(work, name)),
      {
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        types: ['node'],
      },
    );
    const complaints = ts
      .getPreEmitDiagnostics(program)
      .map(
        ({ file, messageText }) =>
          `${path.basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
    expect(complaints).toEqual([]);

    for (const name of modules) {
      const { outputText } = ts.transpileModule(files[`${name}.mts`], {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      await writeFile(path.join(work, `${name}.mjs`), outputText);
    }
    // One process for all: loading TensorFlow.js is what takes time.
    const script = modules
      .map((name) => `console.log('== ${name}'); await import('./${name}.mjs');`)
      .join('\n');
    await writeFile(path.join(work, 'all.mjs'), script);
    const printed = await node('all.mjs');
    for (const name of modules) expect(printed).toContain(`== ${name}`);
  });
});
