import { WeightmapError } from '@weightmap/core';
import type { CorruptionErrors } from '@weightmap/metrics';
import { readManifest, writeAttackedRun, type AttackedRun } from '@weightmap/records';
import { count } from '@weightmap/report/text';
import { removeDeadLeases } from '../leases/lease.js';
import { baselinesOf, compareCorrupted } from './corruptions.js';
import { attackedPoints, cacheOf, resultsOf } from './part-results.js';
import { isGivenUp, watchParts } from './part-states.js';
import { partsOf, type AttackPart } from './parts.js';
import type { StoredPictures } from './pictures.js';
import { readAttackPlan, type AttackPlan } from './plan.js';
import type { CleanScores } from './rejection.js';
import { summariseAttacks, type StoredMasking } from './summary.js';
import { attacksOn, imagesFor, targetsOf, type Target } from './targets.js';

/** The results of a campaign. */
export interface Collected {
  readonly attacked: AttackedRun;
  readonly plan: AttackPlan;
  /** Results that could not be computed, and why. */
  readonly notes: readonly string[];
  readonly file: string;
}

/**
 * Writes `attacks.json` from the results of all parts: the same parts always give the same bytes. Parts that failed are left
 * out and listed.
 *
 * @param partial whether parts may still be to be done: an attack that lacks some of its images then counts as not run.
 * @returns null if the run has no plan of attacks, or if parts are still to be done that must not be.
 * @throws WeightmapError if parts may still be to be done, and no network is finished without an attack.
 */
export async function collectAttacks(run: string, { partial = false } = {}): Promise<Collected | null> {
  const plan = await readAttackPlan(run);
  if (!plan) return null;
  const manifest = await readManifest(run);
  const parts = partsOf(run, plan, manifest);
  const unfinished = await watchParts(run, parts).unfinished();
  if (!partial && !unfinished.every(isGivenUp)) return null;
  const lacking = new Set(unfinished);
  // Processes that were killed after they had written the result leave these behind.
  for (const part of parts) {
    await removeDeadLeases(part.folder);
    await cacheOf(part).forget('turns');
  }
  const targets = targetsOf(plan, manifest);
  const attacked: AttackedRun = {
    schemaVersion: 2,
    images: plan.subset.images,
    subsetSeed: plan.subset.seed,
    cells: [],
    transfer: await transferOf(plan, parts, lacking),
  };
  for (const target of targets) {
    const own = parts.filter((part) => part.target.cellId === target.cellId);
    const summary = target.attacked && (await summaryOf(plan, target, own, lacking));
    if (summary) attacked.cells.push(summary);
  }
  if (partial && attacked.cells.length === 0)
    throw new WeightmapError('Nothing of the campaign is finished: there are no results to write.', {
      where: run,
      fix: 'start it without --collect',
    });
  const notes: string[] = [];
  const open = unfinished.filter((part) => !isGivenUp(part)).length;
  if (open > 0)
    notes.push(
      `${count(open, 'part')} of ${parts.length} ${open === 1 ? 'is' : 'are'} not done: what they would have measured counts as not run`,
    );
  try {
    const corruptions = await corruptedOf(plan, targets, parts, lacking);
    if (corruptions) attacked.corruptions = corruptions;
  } catch (error) {
    // For example a baseline without any error on a few images. The attacks are valid all the same.
    if (!(error instanceof WeightmapError)) throw error;
    notes.push(`mean corruption errors are left out: ${error.message}`);
  }
  return { attacked, plan, notes, file: await writeAttackedRun(run, attacked) };
}

