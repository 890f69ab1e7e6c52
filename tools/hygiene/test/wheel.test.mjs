import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../packages/engine/install/libtensorflow.mjs', import.meta.url));
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
let folder;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'weightmap-wheel-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Asks for the wheel where pip sees one folder of wheels and no network, and gives what it says. */
function fetchWheel() {
  const call = `import(${JSON.stringify(script)}).then((m) => m.fetchWheel()).then(console.log, (e) => console.log('refused: ' + e.message))`;
  const { stdout } = spawnSync(process.execPath, ['-e', call], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_INDEX: '1',
      PIP_EXTRA_INDEX_URL: '',
      PIP_FIND_LINKS: path.join(folder, 'wheels'),
      XDG_CACHE_HOME: path.join(folder, 'cache'),
    },
  });
  return stdout;
}
const cache = () => path.join(folder, 'cache/weightmap/libtensorflow');
const onLinux = process.platform === 'linux' && process.arch === 'x64';

test.runIf(hasPip && onLinux)('a wheel with another content than the published one is refused', () => {
  mkdirSync(path.join(folder, 'wheels'));
  // The end record of an empty zip archive: a wheel as far as pip looks before the checksum.
  const wheel = Buffer.from([0x50, 0x4b, 5, 6, ...Array(18).fill(0)]);
  const name = 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl';
  writeFileSync(path.join(folder, 'wheels', name), wheel);
  expect(fetchWheel()).toMatch(
    /refused: .*not the published one \(SHA-256 8739c76e.*expected 2b847d21.*not used/,
  );
  expect(readdirSync(cache())).toEqual([]);
});

test.runIf(onLinux)('a cache folder that others may write to is not used', () => {
  mkdirSync(cache(), { recursive: true });
  chmodSync(cache(), 0o777);
  expect(fetchWheel()).toMatch(/refused: .*can be written by others.*chmod 700/);
  expect(readdirSync(cache())).toEqual([]);
  expect(existsSync(path.join(folder, 'wheels'))).toBe(false);
});
