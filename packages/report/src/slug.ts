import { createHash } from 'node:crypto';

const LONGEST = 60;

/** A text as part of an anchor and of a file's name: itself if it fits, else its beginning and a digest that tells it from others. */
export function slug(text: string): string {
  if (/^[\w-]+$/.test(text) && text.length <= LONGEST) return text;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.replace(/[^\w-]+/g, '-').slice(0, LONGEST / 2)}-${digest}`;
}
