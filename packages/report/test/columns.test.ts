import { describe, expect, it } from 'vitest';
import { alignColumns, alignRows, wrapWords } from '../src/columns.js';

const table = [
  ['id', 'n', 'what'],
  ['cnn-33', '12', 'a network of three convolutions'],
  ['cnn', '3', 'another'],
];

describe('alignColumns', () => {
  it('pads cells, the named columns on the left', () => {
    expect(alignColumns(table, { right: [1], width: 80 })).toBe(
      [
        'id       n  what', //
        'cnn-33  12  a network of three convolutions',
        'cnn      3  another',
      ].join('\n'),
    );
  });

  it('leaves optional columns out, in their order and only as many as needed', () => {
    expect(alignColumns(table, { optional: [1, 2], width: 40 })).toBe(
      ['id      what', 'cnn-33  a network of three convolutions', 'cnn     another'].join('\n'),
    );
    expect(alignColumns(table, { optional: [1, 2], width: 12 })).toBe(['id', 'cnn-33', 'cnn'].join('\n'));
  });

  it('wraps the words of the last column, and keeps one text for each row', () => {
    expect(alignRows(table, { right: [1], width: 32 })).toEqual([
      'id       n  what',
      'cnn-33  12  a network of three\n            convolutions',
      'cnn      3  another',
    ]);
  });

  it('makes a block of each row where the last column has no room, without empty cells', () => {
    expect(alignRows([...table, ['x', '', 'y']], { width: 20 })).toEqual([
      '',
      'cnn-33\n  n: 12\n  what: a network\n    of three\n    convolutions',
      'cnn\n  n: 3\n  what: another',
      'x\n  what: y',
    ]);
  });

  it.each([16, 20, 24, 28, 32, 36, 44])('has no line longer than %i characters', (width) => {
    for (const line of alignColumns(table, { width }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(width);
  });
});

describe('wrapWords', () => {
  it('cuts between words; a longer word is a line of its own', () => {
    expect(wrapWords('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapWords('to abcdefghij me', 5)).toEqual(['to', 'abcdefghij', 'me']);
  });
});
