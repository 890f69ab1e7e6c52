import { describe, expect, test } from 'vitest';
import { parseJson } from '../src/json.js';

const lists = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const objects = (levels: number) => `${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}`;

describe('parseJson', () => {
  test.each(['0', '"["', '[]', '{"a\\"[[":[1,{"b":null}]}', ` [true,\n"${'[{'.repeat(500)}"] `, '"\\\\"'])(
    'reads %s as JSON.parse does',
    (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    },
  );

  test.each([lists, objects])('reads 127 levels, and refuses more (%#)', (nested) => {
    expect(JSON.stringify(parseJson(nested(127)))).toBe(nested(127));
    for (const levels of [128, 5000, 200_000])
      expect(() => parseJson(nested(levels))).toThrow('it is nested more than 127 levels deep');
    // Side by side isn't nested.
    expect(parseJson(`[${Array.from({ length: 200 }, () => nested(126)).join()}]`)).toHaveLength(200);
  });

  test('refuses what is not JSON', () => {
    for (const text of ['', '[', '{"a"}', '"', lists(500).slice(1)])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
