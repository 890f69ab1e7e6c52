import { plainText } from '@weightmap/core';
import type { Spread } from './model/statistics.js';

const MINUS = '−';

/** What a setting of the training is called: `learning rate` of `learningRate`. */
export const settingLabel = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Printed for a missing value. */
export const NONE = '–';

/** The unit, on the same line as its number. */
export const PERCENT = '\u00a0%';

const thousands = new Intl.NumberFormat('en-US');

/** `54,000` */
export const number = (value: number): string => thousands.format(value);

/** `1 epoch`, `30 epochs` */
export const count = (value: number, noun: string): string =>
  `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

/** `0.73`: errors have two decimals, as in the paper. */
export const percent = (value: number): string => value.toFixed(2);

/** `0.73 ± 0.03`, or `0.73` for a single trial. */
export const meanSd = ({ mean, sd }: Spread): string =>
  sd === null ? percent(mean) : `${percent(mean)} ± ${percent(sd)}`;

/** `+0.12`, `−0.04` */
export const signed = (value: number): string => {
  const digits = percent(Math.abs(value));
  return digits === '0.00' ? '0.00' : `${value < 0 ? MINUS : '+'}${digits}`;
};

/** `261,070` → `261 K`; `1,157,226` → `1.16 M` */
export function short(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const)
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  return String(Math.round(value));
}

/** `0.031373` → `0.031`: β and ε, as short as they are exact to three digits. */
export const strength = (value: number): string => {
  const of255 = value * 255;
  const whole = Math.round(of255);
  return whole > 0 && Math.abs(of255 - whole) < 1e-6 && Number(value.toFixed(3)) !== value
    ? `${whole}/255`
    : String(Number(value.toPrecision(3)));
};

/** A time for people: `4.2 s`, `3 min 20 s`, `2 h 5 min`, `1 d 3 h`; `–` if it isn't known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return NONE;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** `a`, `a and b`, `a, b and c` */
export const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** `plainText` of core: text from a file on one line, of characters that only show. */
export const plain = plainText;
