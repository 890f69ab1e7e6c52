import { createHash } from 'node:crypto';
import { canonicalJson } from './cell-id.js';

/** SHA-256 (hex) of the canonical JSON of a file's content: spaces and the order of keys don't change it, every value does. */
export const contentDigest = (content: unknown): string =>
  createHash('sha256').update(canonicalJson(content)).digest('hex');

/** The reason why a file whose content doesn't have the digest that it names is left out. */
export const DIGEST_DIFFERS = 'sha256: the content has changed since it was written';
