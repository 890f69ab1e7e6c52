import { createHash } from 'node:crypto';
import { canonicalJson } from './cell-id.js';
import type { CellDefense } from './run-record.js';

/** Between a variant, its defence and the defence's options. No variant's or defence's own id has it. */
const JOINT = '+';
/** Longer names of options are replaced by their digest: a folder's name has an end. */
const LONGEST = 80;

/**
 * The id of a variant with a defence, which is the name of its folder: `cnn-33+pgd-training`. Options that differ from the
 * defaults follow: `cnn-33+pgd-training+epsilon-0.1`.
 *
 * @param defaults of the defence's options.
 */
export function defendedVariant(variant: string, { id, options }: CellDefense, defaults: object): string {
  const usual = defaults as Readonly<Record<string, unknown>>;
  const changed = Object.keys(options)
    .filter((key) => canonicalJson(options[key]) !== canonicalJson(usual[key]))
    .sort();
  const names = changed.map((key) => `${key}-${canonicalJson(options[key]).replaceAll('"', '')}`).join(JOINT);
  const isName = names.length <= LONGEST && /^[\w.+-]*$/.test(names);
  const suffix = isName ? names : `options-${digestOf(changed.map((key) => [key, options[key]]))}`;
  return [variant, id, ...(suffix === '' ? [] : [suffix])].join(JOINT);
}

const digestOf = (value: unknown) =>
  createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 8);

/** The variant that is defended: `cnn-33` of `cnn-33+pgd-training`. A plain variant is its own. */
export function plainVariant(variant: string): string {
  const end = variant.indexOf(JOINT); // without a list for each of thousands of calls of a report
  return end < 0 ? variant : variant.slice(0, end);
}

/** The id of the defence that is part of a variant's id; null for a plain variant. */
export const defenseNamed = (variant: string): string | null => variant.split(JOINT).at(1) ?? null;
