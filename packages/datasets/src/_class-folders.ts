import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WeightmapError, type ImageSpec } from '@weightmap/core';
import { kindOf, type Holding } from './_locate.js';
import { readTar } from './_tar.js';

/** Folders `train/<class>/` and `test/<class>/` of pictures, as they are or in a tar archive. */
export const CLASS_FOLDER_PARTS = ['train', 'test'] as const;
export type Part = (typeof CLASS_FOLDER_PARTS)[number];

/** One picture, not decoded. */
export interface Picture {
  readonly part: Part;
  readonly label: number;
  /** `<class>/<file>`. */
  readonly name: string;
  /** For errors. */
  readonly where: string;
  readonly bytes: Uint8Array;
}

const PICTURE = /\.(png|jpe?g)$/i;
/** Far more than a small picture has. */
const MAX_PICTURE_BYTES = 2 ** 20;

/** Whether a folder has class folders: all of them, some of them, or none. */
export async function lookForClassFolders(
  folder: string,
  { classes }: ImageSpec,
): Promise<Holding<{ folder: string }>> {
  const wanted = CLASS_FOLDER_PARTS.flatMap((part) => classes.map((name) => `${part}/${name}`));
  const kinds = await Promise.all(wanted.map((name) => kindOf(join(folder, name))));
  const lacks = wanted.filter((_, i) => kinds[i] !== 'folder');
  if (lacks.length === 0) return { found: { folder } };
  return lacks.length < wanted.length ? { lacks } : null;
}

/**
 * The pictures of class folders, in this order: the first file name of every class, the second of every class, …
 * so that any beginning of a part holds every class equally often.
 *
 * @throws WeightmapError if there is a folder of no class, or the classes have not equally many pictures.
 */
export async function readClassFolders(folder: string, spec: ImageSpec): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const part of CLASS_FOLDER_PARTS)
    for (const className of await entriesOf(join(folder, part))) {
      const classFolder = join(folder, part, className);
      if ((await kindOf(classFolder)) !== 'folder') continue;
      const label = labelOf(className, join(folder, part), spec);
      for (const name of await entriesOf(classFolder)) {
        if (!PICTURE.test(name)) continue;
        const where = join(classFolder, name);
        const bytes = await readFile(where).catch((error: unknown) => unreadable(where, error));
        pictures.push({ part, label, name: `${className}/${name}`, where, bytes });
      }
    }
  return arranged(pictures, folder, spec);
}

/** The pictures of a tar archive of class folders, in the same order. */
export async function readClassArchive(file: string, spec: ImageSpec): Promise<Picture[]> {
  const contents = await readTar(file, {
    want: (path) => placeIn(path) !== null,
    maxFileBytes: MAX_PICTURE_BYTES,
  });
  const pictures = [...contents].map(([path, bytes]): Picture => {
    const { part, className, name } = placeIn(path)!;
    const where = `${path} in ${file}`;
    return { part, label: labelOf(className, where, spec), name: `${className}/${name}`, where, bytes };
  });
  return arranged(pictures, file, spec);
}

/** Where in the class folders a path of an archive belongs; the archive may have a folder around them. */
function placeIn(path: string): { part: Part; className: string; name: string } | null {
  const [name, className, part] = path.split('/').reverse();
  const isPart = part === 'train' || part === 'test';
  return isPart && PICTURE.test(name) && !name.startsWith('.') ? { part, className, name } : null;
}

/** Without the hidden ones, which systems put there. */
async function entriesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((error: unknown) => unreadable(folder, error));
  return entries.filter((name) => !name.startsWith('.'));
}

const unreadable = (where: string, error: unknown): never => {
  throw new WeightmapError(`A file cannot be read: ${messageOf(error)}`, { where }, { cause: error });
};

function labelOf(className: string, where: string, { classes }: ImageSpec): number {
  const label = classes.indexOf(className);
  if (label < 0)
    throw new WeightmapError(`There is a folder "${className}", which is no class.`, {
      where,
      expected: classes.join(', '),
      fix: 'move it away if it belongs to another dataset',
    });
  return label;
}

function arranged(pictures: readonly Picture[], where: string, { classes }: ImageSpec): Picture[] {
  return CLASS_FOLDER_PARTS.flatMap((part) => {
    const perClass = classes.map((_, label) =>
      pictures
        .filter((picture) => picture.part === part && picture.label === label)
        // By code units: the same order on every machine, whatever its language.
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    const counts = perClass.map(({ length }) => length);
    if (Math.min(...counts) === 0 || Math.min(...counts) !== Math.max(...counts))
      throw new WeightmapError('The classes have not equally many pictures, and at least one each.', {
        where: `${where}: ${part} holds ${classes.map((name, i) => `${counts[i]} of ${name}`).join(', ')}`,
        expected: 'as many of every class, as published: 5,000 in train and 1,000 in test',
        fix: 'add what is missing or unpack it again',
      });
    return perClass[0].flatMap((_, i) => perClass.map((ofClass) => ofClass[i]));
  });
}
