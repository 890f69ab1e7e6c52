import { WeightmapError } from '@weightmap/core';
import { sweptVariant, type CellConfig, type SweptSettings } from '@weightmap/records';
import { count, list, settingLabel } from '@weightmap/report/text';
import { namesWithSettings } from '../plugins/components.js';
import { keyOf, runOptions, type RunOption, type RunOptions } from './run-options.js';

/** The options that a configuration file may give a list for, with the values of each. */
export type Sweep = {
  readonly [Name in SweptOption]?: readonly NonNullable<RunOptions[Name]>[];
};

type SweptOption = {
  [Name in keyof typeof runOptions]: (typeof runOptions)[Name] extends { swept: string } ? Name : never;
}[keyof typeof runOptions];

/** What a run may be crossed to. A larger one is a mistake: its list of cells alone would take minutes to check. */
const MOST_CELLS = 10_000;

/** The options of a configuration file that are lists of values, and the other ones. */
export function splitSweep(config: Readonly<Record<string, unknown>>): {
  single: Readonly<Record<string, unknown>>;
  sweep: Sweep;
} {
  const isSwept = ([key, value]: [string, unknown]) => sweptKeys.has(key) && Array.isArray(value);
  const entries = Object.entries(config);
  return {
    single: Object.fromEntries(entries.filter((entry) => !isSwept(entry))),
    sweep: Object.fromEntries(entries.filter(isSwept)),
  };
}

const sweptKeys = new Set(
  Object.values<RunOption>(runOptions)
    .filter(({ swept }) => swept)
    .map(keyOf),
);

/** Every combination of the values of settings, apart from seeds; one without settings if none is swept. */
export function settingsOf({ seed: _, ...settings }: Sweep): SweptSettings[] {
  const combinations = Object.entries(settings).reduce<Record<string, unknown>[]>(
    (before, [name, values]) => {
      const crossed = before.length * values.length;
      if (crossed > MOST_CELLS) throw tooMany(crossed);
      return before.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
    },
    [{}],
  );
  return combinations;
}

/** A cell whose variant is named by the swept settings that it is trained with. */
export const withSettings = (cell: CellConfig, settings: SweptSettings): CellConfig =>
  Object.keys(settings).length === 0
    ? cell
    : {
        ...cell,
        variant: sweptVariant(cell.variant, settings),
        ...namesWithSettings(cell, settings),
      };

/** @throws WeightmapError if a sweep has too many cells. */
export function checkSize(sweep: Sweep, cells: number): void {
  if (Object.keys(sweep).length > 0 && cells > MOST_CELLS) throw tooMany(cells);
}

const tooMany = (cells: number) =>
  new WeightmapError(`The lists of the configuration file give ${count(cells, 'cell')} or more.`, {
    expected: `at most ${count(MOST_CELLS, 'cell')}: variants × settings × seeds × trials`,
    fix: 'shorten a list, select fewer variants, or use several files with a folder (out) each',
  });

/** `learning rate 0.001 and 0.0003; seed 1 and 2 (trials 1–2)`; null if nothing is swept. */
export function sweepText(sweep: Sweep, trials: number): string | null {
  const parts = Object.entries(sweep).map(([name, values]) => {
    const shown = `${settingLabel(name)} ${list(values.map(String))}`;
    return name === 'seed' ? `${shown} (trials 1–${values.length * trials})` : shown;
  });
  return parts.length > 0 ? parts.join('; ') : null;
}
