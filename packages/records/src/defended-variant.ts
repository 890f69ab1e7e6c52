import { createHash } from 'node:crypto';
import { canonicalJson } from './cell-id.js';
import type { CellDefense, TrainingConfig } from './run-record.js';

/** Settings of the training that a run has several values of, by their names in a cell. */
export type SweptSettings = Readonly<
  Partial<Pick<TrainingConfig, 'epochs' | 'learningRate' | 'selection' | 'selectionEpsilon'>>
>;

/** Between a variant, its defence and the defence's options. No variant's or defence's own id has it. */
const JOINT = '+';
/** Between a swept setting and its value. No other part of a variant's id has it. */
const EQUALS = '=';
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

/** The id of the defence that is part of a variant's id; null for a variant without one. */
export const defenseNamed = (variant: string): string | null =>
  variant
    .split(JOINT)
    .slice(1)
    .find((part) => !part.includes(EQUALS)) ?? null;

/**
 * The id of a variant with swept settings, which is the name of its folder: `cnn-33+learningRate=0.001`. They come last, behind
 * a defence.
 *
 * @param settings the values by their names in the cell's `training`.
 */
export const sweptVariant = (variant: string, settings: SweptSettings): string =>
  [variant, ...Object.entries(settings).map(([name, value]) => `${name}${EQUALS}${value}`)].join(JOINT);

/** The swept settings that are part of a variant's id, as texts; empty for a variant without any. */
export const settingsNamed = (variant: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    variant
      .split(JOINT)
      .filter((part) => part.includes(EQUALS))
      .map((part) => [part.slice(0, part.indexOf(EQUALS)), part.slice(part.indexOf(EQUALS) + 1)]),
  );

/** A variant without its swept settings: `cnn-33+pgd-training` of `cnn-33+pgd-training+learningRate=0.001`. */
export const unsweptVariant = (variant: string): string =>
  variant
    .split(JOINT)
    .filter((part) => !part.includes(EQUALS))
    .join(JOINT);
