import { win32 } from 'node:path';
import { WeightmapError } from '@weightmap/core';

/** A photo of one of the wanted classes, as the list of images has it. */
export interface WildImage {
  readonly id: string;
  /** Path below the folder of images. */
  readonly file: string;
  /** Index into the wanted classes. */
  readonly label: number;
  /** Burst of frames it belongs to; null if the list does not say. */
  readonly sequence: string | null;
  /** Camera; null if the list does not say. */
  readonly location: string | null;
}

export interface WildList {
  readonly images: readonly WildImage[];
  readonly notes: readonly string[];
}

/**
 * A path out of a list, with `/` between its parts.
 *
 * @param where the place in the list, for an error.
 * @throws WeightmapError if it is empty or leaves the folder.
 */
export function pathBelow(path: unknown, where: string): string {
  if (typeof path !== 'string' || path === '')
    throw new WeightmapError(`An image has the file name ${JSON.stringify(path) ?? 'missing'}.`, {
      where,
      expected: 'a path below the folder of images',
      fix: 'add file_name there, or take the entry out of the list',
    });
  const parts = path.split(/[\\/]/);
  if (win32.isAbsolute(path) || /^[A-Za-z]:/.test(path) || parts.includes('..'))
    throw new WeightmapError(`The file name ${path} leaves the folder of images.`, {
      where,
      expected: 'a path below that folder',
      fix: 'write paths into the list that begin in the folder of images, without a drive, a first / or ..',
    });
  return parts.join('/');
}

/** A value of a list as text; null where there is none. */
export const textOf = (value: unknown): string | null =>
  typeof value === 'number' || (typeof value === 'string' && value !== '') ? String(value) : null;
