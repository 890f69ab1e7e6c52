// Which documents the site has besides the packages' own pages, and on which shelf each stands.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const pagesIn = (folder) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => `${folder}/${file}`);

/** In the order in which they are read; what else lies in the folders follows. */
const guides = ['first-run', 'your-own-dataset', 'on-a-cluster', 'on-a-gpu', 'reading-the-report'];
const results = ['results', 'benchmarks', 'attacks-parity', 'paper-map'];

const named = (folder, names) => names.map((name) => `${folder}/${name}.md`);
const others = (folder, names) => pagesIn(folder).filter((page) => !named(folder, names).includes(page));

export const shelves = [
  {
    title: 'Guides',
    documents: [
      ...named('docs/guides', guides),
      ...others('docs/guides', guides),
      ...others('docs', results),
      'apps/experiments/README.md',
      'apps/explorer/README.md',
      'CONTRIBUTING.md',
    ],
  },
  { title: 'Results', documents: named('docs', results) },
  { title: 'Attacks', documents: pagesIn('docs/attacks') },
  { title: 'Decisions', documents: pagesIn('docs/adr') },
];

/** The first heading, without its mark. */
export const titleOf = (file) => /^# (.*)$/m.exec(readFileSync(file, 'utf8'))[1];
