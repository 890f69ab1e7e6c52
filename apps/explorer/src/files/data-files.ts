import type { Showcase, StoredNetwork } from '@weightmap/core';

declare global {
  /** The data that the data files provide, by file name. */
  var weightmapData: Record<string, unknown> | undefined;
}

/**
 * Loads a data file. Data files are scripts (`weightmapData["<name>"] = …`) because a page that is opened from a disk may
 * load scripts but cannot fetch files.
 *
 * @throws Error if the file is missing or damaged.
 */
async function load(name: string): Promise<unknown> {
  const script = document.createElement('script');
  const path = `networks/${name.split('/').map(encodeURIComponent).join('/')}.js`;
  script.src = path;
  const ended = new Promise<void>((resolve, reject) => {
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => reject(new Error(`The file ${path} is missing.`)));
  });
  document.head.append(script);
  try {
    await ended;
  } finally {
    script.remove();
  }
  const value = globalThis.weightmapData?.[name];
  // Only the caller keeps the data.
  delete globalThis.weightmapData?.[name];
  if (typeof value !== 'object' || value === null) throw new Error(`The file ${path} is damaged.`);
  return value;
}

/** Loads the list of benchmarks and networks. */
export async function loadShowcase(): Promise<Showcase> {
  const showcase = (await load('showcase')) as Showcase;
  if ((showcase.schemaVersion as number) !== 1)
    throw new Error('The file networks/showcase.js has another version than this page.');
  return showcase;
}

/** Loads the network in a file. */
export const loadNetwork = (file: string): Promise<StoredNetwork> => load(file) as Promise<StoredNetwork>;
