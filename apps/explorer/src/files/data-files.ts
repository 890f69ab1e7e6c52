import type { Showcase, StoredNetwork } from '@weightmap/core';

declare global {
  /** Where data files put what they hold, by their names. */
  var weightmapData: Record<string, unknown> | undefined;
}

/**
 * What a data file holds. Data comes as scripts (`weightmapData["<name>"] = …`) because a page that is opened from a
 * disk may load those and fetch nothing.
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
  // It is held by whoever asked, and by nobody else.
  delete globalThis.weightmapData?.[name];
  if (typeof value !== 'object' || value === null) throw new Error(`The file ${path} is damaged.`);
  return value;
}

/** What there is to see. */
export async function loadShowcase(): Promise<Showcase> {
  const showcase = (await load('showcase')) as Showcase;
  if ((showcase.schemaVersion as number) !== 1)
    throw new Error('The file networks/showcase.js is of another version than this page.');
  return showcase;
}

/** The network of that file. */
export const loadNetwork = (file: string): Promise<StoredNetwork> => load(file) as Promise<StoredNetwork>;
