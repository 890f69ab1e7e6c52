import { describe, expect, it } from 'vitest';
import { duration } from '../src/format.js';

describe('duration', () => {
  it.each([
    [4.24, '4.2 s'],
    [9.97, '10 s'],
    [59.7, '1 min 0 s'],
    [65.4, '1 min 5 s'],
    [3600 * 3 + 1200, '3 h 20 min'],
    [86400 * 2 + 3600 * 4 + 59, '2 d 4 h'],
    [Number.NaN, '–'],
  ])('%d s is %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});
