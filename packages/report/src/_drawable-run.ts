import { relative, sep } from 'node:path';
import { messageOf } from '@weightmap/core';
import type { DamagedRecord, Run, StoredRecord } from '@weightmap/records';

/**
 * What `draw` makes of a run. If that fails, of the run without the records, or without the results of attacks, that alone can't
 * be drawn either: they are named in the run that `draw` gets.
 *
 * @throws whatever `draw` throws if nothing of it can be left out, or if no record can be drawn.
 */
export async function drawn<Result>(run: Run, draw: (run: Run) => Promise<Result>): Promise<Result> {
  const problemOf = (some: Partial<Run>) =>
    draw({ ...run, ...some }).then(
      () => null,
      (error: unknown) => messageOf(error),
    );
  try {
    return await draw(run);
  } catch (error) {
    const records: StoredRecord[] = [];
    const damaged: DamagedRecord[] = [...run.damaged];
    for (const stored of run.records) {
      const problem = await problemOf({ records: [stored], attacks: null });
      const file = [...relative(run.folder, stored.folder).split(sep), 'record.json'].join('/');
      if (problem === null) records.push(stored);
      else damaged.push({ file, reason: `it can’t be drawn: ${problem}` });
    }
    const without = run.attacks && (await problemOf({ records, attacks: run.attacks }));
    // If nothing can be drawn, it isn't the records' fault.
    if ((!without && records.length === run.records.length) || records.length === 0) throw error;
    const notes = without ? [...run.notes, `the results of attacks can’t be drawn: ${without}`] : run.notes;
    return draw({ ...run, records, damaged, attacks: without ? null : run.attacks, notes });
  }
}
