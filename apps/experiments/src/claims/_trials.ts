import type { CellConfig, RunRecord } from '@weightmap/core';
import { conditionsOf, notEvidence, type Conditions } from '../likeness.js';
import { canonicalJson } from '../records/index.js';

/** Records that are no evidence on the paper's claims, and why. */
export interface NotEvidence {
  readonly reason: string;
  readonly records: number;
}

/** Records that may be compared: of each dataset and architecture those of one set of conditions, by variant and trial. */
export interface Comparable {
  /** The conditions of a variant's records, or of those of its architecture; undefined without any. */
  readonly conditionsOf: (dataset: string, variant: string) => Conditions | undefined;
  /** Evidence of other conditions, which takes no part. */
  readonly leftAside: number;
  /** Records that are no evidence, by the reason. */
  readonly notEvidence: readonly NotEvidence[];
  /** The trials that the run plans of a variant; 0 if that isn't known. */
  readonly planned: (dataset: string, variant: string) => number;
  /** A variant's records, in the order of their trials. */
  readonly of: (dataset: string, variant: string) => readonly RunRecord[];
}

const known = new WeakMap<readonly RunRecord[], Comparable>();

/**
 * Chooses the records that count: those that are evidence, and of each dataset and architecture those nearest to the paper's
 * protocol, by the most epochs, then the most training images, then the most records. Claims compare networks of one
 * architecture only.
 *
 * @param cells that the run plans, for the number of trials of each variant; without them, the largest number of a trial that
 * the variant has a record of counts, or another variant of its architecture. They are remembered with the records.
 */
export function comparable(records: readonly RunRecord[], cells?: readonly CellConfig[]): Comparable {
  // Every claim asks for the same records.
  const result = (!cells && known.get(records)) || choose(records, cells ?? []);
  known.set(records, result);
  return result;
}

const architectureOf = (variant: string): string => variant.split('-')[0];

function choose(records: readonly RunRecord[], cells: readonly CellConfig[]): Comparable {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const { cell } = record;
    const key = canonicalJson([architectureOf(cell.variant), conditionsOf(cell)]);
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const chosen = new Map<string, RunRecord[]>();
  const refused = new Map<string, number>();
  let evidence = 0;
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [{ cell }] = group;
    const reason = notEvidence(conditionsOf(cell));
    if (reason !== null) {
      refused.set(reason, (refused.get(reason) ?? 0) + group.length);
      continue;
    }
    evidence += group.length;
    const place = `${cell.dataset.id}/${architectureOf(cell.variant)}`;
    const rival = chosen.get(place);
    if (!rival || isNearer(group, rival)) chosen.set(place, group);
  }
  const kept = [...chosen.values()].flat().sort((a, b) => a.trial - b.trial);
  const byVariant = new Map<string, RunRecord[]>();
  for (const record of kept) {
    const key = `${record.dataset}/${record.variant}`;
    byVariant.set(key, [...(byVariant.get(key) ?? []), record]);
  }
  const groupOf = (dataset: string, variant: string) =>
    chosen.get(`${dataset}/${architectureOf(variant)}`) ?? [];
  const most = (trials: readonly { trial: number }[]) => Math.max(0, ...trials.map(({ trial }) => trial));
  return {
    conditionsOf(dataset, variant) {
      const record = groupOf(dataset, variant).at(0);
      return record && conditionsOf(record.cell);
    },
    leftAside: evidence - kept.length,
    notEvidence: [...refused].map(([reason, count]) => ({ reason, records: count })),
    planned(dataset, variant) {
      const own = byVariant.get(`${dataset}/${variant}`) ?? [];
      const group = groupOf(dataset, variant);
      const epochs = group.at(0)?.cell.training.epochs;
      const plan = cells.filter(
        (cell) =>
          cell.dataset.id === dataset &&
          cell.variant === variant &&
          (epochs === undefined || cell.training.epochs === epochs),
      );
      return most(plan) || most(own) || most(group);
    },
    of: (dataset, variant) => byVariant.get(`${dataset}/${variant}`) ?? [],
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
