import { WeightmapError } from '@weightmap/core';

/** A name without the differences that people don't mean: case and blanks around it. */
const plain = (name: string) => name.trim().toLowerCase();

/** Also without what lists write in different ways: `small_mammal`, `Small Mammals`. */
const loose = (name: string) =>
  plain(name)
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/s$/, '');

/**
 * The place among the wanted classes of each category of a list; −1 for one that nobody wants. Case and blanks around a name
 * don't count.
 *
 * @throws WeightmapError if a class is no category. It suggests the list's spelling where that is near.
 */
export function labelsByName(
  categories: readonly string[],
  classes: readonly string[],
  { where, expected }: { where: string; expected: string },
): number[] {
  const wanted = classes.map(plain);
  const labels = categories.map((name) => wanted.indexOf(plain(name)));
  const missing = classes.filter((_, label) => !labels.includes(label));
  if (missing.length === 0) return labels;
  const near = missing.map((name) => categories.find((category) => isNear(category, name)));
  const spelling = classes.map((name, label) => {
    const at = labels.indexOf(label);
    return (at < 0 ? near[missing.indexOf(name)] : categories[at])?.trim() ?? `(none like ${name})`;
  });
  throw new WeightmapError(`${missing.join(', ')}: no category of this list.`, {
    where,
    expected,
    fix: near.some((name) => name !== undefined)
      ? `name the classes as the list does: ${spelling.join(', ')}`
      : 'choose classes out of the categories of the list',
  });
}

/** Alike but for separators, accents and plural, or one letter off. */
function isNear(a: string, b: string): boolean {
  const [left, right] = [loose(a), loose(b)];
  if (left === right) return true;
  if (Math.min(left.length, right.length) < 4 || Math.abs(left.length - right.length) > 1) return false;
  let start = 0;
  while (start < Math.min(left.length, right.length) && left[start] === right[start]) start++;
  const [restA, restB] = [left.slice(start), right.slice(start)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}
