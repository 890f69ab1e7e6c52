import { randomStream } from '@weightmap/core';
import type { RunRecord } from '@weightmap/records';
import { conditionsOf, isEvidence, verify } from '@weightmap/report';
import { makeRecord } from '@weightmap/test-utils/records';
import { describe, expect, test } from 'vitest';
import { fillCommand } from '../src/plan/fill-command.js';
import { presets } from '../src/plan/presets.js';
import { paperLikeGrid } from './_grid.js';

/** Trials that are enough for every claim, with the paper's own deviations. */
const grid = paperLikeGrid(25);
/** As many trials as the paper has. */
const three = paperLikeGrid(3);

const isOn =
  (dataset: string, ...variants: string[]) =>
  ({ cell }: RunRecord) =>
    cell.dataset.id === dataset && variants.includes(cell.variant);

describe('the command that fills the gaps', () => {
  const command = (made: RunRecord[], run = 'runs/x') =>
    fillCommand(made, verify(made).claims, run)?.command ?? null;

  test('is the paper’s protocol where there is nothing', () => {
    expect(command([])).toBe("weightmap run paper --select 'cnn-*,resnet-*,densenet-*' --out runs/x");
  });

  test('is none where nothing is missing', () => {
    expect(command(grid)).toBeNull();
    // Undecided claims, and every trial of the run is there: no “three more until it is decided”.
    expect(verify(three).claims.some(({ verdict }) => verdict === 'undecided')).toBe(true);
    expect(command(three)).toBeNull();
  });

  test('keeps the conditions of the records: preset, epochs, seed', () => {
    const { training, evaluation } = presets.standard;
    const seed = randomStream(7, 'trial', 1).seed();
    const made = [
      makeRecord({
        training: { ...training, epochs: 25 },
        evaluation,
        seed,
        variant: 'cnn-33',
      }),
    ];
    const text = command(made, "it's here")!;
    expect(text).toMatch(
      /^weightmap run standard --select '[^']+' --epochs 25 --seed 7 --out 'it'\\''s here'$/,
    );
  });

  test('names the rows that are missing, and the dataset if it is one of several', () => {
    const { training, evaluation } = presets.standard;
    const made = paperLikeGrid(3).map(({ cell, trial }) =>
      makeRecord({
        variant: cell.variant,
        trial,
        seed: randomStream(1, 'trial', trial).seed(),
        data: cell.dataset,

        training,
        evaluation,
      }),
    );
    const but = made.filter((record) => !isOn('iwildcam', 'resnet-conv')(record));
    expect(command(but)).toBe('weightmap run standard --select resnet-conv --dataset iwildcam --out runs/x');
    expect(command(made.filter((record) => !isOn('mnist', 'cnn-wide')(record)))).toBe(
      'weightmap run standard --select cnn-wide --out runs/x',
    );
  });

  test('has the run’s own number of trials', () => {
    const { training, evaluation } = presets.standard;
    const made = ['cnn-33', 'cnn-smooth-32', 'cnn-wide'].flatMap((variant) =>
      Array.from({ length: variant === 'cnn-wide' ? 9 : 10 }, (_, i) =>
        makeRecord({
          variant,
          trial: i + 1,
          seed: randomStream(1, 'trial', i + 1).seed(),

          training,
          evaluation,
        }),
      ),
    );
    const only = verify(made).claims.filter(({ id }) => id === 'C1');
    expect(fillCommand(made, only, 'runs/x')?.command).toBe(
      'weightmap run standard --select cnn-wide,cnn-unsharp-32 --trials 10 --out runs/x',
    );
  });

  test.each(['quick', 'smoke'] as const)(
    'of records of the %s preset, which are no evidence, is a run of its own',
    (name) => {
      const { training, evaluation, limits } = presets[name];
      const made = [makeRecord({ training, evaluation, data: { train: limits.train, test: limits.test } })];
      expect(command(made, 'runs/quick')).toMatch(/^weightmap run paper --select \S+ --out runs\/paper$/);
    },
  );

  test('is none for records that no preset makes', () => {
    expect(command([makeRecord({ evaluation: { betas: [0.123] } })])).toBeNull();
  });
});

test('results of the quick presets and smoke are none, on whatever data; those of the presets for results are', () => {
  for (const data of [{}, { id: 'digits', label: 'procedural digits' }])
    for (const [name, { training, limits }] of Object.entries(presets)) {
      const { train, test: tested } = limits;
      const made = { data: { ...data, ...(train && { train }), ...(tested && { test: tested }) }, training };
      expect(isEvidence(conditionsOf(makeRecord(made).cell)), name).toBe(
        !['quick', 'smoke', 'defenses-quick'].includes(name),
      );
    }
});
