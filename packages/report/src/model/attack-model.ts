import type { AttackedRun } from '@weightmap/records';
import { attackedHeadlines } from './attacked-headline.js';
import { attackedGroups, type AttackedGroup } from './attacked-networks.js';
import { comparedGroups, type ComparedGroup } from './compared-defenses.js';
import type { Benchmark } from './summary.js';

/** The results of attacks on the trained networks, ready to be drawn. */
export interface AttackModel {
  /** As they lie in the run's folder. */
  readonly results: AttackedRun;
  /** Networks that are drawn together. */
  readonly groups: readonly AttackedGroup[];
  /** Defences beside weight maps; empty for a run without defences. */
  readonly compared: readonly ComparedGroup[];
  /** A sentence for each dataset. */
  readonly headlines: readonly string[];
}

export function attackModel(results: AttackedRun, benchmarks: readonly Benchmark[]): AttackModel {
  const groups = attackedGroups(results, benchmarks);
  return { results, groups, compared: comparedGroups(groups), headlines: attackedHeadlines(groups) };
}
