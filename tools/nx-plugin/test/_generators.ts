import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { root } from './_copy.js';

const require = createRequire(import.meta.url);

export const kinds = ['attack', 'defense', 'metric', 'dataset', 'architecture'] as const;
export type Kind = (typeof kinds)[number];
export type Generator = (tree: Tree, options: Record<string, unknown>) => Promise<void>;

/** Of a kind, as `generators.json` names it. */
export function generatorOf(kind: Kind): Generator {
  const { generators } = require('../generators.json') as { generators: Record<Kind, { factory: string }> };
  return require(path.resolve(import.meta.dirname, '..', generators[kind].factory)) as Generator;
}

export const folderOf: Readonly<Record<Kind, string>> = {
  attack: 'packages/attacks',
  defense: 'packages/defenses',
  metric: 'packages/metrics',
  dataset: 'packages/datasets',
  architecture: 'packages/architectures',
};

/** Where the generator of a kind puts its source. */
export const sourceFolderOf: Readonly<Record<Kind, string>> = {
  attack: 'packages/attacks/src/ascent',
  defense: 'packages/defenses/src',
  metric: 'packages/metrics/src',
  dataset: 'packages/datasets/src',
  architecture: 'packages/architectures/src',
};

/** The files that generators change. */
const CHANGED = /^(src\/(registry|index|variants)|test\/registry\.test)\.ts$/;

/**
 * A workspace in memory with a kind's package as it is here: the files that its generator changes, or all of them, which
 * would all be formatted.
 */
export function treeOf(kind: Kind, { whole = false } = {}): Tree {
  const tree = createTreeWithEmptyWorkspace();
  tree.write('.prettierrc', readFileSync(path.join(root, '.prettierrc.json')));
  const folder = folderOf[kind];
  for (const part of ['src', 'test'])
    for (const name of readdirSync(path.join(root, folder, part), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts') && (whole || CHANGED.test(`${part}/${name}`)))
        tree.write(path.posix.join(folder, part, name), readFileSync(path.join(root, folder, part, name)));
  return tree;
}

export const textOf = (tree: Tree, file: string): string => {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new Error(`There is no ${file}.`);
  return text;
};
