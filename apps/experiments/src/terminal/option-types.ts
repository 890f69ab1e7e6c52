import { InvalidArgumentError } from 'commander';

/** A whole number from 1, as an option's value. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('A whole number from 1 is expected.');
  return value;
}

/** Comma-separated parts. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** One more value of an option that may be given several times. */
export const several = (value: string, before: readonly string[]): string[] => [...before, value];

/** A whole number from 0, as an option's value. */
export function natural(text: string): number {
  if (!/^\d+$/.test(text.trim())) throw new InvalidArgumentError('A whole number from 0 is expected.');
  return Number(text);
}
