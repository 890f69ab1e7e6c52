import { attacks, corruptions, type AttackId } from '@weightmap/attacks';
import { corruptedNetworksSchema, type CellConfig } from '@weightmap/records';
import { describe, expect, it } from 'vitest';
import { baselinesOf, compareCorrupted } from '../src/attack/corruptions.js';
import { corruptionCsv, corruptionLabel, corruptionTable } from '@weightmap/report';
import { makeRecord } from '@weightmap/test-utils/records';

const cellOf = (variant: string, trial = 1): CellConfig => makeRecord({ variant, trial }).cell;

describe('the comparison with a baseline', () => {
  const [plain, wide, later] = [cellOf('cnn-33'), cellOf('cnn-smooth-32'), cellOf('cnn-smooth-32', 2)];

  it('takes the baseline of the same dataset and trial', () => {
    const second = cellOf('cnn-33', 2);
    const found = baselinesOf([wide, later, plain], [plain, wide, later, second], 'cnn-33');
    expect([...found]).toEqual([
      [wide, plain],
      [later, second],
      [plain, plain],
    ]);
  });

  it('says which is missing', () => {
    expect(() => baselinesOf([wide, later], [plain, wide, later], 'cnn-33')).toThrow(
      'The baseline cnn-33 is not trained on mnist, trial 2.',
    );
  });

  it('has 100 for the baseline, and goes into table and CSV', () => {
    const errors = new Map([
      [
        plain,
        { benchmark: 'mnist-c', errors: { clean: 1, corrupted: { contrast: [2, 4], brightness: [3, 7] } } },
      ],
      [
        wide,
        { benchmark: 'mnist-c', errors: { clean: 2, corrupted: { contrast: [2, 1], brightness: [9, 11] } } },
      ],
    ]);
    const both = new Map([
      [plain, plain],
      [wide, plain],
    ]);
    const compared = compareCorrupted(both, errors, { baseline: 'cnn-33', images: 50 });
    expect(corruptedNetworksSchema.parse(compared)).toEqual(compared);
    expect(compared.cells.map(({ mce, relativeMce }) => [mce, relativeMce])).toEqual([
      [100, 100],
      // 3/6 and 20/10; −1/4 and 16/8.
      [expect.closeTo(125), expect.closeTo((-25 + 200) / 2)],
    ]);
    const table = corruptionTable(compared).split('\n');
    expect(table[0]).toMatch(/error, % +clean +contrast +brightness +mCE +relative mCE/);
    expect(table[2]).toMatch(/cnn-smooth-32 trial 1 +2\.0 +1\.5 +10\.0 +125\.0 +87\.5/);
    expect(table[3]).toContain('against cnn-33 of the same dataset and trial');
    expect(corruptionCsv(compared)).toContain('cnn-smooth-32,mnist,1,mnist-c,brightness,2,11,200,200,cnn-33');
  });
});

it('calls each corruption in a report as its attack is called', () => {
  const ids = Object.values(corruptions).flatMap((table) => Object.keys(table) as AttackId[]);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(corruptionLabel(id)).toBe(attacks[id]().label);
});
