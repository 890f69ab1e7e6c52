import { WeightmapError } from '@weightmap/core';
import { labelsByName } from './_class-names.js';
import { counted } from './_counted.js';
import { eachEntry, EXPECTED, placeOf, twice, type Fields } from './_json-lists.js';
import { pathBelow, textOf, type WildImage, type WildList } from './_wild-images.js';

/** What the lists say of one image, whichever comes first. */
interface Entry {
  /** Null until it has been in the list of images. */
  file: string | null;
  sequence: string | null;
  location: string | null;
  /** Its category, or all of them if annotations name several; null while none does. */
  named: string | Set<string> | null;
}

/**
 * The images of the wanted classes out of a COCO camera-traps JSON, read piece by piece: what is kept grows with the
 * number of images (less than half a kB each), not with the file.
 *
 * An image whose annotations name two classes is left out.
 *
 * @throws WeightmapError if the file cannot be read, is no JSON (with the position) or breaks off, lacks a list or a
 *   class, has an id twice, or names a category or an image that is not there.
 */
export async function readCocoJson(file: string, classes: readonly string[]): Promise<WildList> {
  const entries = new Map<string, Entry>();
  const categories = new Map<string, string>();
  const interned = intern();
  const entryOf = (id: string): Entry => {
    const entry = entries.get(id) ?? { file: null, sequence: null, location: null, named: null };
    entries.set(id, entry);
    return entry;
  };

  const takers: Record<string, (fields: Fields, where: string) => void> = {
    images(fields, where) {
      const id = idOf(fields, 'id', where);
      const entry = entryOf(id);
      if (entry.file !== null) throw twice(`image ${id}`, where);
      entry.file = pathBelow(fields.file_name, where);
      entry.sequence = interned(textOf(fields.seq_id));
      entry.location = interned(textOf(fields.location));
    },
    categories(fields, where) {
      const id = idOf(fields, 'id', where);
      if (categories.has(id)) throw twice(`category ${id}`, where);
      categories.set(id, idOf(fields, 'name', where));
    },
    annotations(fields, where) {
      const entry = entryOf(idOf(fields, 'image_id', where));
      const category = interned(idOf(fields, 'category_id', where));
      if (entry.named === null) entry.named = category;
      else if (typeof entry.named !== 'string') entry.named.add(category!);
      else if (entry.named !== category) entry.named = new Set([entry.named, category!]);
    },
  };
  const outline = await eachEntry(file, Object.keys(takers), (list, fields, index) =>
    takers[list](fields, `${list}[${index}] of ${file}`),
  );

  const counts = {
    images: [...entries.values()].filter((entry) => entry.file !== null).length,
    annotations: [...entries.values()].filter(({ named }) => named !== null).length,
    categories: categories.size,
  };
  for (const [list, count] of Object.entries(counts))
    if (count === 0)
      throw new WeightmapError(`A COCO JSON has no ${list}.`, {
        where: placeOf(outline, file),
        expected: EXPECTED,
        fix:
          list === 'annotations'
            ? 'use the list of the training images (lists of test images have no annotations), or add them'
            : `add the ${list}, or use a list that has them`,
      });
  const names = [...categories.values()];
  const labels = labelsByName(names, classes, {
    where: `${file} has the categories ${names.join(', ')}`,
    expected: classes.join(', '),
  });
  return chosen({
    file,
    entries,
    categories,
    labels: new Map(
      [...categories.keys()].map((id, i) => [id, labels[i]] as const).filter(([, label]) => label >= 0),
    ),
  });
}

const categoriesOf = ({ named }: Entry): Iterable<string> =>
  named === null ? [] : typeof named === 'string' ? [named] : named;

/** The images of one class each, if it is wanted. */
function chosen({
  file,
  entries,
  categories,
  labels,
}: {
  file: string;
  entries: ReadonlyMap<string, Entry>;
  categories: ReadonlyMap<string, string>;
  /** By category id. */
  labels: ReadonlyMap<string, number>;
}): WildList {
  const images: WildImage[] = [];
  const byFile = new Map<string, WildImage | null>();
  let ofTwoClasses = 0;
  let twice = 0;
  for (const [id, entry] of entries) {
    const names = [...categoriesOf(entry)];
    const unknown = names.find((category) => !categories.has(category));
    if (unknown !== undefined)
      throw new WeightmapError(`The category ${unknown} is not known.`, {
        where: `an annotation of image ${id} in ${file}`,
        expected: [...categories].map(([key, name]) => `${key} (${name})`).join(', '),
        fix: 'add it to the categories of the list, or correct the annotation',
      });
    if (entry.file === null)
      throw new WeightmapError(`An annotation is of image ${id}, which is not listed.`, {
        where: file,
        expected: 'every annotated image among the images',
        fix: 'add it to the images of the list, or take the annotation out',
      });
    const label = labels.get(names[0]);
    if (names.length > 1) ofTwoClasses += names.some((category) => labels.has(category)) ? 1 : 0;
    else if (label !== undefined) {
      const image = { id, file: entry.file, label, sequence: entry.sequence, location: entry.location };
      const before = byFile.get(entry.file);
      if (before === undefined) images.push(image);
      else twice++;
      // One photo under two ids counts once; with two labels it has none.
      byFile.set(entry.file, before === undefined ? image : before?.label === label ? before : null);
    }
  }
  const kept = images.filter((image) => byFile.get(image.file) === image);
  return {
    images: kept,
    notes: [
      ...(ofTwoClasses > 0
        ? [
            `${counted(ofTwoClasses, 'image whose annotations name two classes is', 'images whose annotations name two classes are')} left out.`,
          ]
        : []),
      ...(twice > 0
        ? [
            `${counted(twice, 'image is', 'images are')} listed a second time under another id; each photo is used once, and ${counted(images.length - kept.length, 'whose classes differ is', 'whose classes differ are')} left out.`,
          ]
        : []),
    ],
  };
}

function idOf(fields: Fields, name: string, where: string): string {
  const id = textOf(fields[name]);
  if (id === null)
    throw new WeightmapError(`${name} is ${JSON.stringify(fields[name]) ?? 'missing'}.`, {
      where: `${where}, which has ${Object.keys(fields).join(', ')}`,
      expected: 'a text or a number',
      fix: `add ${name} there, or take the entry out of the list`,
    });
  return id;
}

/** Gives equal texts as one, so that a hundred thousand names of a hundred cameras take no room. */
function intern(): (text: string | null) => string | null {
  const known = new Map<string, string>();
  return (text) => {
    if (text === null) return null;
    if (!known.has(text)) known.set(text, text);
    return known.get(text)!;
  };
}
