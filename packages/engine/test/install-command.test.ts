import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const source = path.resolve(import.meta.dirname, '..');
let project: string;

/** `weightmap-engine` as it lies in the project's node_modules. */
function engine(...args: string[]) {
  const script = path.join(project, 'node_modules/@weightmap/engine/install/cli.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: '', XDG_CACHE_HOME: path.join(project, 'cache') },
  });
  return { status, stdout, stderr };
}

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'weightmap-engine-'));
  const installed = path.join(project, 'node_modules/@weightmap/engine');
  for (const name of ['install', 'native', 'package.json'])
    cpSync(path.join(source, name), path.join(installed, name), { recursive: true });
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('weightmap-engine in a project', () => {
  it('explains what to do where the npm package was left out', () => {
    const shown = engine('status');
    expect(shown.status).toBe(1);
    expect(shown.stderr).toMatch(/^@tensorflow\/tfjs-node-gpu is not installed: the wasm engine is used/);
    const refused = engine('install');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /run `npm install --save-optional --ignore-scripts @tensorflow\/tfjs-node-gpu/,
    );
    writeFileSync(path.join(project, 'pnpm-lock.yaml'), '');
    expect(engine('install').stderr).toMatch(/run `pnpm add --save-optional @tensorflow\/tfjs-node-gpu/);
  });

  it('deletes the link and, if asked, what is kept', () => {
    const native = path.join(project, 'node_modules/@tensorflow/tfjs-node-gpu');
    const cache = path.join(project, 'cache/weightmap/libtensorflow');
    for (const folder of [path.join(native, 'deps/lib'), path.join(native, 'lib/napi-v8'), cache])
      mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(native, 'package.json'), '{"name":"@tensorflow/tfjs-node-gpu"}');
    expect(engine('status').stdout).toMatch(/library {3}not linked[^]*kernels {3}not compiled/);
    const { stdout, status } = engine('remove');
    expect(status).toBe(0);
    expect(stdout).toContain(`deleted   ${path.join(native, 'deps')}`);
    expect(stdout).toContain(`kept      ${cache}`);
    expect(engine('remove', '--cache').stdout).toBe(
      `deleted   ${cache}\nThe wasm engine is used from now on.\n`,
    );
  });

  it.each([
    [['link'], 'There is no command "link"; known: install, status, remove. See --help.\n'],
    [['status', '--force'], 'status has no option --force. See --help.\n'],
    [['install', 'gpu'], 'install takes no "gpu". See --help.\n'],
  ])('refuses %j with exit code 2', (args, stderr) => {
    expect(engine(...args)).toEqual({ status: 2, stdout: '', stderr });
  });

  it('is silent about a reader that has gone', async () => {
    const script = path.join(project, 'node_modules/@weightmap/engine/install/cli.mjs');
    const child = spawn(process.execPath, [script, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('');
  });

  it.runIf(process.platform !== 'win32')('ends what it started when it is stopped', async () => {
    const native = path.join(project, 'node_modules/@tensorflow/tfjs-node-gpu');
    mkdirSync(native, { recursive: true });
    writeFileSync(path.join(native, 'package.json'), '{"name":"@tensorflow/tfjs-node-gpu"}');
    const [python, started] = [path.join(project, 'python'), path.join(project, 'started')];
    // Leaves its number, and sleeps until it is ended.
    writeFileSync(
      python,
      `#!/bin/sh\necho $$ > "${started}.part" && mv "${started}.part" "${started}"\nexec sleep 1000\n`,
    );
    chmodSync(python, 0o755);
    const script = path.join(project, 'node_modules/@weightmap/engine/install/cli.mjs');
    const child = spawn(process.execPath, [script, 'install'], {
      env: {
        ...process.env,
        PYTHON: python,
        LIBTENSORFLOW_DIR: '',
        XDG_CACHE_HOME: path.join(project, 'cache'),
      },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await vi.waitUntil(() => existsSync(started), { timeout: 60_000 });
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    const pid = Number(readFileSync(started, 'utf8'));
    await vi.waitUntil(() => !isRunning(pid), { timeout: 60_000 });
  });
});

/** A process that nobody has waited for yet has ended, too. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
