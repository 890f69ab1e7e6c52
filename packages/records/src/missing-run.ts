import { WeightmapError } from '@weightmap/core';

/** The error of a command that is given a folder without a run. @param where the missing file or folder. */
export const missingRun = (run: string, where = run): WeightmapError =>
  new WeightmapError(`There is no run in "${run}".`, {
    where,
    expected: 'the folder of a run that `weightmap run` has started',
    fix: '`weightmap run quick` makes runs/quick',
  });
