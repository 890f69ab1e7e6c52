import { pnpm } from '../_pnpm.mjs';

/**
 * What the project depends on when it runs: name, version, licence as its manifest states it.
 *
 * @returns sorted by name, one entry a version.
 */
export async function runtimeDependencies() {
  const { stdout } = await pnpm(['licenses', 'list', '--json', '--prod', '-r']);
  return Object.values(JSON.parse(stdout))
    .flat()
    .flatMap(({ name, versions, license, description, homepage }) =>
      versions.map((version) => ({ name, version, license, description, homepage })),
    )
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}
