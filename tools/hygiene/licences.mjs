// Checks the licences of everything that is installed with the project at run time: `npx nx run hygiene:licences`.
import { runtimeDependencies } from './_licences.mjs';

/** Licences that ask for no more than to be named; MPL holds for its own files, LGPL for a library that is only linked. */
const allowed = new Set([
  ...[
    'MIT',
    'ISC',
    '0BSD',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'Python-2.0',
    'Unlicense',
  ],
  ...['MPL-2.0', 'LGPL-3.0-or-later'],
]);

/** What a manifest doesn't say, read in the package by a person. */
const known = { 'dejavu-fonts-ttf': 'Bitstream Vera and public domain (LICENSE in the package)' };

const found = await runtimeDependencies();
const bad = found.filter(
  ({ name, license }) =>
    !(name in known) &&
    !license
      .replace(/[()]/g, '')
      .split(/ AND /)
      .every((one) => one.split(/ OR /).some((choice) => allowed.has(choice))),
);
for (const { name, version, license } of bad)
  console.error(
    `${name}@${version}: ${license} is not among the licences that tools/hygiene/licences.mjs allows`,
  );
const counts = new Map();
for (const { license } of found) counts.set(license, (counts.get(license) ?? 0) + 1);
for (const [license, count] of counts) console.log(`${String(count).padStart(4)}  ${license}`);
console.log(`${found.length} packages, ${bad.length} with a licence that is not allowed`);
process.exitCode = bad.length > 0 ? 1 : 0;
