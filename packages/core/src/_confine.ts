import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { messageOf, WeightmapError } from './errors.js';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * The real path of a file or folder that must lie in a folder: every link on the way is resolved. What doesn't exist yet gets the
 * path that it would be made at.
 *
 * @param root may be a link itself, and need not exist.
 * @param path as any path: relative to the working folder, not to `root`. Its end may come from a file that somebody sent.
 * @throws WeightmapError if the path leaves the folder, by `..` or by a link, or has a link that leads nowhere.
 */
export function confine(root: string, path: string): string {
  const from = resolve(root);
  const wanted = path.includes('\0') ? null : resolve(path);
  const home = realOrPlanned(from);
  if (home === null)
    throw new WeightmapError('A folder cannot be used: it is a link that leads nowhere.', {
      where: root,
      fix: 'remove the link, or make the folder that it names',
    });
  const real = wanted === null ? null : realOrPlanned(wanted);
  if (real !== null && isInside(home, real)) return real;
  throw new WeightmapError('A path leads out of its folder.', {
    where: `${path}${real === null ? '' : ` → ${real}`}`.replaceAll('\0', '\\0'),
    expected: `a file or folder within ${root}`,
    fix: 'remove the link or the path, or put the file itself there',
  });
}

/** Whether a real path is a folder or lies below it. */
const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** The real path; of what doesn't exist, the real path of the deepest folder that does, and the rest. Null for a link to nowhere. */
function realOrPlanned(path: string): string | null {
  const missing: string[] = [];
  for (let part = path; ; part = dirname(part)) {
    try {
      return join(realpathSync.native(part), ...missing);
    } catch (error) {
      if (codeOf(error) === 'ELOOP' || isLink(part)) return null;
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR')
        throw new WeightmapError(`A path can't be followed: ${messageOf(error)}`, { where: part });
      missing.unshift(part.slice(dirname(part).length).replace(/^[\\/]/, ''));
    }
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
