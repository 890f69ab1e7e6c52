// Text from files can't steer a terminal: escapes, other control characters, marks of direction, line ends in a label.
import { plainText } from '@weightmap/core';
import { alignColumns } from '@weightmap/report/text';
import { describe, expect, it } from 'vitest';
import { foldLines, harmless, jsonText } from '../src/terminal/output.js';

/** Every code point that acts on a terminal without being seen, but for the end of a line and the tab. */
const acting = [
  ...Array.from({ length: 0x20 }, (_, i) => i).filter((i) => i !== 9 && i !== 10),
  ...Array.from({ length: 0xa0 - 0x7f }, (_, i) => 0x7f + i),
  ...[0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e],
  ...[0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdfff],
].map((code) => String.fromCharCode(code));

const hostile = [
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://example.org\u001b\\link\u001b]8;;\u001b\\',
  '\u001b[8mhidden',
  '\u001b[5mblinking',
  '\u001b[999999999999m',
  '\u001bP$q"p\u001b\\',
  '\u009b2J',
  '\u009d0;x\u009c',
  'over\rwritten',
  'back\b\b\b\bspace',
];

describe('printed text', () => {
  it.each(acting.map((character) => [character.codePointAt(0)!.toString(16), character]))(
    'has no U+%s',
    (_, character) => {
      for (const colour of [true, false]) expect(harmless(`a${character}b`, { colour })).toBe('a b');
      expect(plainText(`a${character}b`)).toBe('a b');
      expect(JSON.parse(jsonText({ a: character }))).toEqual({ a: character });
      expect(jsonText({ a: character })).not.toContain(character);
    },
  );

  it.each(hostile)('has no sequence that does more than colour: %j', (text) => {
    // eslint-disable-next-line no-control-regex
    expect(harmless(text, { colour: true })).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    // eslint-disable-next-line no-control-regex
    expect(plainText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  it('keeps lines, tabs and the colours of this command, and ends a colour that is left open', () => {
    const text = '\u001b[1mweightmap\u001b[22m:\ta\r\nb \u001b[38;5;166mc\u001b[0m';
    expect(harmless(text, { colour: true })).toBe(text.replace('\r', ''));
    expect(harmless(text, { colour: false })).toBe('weightmap:\ta\nb c');
    expect(harmless('\u001b[31mred', { colour: true })).toBe('\u001b[31mred\u001b[0m');
  });

  it('has one line for each row of a table, whatever its cells hold', () => {
    expect(
      alignColumns([
        ['name', 'n'],
        ['a\nforged row  1\u001b[2J', '2'],
      ]).split('\n'),
    ).toHaveLength(2);
  });
});

describe('text on a narrow terminal', () => {
  it('is cut between words, and goes on indented', () => {
    expect(foldLines('  where:    a file with a long name', 20)).toBe(
      '  where:    a file\n    with a long name',
    );
    expect(foldLines('short\nlines', 20)).toBe('short\nlines');
  });

  it('keeps a command line that can be copied', () => {
    expect(foldLines('  weightmap run quick --select cnn-33 --epochs 2', 30)).toBe(
      ['  weightmap run quick \\', '      --select cnn-33 \\', '      --epochs 2'].join('\n'),
    );
  });

  it('does not count colours', () => {
    const text = '\u001b[32mgreen\u001b[39m and plain';
    expect(foldLines(text, 15)).toBe(text);
    expect(foldLines(text, 14)).toBe('\u001b[32mgreen\u001b[39m and\n  plain');
  });

  it('leaves a word that is longer than a line whole', () => {
    expect(foldLines('see https://example.org/a/long/address now', 12)).toBe(
      'see\n  https://example.org/a/long/address\n  now',
    );
  });
});
