// The measured table of docs/defenses.md is what the committed records give.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readAttackedRun, readRun, worstOn, type AttackedSummary } from '@weightmap/records';
import { describe, expect, it } from 'vitest';
import { markdown } from '../src/markdown.js';
import { reportModel } from '../src/report-model.js';

const root = path.resolve(import.meta.dirname, '../../..');

/** The rows of the tables below a heading, without the padding that prettier adds. */
const tableRows = (text: string, heading: RegExp): string[] => {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => heading.test(line));
  const end = lines.findIndex((line, i) => i > at && line.startsWith('#'));
  return lines
    .slice(at, end < 0 ? undefined : end)
    .filter((line) => /^\|[^-]*\w/.test(line))
    .map((line) => line.replace(/ +/g, ' '));
};

it('docs/defenses.md shows the results of results/defenses, row by row', async () => {
  const run = await readRun(path.join(root, 'results/defenses'));
  const rendered = tableRows(markdown(await reportModel(run)), /^### Compared with other defences/);
  const shown = tableRows(await readFile(path.join(root, 'docs/defenses.md'), 'utf8'), /^## Measured/);
  expect(rendered.length).toBeGreaterThan(40);
  expect(shown).toEqual(rendered);
});

describe('the known breaks show in results/defenses', () => {
  const errors = (cell: AttackedSummary) => ({
    static: 100 - cell.static!.points[0].accuracyPercent,
    adaptive: 100 - worstOn(cell, 'linf')[0].accuracyPercent,
    under: (id: string) => 100 - cell.attacks.find((one) => one.id === id)!.points[0].accuracyPercent,
  });
  const both = async (id: string): Promise<AttackedSummary[]> => {
    const { cells } = (await readAttackedRun(path.join(root, 'results/defenses')))!;
    const found = cells.filter(({ variant }) =>
      new RegExp(`^cnn-(33|smooth-32)${id}(\\+.*)?$`).test(variant),
    );
    return id === '' ? found.filter(({ variant }) => !variant.includes('+')) : found;
  };

  it('distillation: FGSM fails, the margin doesn’t', async () => {
    for (const cell of await both('\\+defensive-distillation')) {
      const { under } = errors(cell);
      expect(under('apgd-margin')).toBeGreaterThan(under('fgsm') + 30);
    }
  });

  it('FGSM training: more steps fool more', async () => {
    for (const cell of await both('\\+fgsm-training'))
      expect(errors(cell).under('pgd')).toBeGreaterThan(errors(cell).under('fgsm'));
  });

  it('feature squeezing: what it detects falls under the attacks that know it', async () => {
    for (const { rejection } of await both('\\+feature-squeezing')) {
      const [made, known] = (['static', 'adaptive'] as const).map((by) => {
        const found = rejection!.attacked.find((one) => one.by === by)!;
        return {
          auc: found.auc!,
          success: found.points.find((one) => one.falsePositivePercent === 5)!.successPercent,
        };
      });
      expect(known.auc).toBeLessThan(made.auc - 0.05);
      expect(known.success).toBeGreaterThan(2 * made.success);
    }
  });

  it('DeepCloak: the baseline, under an attack that knows it; stochastic operators: less than noisy training alone', async () => {
    const [plain, cloaked, noisy, stochastic] = await Promise.all(
      ['', '\\+deep-cloak', '\\+noisy-training', '\\+stochastic-operators'].map(both),
    );
    for (const i of [0, 1]) {
      expect(Math.abs(errors(cloaked[i]).adaptive - errors(plain[i]).adaptive)).toBeLessThan(10);
      expect(errors(stochastic[i]).adaptive).toBeGreaterThan(errors(noisy[i]).adaptive);
      expect(errors(stochastic[i]).adaptive).toBeGreaterThan(errors(stochastic[i]).static);
    }
  });
});
