import { TokenType } from '@streamparser/json';
import { bytesOf, formByBeginning, textOfBeginning, type FileForm } from './_file-forms.js';

/** The lists that a COCO camera-traps JSON has. */
export const LISTS = ['images', 'annotations', 'categories'] as const;

/** Keys noted of one object: enough to tell a form. */
const MOST_KEYS = 30;

/** Follows the tokens of a JSON and notes the shape of its outermost levels, whatever its size. */
export class Outline {
  /** Of the outermost value. */
  kind: 'object' | 'list' | 'plain' | null = null;
  /** Of the outermost object. */
  readonly keys = new Set<string>();
  /** Of the objects in it, or in the outermost list, by the key that they lie under ('' for the list). */
  readonly inner = new Map<string, Set<string>>();
  private depth = 0;
  private readonly path: string[] = [];
  private text = '';

  /** Takes the next token. */
  take(token: TokenType, value: unknown): void {
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) {
      this.kind ??= token === TokenType.LEFT_BRACE ? 'object' : 'list';
      this.path[++this.depth] = '';
    } else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.depth--;
    else if (token === TokenType.COLON) this.note(this.text);
    else if (token === TokenType.STRING && this.depth <= 3) this.text = String(value);
    if (this.kind === null) this.kind = 'plain';
  }

  private note(key: string): void {
    if (this.depth === 1) this.path[1] = key;
    const keys =
      this.depth === 1 && this.kind === 'object'
        ? this.keys
        : this.depth === 2 || (this.depth === 3 && this.kind === 'object')
          ? this.innerOf(this.path[1])
          : null;
    if (keys && keys.size < MOST_KEYS) keys.add(key);
  }

  private innerOf(key: string): Set<string> {
    const keys = this.inner.get(key) ?? new Set();
    if (this.inner.has(key) || this.inner.size < MOST_KEYS) this.inner.set(key, keys);
    return keys;
  }
}

interface KnownForm {
  /** Completes "The JSON is …". */
  readonly is: string;
  readonly shows: (outline: Outline) => boolean;
  readonly fix?: string;
}

const AS_COCO = 'export it as COCO, with the class of each image';
const has = (keys: ReadonlySet<string> | undefined, ...names: readonly string[]): boolean =>
  names.every((name) => keys?.has(name));
const LABELLED =
  'use a list that names the class of each image; these are what a program found in the images, not labels';

/** Forms that annotation tools and other programs write, by their keys. */
const KNOWN_FORMS: readonly KnownForm[] = [
  {
    is: "MegaDetector's output (detections without labels)",
    shows: ({ keys, inner }) =>
      has(keys, 'detection_categories') ||
      (has(inner.get('images'), 'file') &&
        !has(inner.get('images'), 'id') &&
        (has(inner.get('images'), 'detections') || has(inner.get('images'), 'failure'))),
    fix: LABELLED,
  },
  {
    is: 'a list of predictions, as SpeciesNet writes them',
    shows: ({ keys }) => has(keys, 'predictions') && !has(keys, 'images'),
    fix: LABELLED,
  },
  {
    is: 'a list of detections, as COCO has results',
    shows: ({ kind, inner }) => kind === 'list' && has(inner.get(''), 'image_id', 'category_id', 'score'),
    fix: LABELLED,
  },
  {
    is: 'an export of Label Studio',
    shows: ({ kind, inner: all }) => {
      const inner = kind === 'list' ? all.get('') : undefined;
      return (
        ['annotations', 'predictions', 'completions'].some((name) => has(inner, 'data', name)) ||
        has(inner, 'annotator', 'lead_time')
      );
    },
    fix: AS_COCO,
  },
  {
    is: 'in the format of Datumaro (CVAT exports it)',
    shows: ({ keys }) => has(keys, 'categories', 'items'),
    fix: AS_COCO,
  },
  {
    is: 'an export of CVAT',
    shows: ({ kind, keys, inner }) =>
      has(keys, 'shapes', 'tracks') || (kind === 'list' && has(inner.get(''), 'shapes', 'tracks')),
    fix: AS_COCO,
  },
  {
    is: 'a project of the VGG Image Annotator',
    shows: ({ keys }) => has(keys, '_via_img_metadata') || has(keys, '_via_settings'),
    fix: AS_COCO,
  },
  {
    is: "LabelMe's file of one image",
    shows: ({ keys }) => has(keys, 'shapes', 'imagePath'),
    fix: AS_COCO,
  },
  {
    is: 'a GeoJSON',
    shows: ({ keys }) => has(keys, 'type') && (has(keys, 'features') || has(keys, 'geometry')),
  },
  { is: 'the description of a data package (Camtrap DP)', shows: ({ keys }) => has(keys, 'resources') },
  { is: 'one annotation', shows: ({ keys }) => has(keys, 'image_id', 'category_id') },
  { is: 'one image', shows: ({ keys }) => has(keys, 'id', 'file_name') },
];

