import type { RunRecord } from '@weightmap/core';
import { conditionsOf, type Conditions } from '../likeness.js';
import type { PaperDataset } from '../paper-values.js';
import { canonicalJson } from '../records/index.js';
import type { Measure } from './measures.js';

/** Records that may be compared: of each dataset those of one set of conditions, by variant and trial. */
export interface Comparable {
  readonly conditions: ReadonlyMap<string, Conditions>;
  /** Records of other conditions, which take no part. */
  readonly leftAside: number;
  /** A variant's records, in the order of their trials. */
  readonly of: (dataset: string, variant: string) => readonly RunRecord[];
}

/**
 * Of each dataset, the records nearest to the paper's protocol: those of the most epochs, then of the most training
 * images, then of the most records.
 */
export function comparable(records: readonly RunRecord[]): Comparable {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const key = canonicalJson(conditionsOf(record.cell));
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const chosen = new Map<string, RunRecord[]>();
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { id } = group[0].cell.dataset;
    const rival = chosen.get(id);
    if (!rival || isNearer(group, rival)) chosen.set(id, group);
  }
  const kept = [...chosen.values()].flat();
  return {
    conditions: new Map([...chosen].map(([id, [{ cell }]]) => [id, conditionsOf(cell)])),
    leftAside: records.length - kept.length,
    of: (dataset, variant) =>
      (chosen.get(dataset) ?? [])
        .filter(({ cell }) => cell.variant === variant)
        .sort((a, b) => a.cell.trial - b.cell.trial),
  };
}

function isNearer(group: readonly RunRecord[], rival: readonly RunRecord[]): boolean {
  const rank = ([{ cell }, ...rest]: readonly RunRecord[]) => [
    cell.training.epochs,
    cell.dataset.train,
    rest.length,
  ];
  const [a, b] = [rank(group), rank(rival)];
  const first = a.findIndex((value, i) => value !== b[i]);
  return first >= 0 && a[first] > b[first];
}

/** A figure of each trial of a variant, by what makes trials a pair: their number and seed. */
export function figuresOf(
  { of }: Comparable,
  { dataset, variant, measure }: { dataset: PaperDataset; variant: string; measure: Measure },
): Map<string, number> {
  const figures = new Map<string, number>();
  for (const record of of(dataset, variant)) {
    const figure = measure.of(record);
    if (figure !== null) figures.set(`${record.cell.trial}/${record.cell.seed}`, figure);
  }
  return figures;
}
