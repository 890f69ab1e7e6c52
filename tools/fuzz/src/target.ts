/**
 * A parser under test, and the judgement on one input.
 *
 * @module
 */
import { randomStream, WeightmapError } from '@weightmap/core';
import { mutate, type JsonPart } from './mutate.js';

/** An answer of a parser that gives null or nothing for a bad file, without an error. */
export const refused = Symbol('refused');

/** A parser under test. */
export interface Target<Value = unknown> {
  /** On the command line and in the table. */
  readonly name: string;
  /** The source files whose parsing it tests, from the root of the repository. */
  readonly covers: readonly string[];
  /** Relative cost: a target of weight 0.1 gets a tenth of the inputs. Default: 1. */
  readonly weight?: number;
  /** Valid inputs, made by code; the parser accepts each. */
  readonly seeds: () => readonly Buffer[] | Promise<readonly Buffer[]>;
  /** Inputs that are changed, too, but refused as they are: good files of another form. */
  readonly otherSeeds?: () => readonly Buffer[] | Promise<readonly Buffer[]>;
  /** Where the input has JSON, which is then changed by its structure, too. */
  readonly json?: JsonPart;
  /** Whether the input is text: then its numbers, words and marks are changed, too. */
  readonly isText?: boolean;
  /** Makes checksums right again in most inputs, so that their content is looked at; null if the bytes have no such form. */
  readonly sign?: (bytes: Buffer) => Buffer | null;
  /** Prepares a folder, and gives the parser. It returns the value, or `refused`, or throws. */
  readonly open: (
    folder: string,
  ) => Promise<(bytes: Buffer) => Value | typeof refused | Promise<Value | typeof refused>>;
  /** Classes of errors that are a clear refusal. Default: `WeightmapError`. */
  readonly refusals?: readonly (abstract new (...args: never[]) => Error)[];
  /** Whether NaN and infinities may be in a value, as in a file of numbers before anybody uses them. Default: no. */
  readonly mayBeStrange?: boolean;
  /** The fault of an accepted value, judged by a plain reader of the same bytes; null if it has none. */
  readonly check?: (value: Value, bytes: Buffer) => string | null | Promise<string | null>;
  /** The fault of a refusal: the reason to accept these bytes; null if refusing is right, or can't be judged. */
  readonly checkRefusal?: (bytes: Buffer, error: unknown) => string | null;
}

/** A target whose values have a type of its own. */
export const target = <Value>(one: Target<Value>): Target => one as Target;

/** A parser that is ready for inputs. */
export interface OpenTarget {
  readonly target: Target;
  /** The input of this number; the same on every machine. */
  readonly input: (seed: number) => Buffer;
  /** What the parser makes of an input. */
  readonly judge: (bytes: Buffer) => Promise<Judgement>;
}

/** `wrong` has the reason. */
export type Judgement =
  { readonly is: 'accepted' | 'refused' } | { readonly is: 'wrong'; readonly why: string };

/** Longer messages are no help to anybody. */
const LONGEST_MESSAGE = 4000;

export async function openTarget(of: Target, folder: string): Promise<OpenTarget> {
  const seeds = [...(await of.seeds()), ...((await of.otherSeeds?.()) ?? [])];
  const parse = await of.open(folder);
  return {
    target: of,
    input(seed) {
      const random = randomStream(seed, 'fuzz', of.name);
      const bytes = mutate(seeds, random, of);
      return (of.sign && random.uniform() < 0.7 ? of.sign(bytes) : null) ?? bytes;
    },
    judge: (bytes) => judge(of, parse, bytes),
  };
}

async function judge(
  { refusals = [WeightmapError], mayBeStrange, check, checkRefusal }: Target,
  parse: Awaited<ReturnType<Target['open']>>,
  bytes: Buffer,
): Promise<Judgement> {
  const wrong = (why: string): Judgement => ({ is: 'wrong', why });
  let value: unknown;
  let error: unknown = null;
  try {
    value = await parse(bytes);
  } catch (thrown) {
    const trouble = refusals.some((kind) => thrown instanceof kind)
      ? faultOfMessage(thrown)
      : stackOf(thrown);
    if (trouble !== null) return wrong(trouble);
    value = refused;
    error = thrown;
  }
  if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) return wrong('changed Object.prototype');
  if (value === refused) {
    const fault = await faultBy(() => checkRefusal?.(bytes, error));
    return fault === null ? { is: 'refused' } : wrong(fault);
  }
  const strange = mayBeStrange ? null : await faultBy(() => strangeNumber(value));
  if (strange !== null) return wrong(`accepted ${strange}`);
  const fault = await faultBy(() => check?.(value, bytes));
  return fault === null ? { is: 'accepted' } : wrong(fault);
}

/** A plain reader that fails where the parser doesn't is a fault, too. */
async function faultBy(
  check: () => string | null | undefined | Promise<string | null>,
): Promise<string | null> {
  try {
    return (await check()) ?? null;
  } catch (error) {
    return `accepted, and the plain reader fails: ${stackOf(error)}`;
  }
}

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error
    ? (thrown.stack ?? thrown.message).split('\n').slice(0, 4).join(' ')
    : String(thrown);

function faultOfMessage(thrown: unknown): string | null {
  const text = thrown instanceof WeightmapError ? thrown.explain() : (thrown as Error).message;
  if (text.length > LONGEST_MESSAGE) return `a message of ${text.length} characters: ${text.slice(0, 200)}`;
  if (/^\s+at .*:\d+:\d+/m.test(text)) return `a stack trace in the message: ${text}`;
  return null;
}

/** The first NaN or infinity in plain data and arrays of numbers, with its place; null if there is none. */
function strangeNumber(value: unknown, place = 'value'): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${value} at ${place}`;
  if (value instanceof Float32Array) {
    const at = value.findIndex((one) => !Number.isFinite(one));
    return at < 0 ? null : `${value[at]} at ${place}[${at}]`;
  }
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return null;
  for (const [key, inner] of value instanceof Map ? value : Object.entries(value)) {
    const found = strangeNumber(inner, `${place}.${String(key)}`);
    if (found !== null) return found;
  }
  return null;
}
