import type { AttackInfo, ShownBenchmark, Showcase } from '@weightmap/core';
import { choices, defensesOf, firstChoice, type State } from './state.js';
import { strengthScale } from './strength-scale.js';

/** What an address says to show. */
export interface Address {
  readonly benchmark: ShownBenchmark;
  readonly chosen: ReadonlySet<string>;
  readonly defense: string | null;
  /** Position of the image in the set. */
  readonly image: number;
  readonly attack: AttackInfo;
  readonly strength: number;
  readonly target: number | null;
  readonly seed: number;
  /** What is ignored, and why, a sentence each. */
  readonly notices: readonly string[];
}

/** The initial strength, as a share of the slider: networks differ from about there. */
const FIRST_STRENGTH = 0.25;
const LARGEST_SEED = 9999;
const NONE = 'none';
/** Notices that are shown, and characters of a bad value. */
const MOST = { notices: 5, characters: 40 };

/** The state as the part of an address behind `#`; a drawing or an own picture is left out. */
export function encodeAddress({ benchmark, chosen, defense, wish }: State): string {
  const { image, attack, strength, target, seed } = wish;
  const networks = choices(benchmark).flatMap(({ id }) => (chosen.has(id) ? [id] : []));
  const values = new URLSearchParams({
    dataset: benchmark.id,
    networks: networks.join() || NONE,
    ...(defense !== null && { defence: defense }),
    ...(image.index !== null && { image: String(image.index + 1) }),
    attack: attack.id,
    strength: String(Number(strength.toPrecision(6))),
    ...(target !== null && { target: benchmark.classes[target] }),
    seed: String(seed),
  });
  return values.toString();
}

/**
 * Reads the part of an address behind `#`. Whatever is not there gets its usual value, and so does what is not valid: it is ignored, and
 * a notice says so.
 *
 * @param text from anywhere: nothing in it is trusted.
 */
export function decodeAddress(text: string, showcase: Showcase, attacks: readonly AttackInfo[]): Address {
  const given = new URLSearchParams(text.replace(/^#/, ''));
  const notices: string[] = [];
  const read = <T>(key: string, usual: T, parse: (value: string) => T | null, expected: string): T => {
    const values = given.getAll(key);
    given.delete(key);
    if (values.length === 0) return usual;
    const parsed = values.length === 1 ? parse(values[0]) : null;
    if (parsed === null)
      notices.push(
        `${key}: ${values.length > 1 ? 'it is there more than once' : `“${cut(values[0])}” is ignored`}, expected ${expected}`,
      );
    return parsed ?? usual;
  };
  const { benchmarks } = showcase;
  const benchmark = read<ShownBenchmark>(
    'dataset',
    benchmarks[0],
    (value) => benchmarks.find(({ id }) => id === value) ?? null,
    benchmarks.map(({ id }) => id).join(' or '),
  );
  const known = choices(benchmark).map(({ id }) => id);
  const chosen = read<ReadonlySet<string>>(
    'networks',
    firstChoice(benchmark),
    (value) => networksIn(value, known),
    `ids of networks separated by commas, of ${cut(known.join(', '), 160)}`,
  );
  const defenses = defensesOf(benchmark).map(({ id }) => id);
  const defense = read<string | null>(
    'defence',
    null,
    (value) => (defenses.includes(value) ? value : null),
    defenses.length > 0 ? `one of ${cut(defenses.join(', '), 160)}` : 'none: no network has one',
  );
  const { images, classes } = benchmark;
  const image = read(
    'image',
    0,
    (value) => wholeIn(value, 1, images.length, (number) => number - 1),
    `a number from 1 to ${images.length}`,
  );
  const attack = read<AttackInfo>(
    'attack',
    attacks[0],
    (value) => attacks.find(({ id }) => id === value) ?? null,
    attacks.map(({ id }) => id).join(', '),
  );
  const { largest } = strengthScale(attack, benchmark);
  const strength = read(
    'strength',
    FIRST_STRENGTH * largest,
    (value) => {
      const number = plainNumber(value);
      return number !== null && number >= 0 && number <= largest ? number : null;
    },
    `a number from 0 to ${largest}`,
  );
  const label = images[image].label;
  const target = read<number | null>(
    'target',
    null,
    (value) => {
      const place = classes.indexOf(value);
      return place >= 0 && place !== label && attack.targeted ? place : null;
    },
    attack.targeted ? 'another class than that of the image' : `nothing: ${attack.label} aims at no class`,
  );
  const seed = read(
    'seed',
    1,
    (value) => wholeIn(value, 0, LARGEST_SEED, (number) => number),
    `a number from 0 to ${LARGEST_SEED}`,
  );
  for (const key of new Set(given.keys()))
    if (key !== '') notices.push(`“${cut(key)}” is ignored: it is unknown`);
  return { benchmark, chosen, defense, image, attack, strength, target, seed, notices: firstOf(notices) };
}

function networksIn(value: string, known: readonly string[]): Set<string> | null {
  if (value === NONE) return new Set();
  const ids = value.split(',');
  return ids.every((id) => known.includes(id)) ? new Set(ids) : null;
}

/** A number in plain digits: no spaces, no `0x`, no `Infinity`. */
const plainNumber = (text: string): number | null =>
  /^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,3})?$/.test(text) ? Number(text) : null;

function wholeIn<T>(text: string, from: number, to: number, use: (number: number) => T): T | null {
  const number = plainNumber(text);
  return number !== null && Number.isInteger(number) && number >= from && number <= to ? use(number) : null;
}

const cut = (text: string, most = MOST.characters): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

const firstOf = (notices: readonly string[]): string[] =>
  notices.length > MOST.notices
    ? [...notices.slice(0, MOST.notices), `${notices.length - MOST.notices} more values are ignored`]
    : [...notices];
