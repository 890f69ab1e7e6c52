import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The parts of a path by what stays the same where systems and cameras spell names in their ways. */
const plain = (name: string) =>
  name
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/\.(jpe?g|png)$/, '');

/**
 * Looks below a folder for the file that a missing one could be: its name in another case, with another ending of a picture or
 * none, with other code points for the same letters.
 *
 * @returns the path that is there, or null. Each folder is read once.
 */
export function otherSpellings(folder: string): (file: string) => Promise<string | null> {
  const known = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const namesIn = (place: string) => {
    const names =
      known.get(place) ??
      readdir(place).then(
        (entries) =>
          new Map([
            ...entries.map((name) => [plain(name), name] as const),
            ...entries.map((name) => [name, name] as const),
          ]),
        () => new Map<string, string>(),
      );
    known.set(place, names);
    return names;
  };
  return async (file) => {
    let found = '';
    for (const part of file.split('/')) {
      const names = await namesIn(join(folder, found));
      const name = names.get(part) ?? names.get(plain(part));
      if (name === undefined) return null;
      found = found === '' ? name : `${found}/${name}`;
    }
    return found === file ? null : found;
  };
}
