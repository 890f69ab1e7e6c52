import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kindOf, type Holding } from './_locate.js';

/** Where a list of images and the images lie. */
export interface Wild {
  readonly list: string;
  readonly form: 'csv' | 'json';
  readonly images: string;
}

const CSV = 'train.csv';
/** Caltech Camera Traps as published, or a list under a plain name. */
const JSON_LIST = /^(caltech_images\w*|iwildcam\w*|annotations|train)\.json$/i;
const IMAGE_FOLDERS = ['train_images', 'cct_images', 'images'] as const;

/** What a complete folder holds, for errors. */
export const WILD_FORMS = `train.csv or caltech_images_….json, and a folder ${IMAGE_FOLDERS.join(', ')}`;

/** A folder's list of images and its folder of images; Kaggle's list comes first. */
export async function lookForWild(folder: string): Promise<Holding<Wild>> {
  if ((await kindOf(folder)) !== 'folder') return null;
  const list = (await kindOf(join(folder, CSV))) === 'file' ? CSV : await jsonListIn(folder);
  if (list === null) return null;
  for (const name of IMAGE_FOLDERS)
    if ((await kindOf(join(folder, name))) === 'folder')
      return {
        found: { list: join(folder, list), form: list === CSV ? 'csv' : 'json', images: join(folder, name) },
      };
  return { lacks: [`the folder ${IMAGE_FOLDERS[0]} that belongs to ${list}`] };
}

/** The last by name: where there are several, their names end in dates. */
async function jsonListIn(folder: string): Promise<string | null> {
  const names = await readdir(folder);
  return (
    names
      .filter((name) => JSON_LIST.test(name))
      .sort()
      .at(-1) ?? null
  );
}
