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
/** Published lists are packed. */
const PACKED = /\.(zip|gz|tgz|7z|bz2|xz)$/i;
/** A file that could be a list under another name. */
const LIKE_A_LIST = /\.(json|jsonl|ndjson|csv|tsv|xml|xlsx?|parquet)(\.\w+)?$/i;
/** Such files of other purposes. */
const NO_LIST = /^(package|tsconfig|\.)|sample_?submission|megadetector|^test\b/i;
const SHOWN = 5;

/** What a complete folder holds, for errors. */
export const WILD_FORMS = `train.csv, or a COCO camera-traps JSON named caltech_images_….json, iwildcam….json, annotations.json or train.json; and beside it the images in a folder named ${IMAGE_FOLDERS.join(', ')}`;

/** A folder's list of images and its folder of images; Kaggle's list comes first. */
export async function lookForWild(folder: string): Promise<Holding<Wild>> {
  if ((await kindOf(folder)) !== 'folder') return null;
  const images = await imageFolderIn(folder);
  const list = (await kindOf(join(folder, CSV))) === 'file' ? CSV : await jsonListIn(folder);
  if (list === null) return images === null ? null : otherListIn(folder, images);
  if (images !== null)
    return {
      found: { list: join(folder, list), form: list === CSV ? 'csv' : 'json', images: join(folder, images) },
    };
  return {
    lacks: [`the folder ${IMAGE_FOLDERS[0]} that belongs to ${list}${await otherFoldersIn(folder)}`],
  };
}

async function imageFolderIn(folder: string): Promise<string | null> {
  for (const name of IMAGE_FOLDERS) if ((await kindOf(join(folder, name))) === 'folder') return name;
  return null;
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

/** A list beside a folder of images that is packed or goes by a name that isn't looked for. */
async function otherListIn(folder: string, images: string): Promise<Holding<Wild>> {
  const names = (await readdir(folder)).sort();
  const isList = (name: string) => name === CSV || JSON_LIST.test(name);
  const packed = names.filter((name) => PACKED.test(name) && isList(name.replace(PACKED, '')));
  if (packed.length > 0)
    return { other: `the folder ${images} and a packed list, ${packed[0]}`, fix: 'unpack it there' };
  const lists = names.filter((name) => LIKE_A_LIST.test(name) && !NO_LIST.test(name));
  if (lists.length === 0) return null;
  return {
    other: `the folder ${images}, and no list by a name that is looked for, but ${lists.slice(0, SHOWN).join(', ')}`,
    fix: "if that is a COCO camera-traps JSON, rename it to annotations.json; if it is in the form of Kaggle's list of iWildCam 2019, to train.csv",
  };
}

/** Where the folder of images could be, in words. */
async function otherFoldersIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const packed = entries
    .map(({ name }) => name)
    .filter((name) => /\.(zip|tar|gz|tgz|7z)$/i.test(name))
    .sort();
  const folders = entries
    .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  const others = `or ${IMAGE_FOLDERS.slice(1).join(' or ')}`;
  if (folders.length > 0)
    return ` (${others}); ${folders.slice(0, SHOWN).join(', ')} is there: rename the folder of the images to ${IMAGE_FOLDERS[0]}`;
  if (packed.length > 0)
    return ` (${others}); ${packed.slice(0, SHOWN).join(', ')} is there: unpack the images into ${IMAGE_FOLDERS[0]}`;
  return ` (${others})`;
}
