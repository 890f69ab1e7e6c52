import { InvalidArgumentError } from 'commander';

/** Parses a whole number from 1. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('A whole number from 1 is expected.');
  return value;
}

/** Parses comma-separated values. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** Collects the values of an option that is given several times. */
export const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Parses a whole number from 0. */
export function natural(text: string): number {
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('A whole number from 0 is expected.');
  return Number(text);
}

/** Parses the number of a port; 0 means any that is free. */
export function port(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('A port is expected: 0 … 65535, or 0 for any free port.');
  return Number(text);
}