async function summaryOf(
  plan: AttackPlan,
  target: Target,
  parts: readonly AttackPart[],
  lacking: ReadonlySet<AttackPart>,
) {
  const [clean] = parts.filter(({ task }) => task.kind === 'clean');
  if (lacking.has(clean)) return null;
  const slices = (id: string) => parts.filter(({ task }) => task.kind === 'attack' && task.attack.id === id);
  const attacks = [];
  const withoutWorst: string[] = [];
  for (const attack of attacksOn(plan, target)) {
    const own = slices(attack.id);
    if (!own.some((part) => lacking.has(part)))
      attacks.push({ attack, points: (await attackedPoints(own))[0].points });
    // The worst case is not that of the attacks that are left if one of them failed.
    else if (attack.norm && own.some((part) => lacking.has(part) && isGivenUp(part)))
      withoutWorst.push(attack.norm);
  }
  const finished = (kind: 'static' | 'rejection') => {
    const own = parts.filter(({ task }) => task.kind === kind);
    return own.some((part) => lacking.has(part)) ? [] : own;
  };
  const [made] = await attackedPoints(finished('static'));
  const [rejection] = finished('rejection');
  const looks = parts.filter((part) => part.task.kind === 'masking' && !lacking.has(part));
  const [pictured] = parts.filter((part) => part.task.kind === 'pictures' && !lacking.has(part));
  return summariseAttacks(target.cell, {
    clean: (await resultsOf<string>(clean))![0],
    classes: target.classes,
    attacks,
    withoutWorst,
    ...(made && { static: { ...plan.static!, points: made.points } }),
    ...(rejection && { rejection: (await resultsOf<CleanScores | null>(rejection))![0] }),
    ...{ cost: target.trainingGradients, withstands: target.withstands },
    masking:
      plan.masking &&
      (await Promise.all(looks.map(async (part) => (await resultsOf<StoredMasking>(part))![0]))),
    pictures: pictured ? (await resultsOf<StoredPictures>(pictured))![0] : null,
    failed: parts.filter((part) => lacking.has(part) && isGivenUp(part)).map(({ name }) => name),
  });
}

async function transferOf(
  plan: AttackPlan,
  parts: readonly AttackPart[],
  lacking: ReadonlySet<AttackPart>,
): Promise<AttackedRun['transfer']> {
  if (!plan.transfer) return null;
  const found: NonNullable<AttackedRun['transfer']> = [];
  const own = parts.filter(({ task }) => task.kind === 'transfer');
  for (const dataset of new Set(own.map(({ target }) => target.cell.dataset.id))) {
    const here = own.filter(({ target }) => target.cell.dataset.id === dataset);
    if (here.some((part) => lacking.has(part))) continue;
    const images = imagesFor(plan, here[0].target);
    const right = await Promise.all(here.map(async (part) => (await resultsOf<number[]>(part))!));
    for (const [i, epsilon] of plan.datasets[dataset].epsilons.entries()) {
      const pairs = new Map<string, { from: string; to: string; count: number }>();
      here.forEach(({ target, task }, k) => {
        if (task.kind !== 'transfer') return;
        task.others.forEach(({ cell }, j) => {
          const [from, to] = [target.cell.variant, cell.variant];
          const count = (pairs.get(`${from} ${to}`)?.count ?? 0) + right[k][i][j];
          pairs.set(`${from} ${to}`, { from, to, count });
        });
      });
      found.push({
        dataset,
        epsilon,
        images,
        pairs: [...pairs.values()].map(({ from, to, count }) => ({
          from,
          to,
          accuracyPercent: (100 * count) / images,
        })),
      });
    }
  }
  return found;
}

async function corruptedOf(
  { corruptions, subset }: AttackPlan,
  targets: readonly Target[],
  parts: readonly AttackPart[],
  lacking: ReadonlySet<AttackPart>,
): Promise<AttackedRun['corruptions']> {
  if (!corruptions) return undefined;
  const errors: Parameters<typeof compareCorrupted>[1] = new Map();
  for (const { cellId, cell } of targets) {
    const own = parts.filter(
      ({ target, task }) => target.cellId === cellId && ['clean', 'corruption'].includes(task.kind),
    );
    if (own.some((part) => lacking.has(part))) return undefined;
    const corrupted: Record<string, readonly number[]> = {};
    let clean = 0;
    let benchmark = '';
    for (const part of own) {
      if (part.task.kind === 'corruption') {
        benchmark = part.task.benchmark;
        corrupted[part.task.id] = (await resultsOf<number>(part))!;
      } else {
        const [flags] = (await resultsOf<string>(part))!;
        clean = (100 * [...flags].filter((flag) => flag === '1').length) / flags.length;
      }
    }
    errors.set(cell, { benchmark, errors: { clean, corrupted } satisfies CorruptionErrors });
  }
  const { baseline } = corruptions;
  const chosen = targets.filter(({ attacked }) => attacked).map(({ cell }) => cell);
  const baselines = baselinesOf(
    chosen,
    targets.map(({ cell }) => cell),
    baseline,
  );
  return compareCorrupted(baselines, errors, { baseline, images: subset.images });
}
