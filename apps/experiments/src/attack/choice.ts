import { defaultStrengths } from '@weightmap/attacks';
import { WeightmapError, type Attack, type ImageSpec } from '@weightmap/core';
import { unknownName } from '../terminal/nearest.js';

/** An attack requested by `--attacks`: its id, and strengths if it has its own. */
export interface AttackWish {
  readonly id: string;
  readonly strengths?: readonly number[];
}

/** Parses a number ≥ 0 or a fraction such as `8/255`; null if it is neither. */
export function parseStrength(text: string): number | null {
  if (!/^[\d.]+(e-?\d+)?(\/[\d.]+)?$/i.test(text)) return null;
  const [top, bottom = '1'] = text.split('/');
  const value = Number(top) / Number(bottom);
  return value >= 0 && Number.isFinite(value) ? value : null;
}

/**
 * Parses `fgsm,pgd-l2:0.5,1,2,square`: comma-separated ids. Strengths of an attack follow its id after a colon, up to the next
 * id.
 *
 * @throws WeightmapError if there is a number without a colon before it, or a colon without a number after it.
 */
export function parseAttacks(text: string): AttackWish[] {
  const wishes: { id: string; strengths?: number[] }[] = [];
  const refuse = (part: string) =>
    new WeightmapError(`“${part}” is neither an attack nor a strength.`, {
      where: `--attacks ${text}`,
      expected:
        'comma-separated ids; strengths of an attack after a colon, up to the next id: pgd,pgd-l2:0.5,1,2,square',
    });
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [name, first, ...more] = part.split(':');
    const value = parseStrength(first ?? name);
    if (first === undefined && value !== null) {
      const last = wishes.at(-1);
      if (!last?.strengths) throw refuse(part);
      last.strengths.push(value);
    } else if (first === undefined) wishes.push({ id: name });
    else {
      if (value === null || more.length > 0) throw refuse(part);
      wishes.push({ id: name, strengths: [value] });
    }
  }
  return wishes;
}

/**
 * Parses `auto-attack=200,square=100`: attacks, and the number of images that each of them gets.
 *
 * @throws WeightmapError if a part is anything else, or an attack is given twice.
 */
export function parseAttackImages(text: string): Map<string, number> {
  const images = new Map<string, number>();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [, id, digits] = /^([\w-]+)=(\d+)$/.exec(part) ?? [];
    const count = Number(digits);
    if (!id || !Number.isSafeInteger(count) || count === 0 || images.has(id))
      throw new WeightmapError(
        images.has(id)
          ? `The attack ${id} is given twice.`
          : `“${part}” is not an attack and a number of images.`,
        {
          where: `--attack-images ${text}`,
          expected:
            'ids of attacks, each once, with a whole number of images of 1 or more: auto-attack=200,square=100',
        },
      );
    images.set(id, count);
  }
  return images;
}

/** An attack of a campaign. */
export interface ChosenAttack {
  readonly attack: Attack;
  /** Its own strengths. Default: see `strengthsFor`. */
  readonly strengths?: readonly number[];
}

/** Makes the requested attacks. @throws WeightmapError if an id is unknown or is repeated. */
export function chooseAttacks(
  wishes: readonly AttackWish[],
  factories: Readonly<Record<string, () => Attack>>,
): ChosenAttack[] {
  const ids = Object.keys(factories);
  const chosen = new Set<string>();
  return wishes.map(({ id, strengths }) => {
    if (!ids.includes(id)) throw unknownName('attack', id, ids, '--attacks');
    if (chosen.has(id))
      throw new WeightmapError(`The attack ${id} is given twice.`, {
        where: '--attacks',
        expected: `all its strengths at once: ${id}:0.1,0.2`,
      });
    chosen.add(id);
    return { attack: factories[id](), ...(strengths && { strengths }) };
  });
}

/**
 * The strengths to run an attack at, ascending: its own if it has some, else `epsilons` if it takes an ε on L∞, else the defaults
 * of its norm for images of this size.
 */
export function strengthsFor(
  { attack, strengths }: ChosenAttack,
  { height, width, channels }: ImageSpec,
  epsilons: readonly number[] | undefined,
): number[] {
  const onLinf = attack.norm === 'linf' && attack.strengthUnit === 'epsilon';
  const own =
    strengths ??
    (onLinf ? epsilons : undefined) ??
    defaultStrengths(attack, { inputShape: [height, width, channels] });
  return [...new Set(own)].sort((a, b) => a - b);
}
