import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';

/**
 * What the project depends on when it runs: name, version, licence as its manifest states it.
 *
 * @returns sorted by name, one entry a version.
 */
export async function runtimeDependencies() {
  const { packageManager } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const { stdout } = await promisify(execFile)(
    npx,
    ['-y', packageManager, 'licenses', 'list', '--json', '--prod', '-r'],
    { cwd: root, maxBuffer: 2 ** 26 },
  );
  return Object.values(JSON.parse(stdout))
    .flat()
    .flatMap(({ name, versions, license, description, homepage }) =>
      versions.map((version) => ({ name, version, license, description, homepage })),
    )
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}