const LIST_FIX =
  'write one JSON object with these three lists: the images (id, file_name), the annotations (image_id, category_id) and the categories (id, name)';

/** The name of a JSON that is whole but no COCO list at all; null if it has some of the three lists and no known form. */
export function formOfOutline(outline: Outline): { what: string; fix: string } | null {
  const { kind, keys, inner } = outline;
  const isCoco = has(keys, 'images', 'annotations') || has(keys, 'annotations', 'categories');
  const known = isCoco ? undefined : KNOWN_FORMS.find(({ shows }) => shows(outline));
  if (known) return { what: `The JSON is ${known.is}.`, fix: known.fix ?? LIST_FIX };
  if (kind === 'plain') return { what: 'The JSON is a single text or number.', fix: LIST_FIX };
  if (kind === 'list') {
    const within = [...(inner.get('') ?? [])];
    return {
      what: `The JSON is a list at its top${within.length > 0 ? `, of objects with the keys ${within.join(', ')}` : ''}.`,
      fix: LIST_FIX,
    };
  }
  if (kind !== 'object' || LISTS.some((name) => keys.has(name))) return null;
  return {
    what: keys.size > 0 ? `The JSON has the keys ${[...keys].join(', ')}.` : 'The JSON is an empty object.',
    fix: LIST_FIX,
  };
}

/** Why a good file isn't read as one JSON (a clause that begins with "it"), if a common reason shows at its beginning or near the place where reading stopped. */
export async function formNear(file: string, position: number): Promise<FileForm | null> {
  const form = await formByBeginning(file);
  if (form) return { is: `it is ${form.is}`, fix: form.fix };
  if (['fffe', 'feff'].includes((await bytesOf(file, 0, 2)).toString('hex')))
    return { is: 'it is in UTF-16', fix: 'write it again in UTF-8' };
  const near = await bytesOf(file, Math.max(0, position - 16), 64);
  const [literal] = /-?(NaN|Infinity)\b/.exec(near.toString('latin1')) ?? [];
  if (literal !== undefined)
    return {
      is: `it has ${literal}, which JSON doesn't allow (Python's json writes it)`,
      fix: 'write it again with null in those places: json.dumps(…, allow_nan=False) finds them',
    };
  const [first, second] = (await textOfBeginning(file, 2 ** 18)).split(/\r?\n/).filter((line) => line.trim());
  if (isJson(first) && /^\s*[[{"]/.test(second ?? ''))
    return { is: 'it is in JSON Lines (one JSON in each line)', fix: LIST_FIX };
  const [text] = /^[^]{0,4000}/.exec(first ?? '')!;
  if (/^[^{["\s][^{["]*[,;\t|]/.test(text))
    return {
      is: 'it is a table of values, such as a CSV',
      fix: "name a list of iWildCam 2019 in Kaggle's form train.csv; other lists must be COCO camera-traps JSON",
    };
  return null;
}

function isJson(text: string | undefined): boolean {
  try {
    return typeof JSON.parse(text ?? '') === 'object';
  } catch {
    return false;
  }
}
