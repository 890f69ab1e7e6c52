import { canonicalJson, type RunRecord } from '@weightmap/records';
import { conditionsOf, notEvidence, type Conditions } from '../model/likeness.js';

/** Records that are no evidence on the paper's claims, and why. */
export interface NotEvidence {
  /** A clause of a sentence. */
  readonly reason: string;
  /** How many there are. */
  readonly records: number;
}

/** Records that may be compared: of each dataset those of one set of conditions, by variant and trial. */
export interface Comparable {
  /** By the dataset's id. */
  readonly conditions: ReadonlyMap<string, Conditions>;
  /** Evidence of other conditions, which is left out. */
  readonly leftAside: number;
  /** Records that are no evidence, by the reason. */
  readonly notEvidence: readonly NotEvidence[];
  /** The trials of each network that the run has on a dataset: the largest number of a trial. 0 without records. */
  readonly planned: (dataset: string) => number;
  /** A variant's records, in the order of their trials. */
  readonly of: (dataset: string, variant: string) => readonly RunRecord[];
}

/** Why a network with a defence is no evidence: the paper's networks have none. */
const DEFENDED = 'networks with a defence, which the paper’s claims are not about';

const known = new WeakMap<readonly RunRecord[], Comparable>();

/**
 * Chooses the records that count: those trained and tested on almost all images of the paper's protocol, and of each dataset
 * those nearest to that protocol, by the most epochs, then the most training images, then the most records.
 */
export function comparable(records: readonly RunRecord[]): Comparable {
  // Every claim is checked against the same records.
  const result = known.get(records) ?? choose(records);
  known.set(records, result);
  return result;
}

function choose(records: readonly RunRecord[]): Comparable {
  const groups = new Map<string, RunRecord[]>();
  const plain = records.filter(({ cell }) => cell.defense === undefined);
  for (const record of plain) {
    const key = canonicalJson(conditionsOf(record.cell));
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const chosen = new Map<string, RunRecord[]>();
  const defended = records.length - plain.length;
  const refused = new Map<string, number>(defended > 0 ? [[DEFENDED, defended]] : []);
  let evidence = 0;
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const reason = notEvidence(conditionsOf(group[0].cell));
    if (reason !== null) {
      refused.set(reason, (refused.get(reason) ?? 0) + group.length);
      continue;
    }
    evidence += group.length;
    const { id } = group[0].cell.dataset;
    const rival = chosen.get(id);
    if (!rival || isNearer(group, rival)) chosen.set(id, group);
  }
  const kept = [...chosen.values()].flat().sort((a, b) => a.trial - b.trial);
  const byVariant = new Map<string, RunRecord[]>();
  for (const record of kept) {
    const key = `${record.dataset}/${record.variant}`;
    byVariant.set(key, [...(byVariant.get(key) ?? []), record]);
  }
  return {
    conditions: new Map([...chosen].map(([id, [{ cell }]]) => [id, conditionsOf(cell)])),
    leftAside: evidence - kept.length,
    notEvidence: [...refused].map(([reason, count]) => ({ reason, records: count })),
    planned: (dataset) => Math.max(0, ...(chosen.get(dataset) ?? []).map(({ trial }) => trial)),
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
