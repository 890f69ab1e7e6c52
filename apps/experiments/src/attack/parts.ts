import { createHash } from 'node:crypto';
import path from 'node:path';
import { corruptions as benchmarks, type CorruptionBenchmark } from '@weightmap/attacks';
import { WeightmapError } from '@weightmap/core';
import manifestOfPackage from '../../package.json' with { type: 'json' };
import {
  canonicalJson,
  cellId,
  cellName,
  cellPaths,
  openEvaluationCache,
  type CellConfig,
  type EvaluationCache,
  type Manifest,
} from '@weightmap/records';
import { BATCH } from './network.js';
import { joinSlices, type AttackedBatches, type AttackedPoint } from './attacked-point.js';
import { heldOutCount } from './held-out-seeds.js';
import { strength as strengthText } from '@weightmap/report/text';
import { datasetLoader } from '../plugins/components.js';
import { MASKING_PASSES, passesOf, weightOf, type Passes } from './costs.js';
import type { AttackPlan, PlannedAttack, PlannedNetwork } from './plan.js';

/** About so many passes of images through a network make a part: seconds to minutes of work. */
const PASSES_OF_A_PART = 20_000;
/** Other networks whose images the masking check 12 tries. */
const SURROGATES = 2;

/** A network with its place in the run. */
export interface Target extends PlannedNetwork {
  readonly cell: CellConfig;
}

/** Which images, by their places in the subset. */
interface Slice {
  readonly from: number;
  readonly to: number;
}

/** What a part does. */
export type Task =
  | { readonly kind: 'clean' }
  | ({ readonly kind: 'attack'; readonly attack: PlannedAttack } & Slice)
  | { readonly kind: 'masking'; readonly epsilon: number; readonly surrogates: readonly Target[] }
  | { readonly kind: 'pictures'; readonly epsilon: number; readonly attacks: readonly PlannedAttack[] }
  | { readonly kind: 'corruption'; readonly id: string; readonly benchmark: CorruptionBenchmark }
  | ({ readonly kind: 'transfer'; readonly others: readonly Target[] } & Slice);

/** The least that is done by one process: a network, and some images under one attack at all its strengths, or the like. */
export interface AttackPart {
  /** In the order of the plan. */
  readonly index: number;
  readonly target: Target;
  readonly task: Task;
  /** For people. */
  readonly name: string;
  /** The folder of its result, in that of the network's cell. */
  readonly folder: string;
  /** Strengths, severities: what the result has an entry for. */
  readonly keys: readonly (string | number)[];
  /** All else that the result depends on, beside the weights. */
  readonly circumstances: object;
  /** At most, of all its images. */
  readonly passes: Passes;
  /** Of time: passes by the operations of one. */
  readonly units: number;
  /** Parts whose results it needs. */
  readonly after: readonly AttackPart[];
}

/** Whose severities suit images: those for gray ones or for colours. */
export const benchmarkFor = ({ channels }: { channels: number }): CorruptionBenchmark =>
  channels === 1 ? 'mnist-c' : 'cifar10-c';

/** Networks of a plan, with their cells. */
export function targetsOf({ networks }: AttackPlan, { cells }: Pick<Manifest, 'cells'>): Target[] {
  const byId = new Map(cells.map((cell) => [cellId(cell), cell]));
  return networks.map((network) => {
    const cell = byId.get(network.cellId);
    if (!cell)
      throw new WeightmapError('A network of the plan of attacks is no longer a cell of the run.', {
        where: network.cellId.slice(0, 12),
        fix: 'start the attacks again with `weightmap attack`',
      });
    return { ...network, cell };
  });
}

/** The images of a plan that a network is attacked with: no more than its test part has. */
export const imagesFor = ({ subset }: AttackPlan, { cell }: Target): number =>
  Math.min(subset.images, cell.dataset.test);

/** The parts of a plan, always the same and in the same order. */
export function partsOf(run: string, plan: AttackPlan, manifest: Pick<Manifest, 'cells'>): AttackPart[] {
  const parts: AttackPart[] = [];
  const targets = targetsOf(plan, manifest);
  const isGroup = (a: Target, b: Target) =>
    a.cell.dataset.id === b.cell.dataset.id && a.cell.trial === b.cell.trial;
  const add = (
    target: Target,
    task: Task,
    more: Pick<AttackPart, 'keys' | 'passes'> & {
      label: string;
      key: string;
      of?: object;
      after?: AttackPart[];
    },
  ): AttackPart => {
    const { cell, weights, flops } = target;
    const images = imagesFor(plan, target);
    const circumstances = {
      ...{ data: cell.dataset.checksum, seed: cell.seed, engine: plan.engine },
      ...{ subset: { images, seed: plan.subset.seed }, version: manifestOfPackage.version },
      ...more.of,
    };
    const id = createHash('sha256')
      .update(canonicalJson({ weights, ...circumstances }))
      .digest('hex');
    const part: AttackPart = {
      ...{ index: parts.length, target, task, circumstances, keys: more.keys, passes: more.passes },
      name: `${cellName(cell)}: ${more.label}`,
      folder: path.join(cellPaths(run, cell).folder, 'attacks', `${more.key}-${id.slice(0, 8)}`),
      units: weightOf(more.passes) * flops,
      after: more.after ?? [],
    };
    parts.push(part);
    return part;
  };

  for (const target of targets) {
    const count = imagesFor(plan, target);
    add(
      target,
      { kind: 'clean' },
      {
        ...{ label: 'without an attack', key: 'clean', keys: ['clean'] },
        ...{ of: { clean: true }, passes: { forwards: count, backwards: 0 } },
      },
    );
    const attacked: { attack: PlannedAttack; part: AttackPart }[] = [];
    for (const attack of attacksOn(plan, target)) {
      const one = passesOf(attack, 1);
      const batches = Math.max(1, Math.floor(PASSES_OF_A_PART / (one.forwards + one.backwards) / BATCH));
      for (let from = 0; from < count; from += batches * BATCH) {
        const to = Math.min(from + batches * BATCH, count);
        const { strengths, ...info } = attack;
        const all = passesOf(attack, strengths.length);
        const part = add(
          target,
          { kind: 'attack', attack, from, to },
          {
            label: `${attack.label}, images ${from + 1}–${to}`,
            key: `${attack.id}-${from + 1}-${to}`,
            keys: strengths,
            of: { attack: info, from, to, batch: BATCH, ...heldOutFor(attack.id, target) },
            passes: { forwards: all.forwards * (to - from), backwards: all.backwards * (to - from) },
          },
        );
        attacked.push({ attack, part });
      }
    }
    if (target.attacked && plan.masking) {
      const { epsilons } = datasetPlan(plan, target);
      const { images } = plan.masking;
      const looked = Math.min(images, count);
      const surrogates = targets
        .filter((other) => other !== target && isGroup(other, target))
        .slice(0, SURROGATES);
      for (const epsilon of epsilons)
        add(
          target,
          { kind: 'masking', epsilon, surrogates },
          {
            label: `signs of masking, ε = ${strengthText(epsilon)}`,
            key: `masking-${epsilon}`,
            keys: [epsilon],
            of: { masking: looked, surrogates: surrogates.map(({ weights }) => weights) },
            passes: {
              forwards: MASKING_PASSES.forwards * looked,
              backwards: MASKING_PASSES.backwards * looked,
            },
          },
        );
    }
    const { pictured: epsilon } = datasetPlan(plan, target);
    if (target.pictured && epsilon !== null) {
      const bounded = attacked.filter(
        ({ attack }) => attack.norm === 'linf' && attack.strengths.includes(epsilon),
      );
      const attacks = [...new Set(bounded.map(({ attack }) => attack))];
      if (attacks.length > 0)
        add(
          target,
          { kind: 'pictures', epsilon, attacks },
          {
            ...{
              label: 'pictures',
              key: 'pictures',
              keys: [epsilon],
              passes: { forwards: BATCH, backwards: BATCH },
            },
            of: { pictures: attacks.map(({ strengths: _, ...info }) => info) },
            after: bounded.map(({ part }) => part),
          },
        );
    }
    if (plan.corruptions) {
      const benchmark = benchmarkFor(datasetLoader(target.cell.dataset.id).spec);
      for (const [id, severities] of Object.entries(benchmarks[benchmark]))
        add(
          target,
          { kind: 'corruption', id, benchmark },
          {
            ...{ label: `corruption ${id}`, key: `corruption-${id}`, keys: severities },
            of: { corruption: id, batch: BATCH },
            passes: { forwards: severities.length * count, backwards: 0 },
          },
        );
    }
  }
  if (plan.transfer)
    for (const group of transferGroups(targets.filter(({ attacked }) => attacked)))
      for (const target of group) {
        const count = imagesFor(plan, target);
        const { epsilons } = datasetPlan(plan, target);
        const pgd = passesOf({ id: 'pgd', kind: 'fixed' }, epsilons.length);
        for (let from = 0; from < count; from += BATCH) {
          const to = Math.min(from + BATCH, count);
          add(
            target,
            { kind: 'transfer', others: group, from, to },
            {
              label: `transfer, images ${from + 1}–${to}`,
              key: `transfer-${from + 1}-${to}`,
              keys: epsilons,
              of: { transfer: group.map(({ weights }) => weights), from, to, batch: BATCH },
              passes: {
                forwards: (pgd.forwards + group.length * epsilons.length) * (to - from),
                backwards: pgd.backwards * (to - from),
              },
            },
          );
        }
      }
  return parts;
}

/** Of each dataset, the networks of the first trial: others were trained on other images. */
function transferGroups(targets: readonly Target[]): Target[][] {
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const { dataset, trial } = target.cell;
    const known = groups.get(dataset.id);
    if (!known || known[0].cell.trial > trial) groups.set(dataset.id, [target]);
    else if (known[0].cell.trial === trial) known.push(target);
  }
  return [...groups.values()];
}

const datasetPlan = ({ datasets }: AttackPlan, { cell }: Target) => datasets[cell.dataset.id];

/** The attacks of a plan on a network. */
export const attacksOn = (plan: AttackPlan, target: Target): readonly PlannedAttack[] =>
  target.attacked ? datasetPlan(plan, target).attacks : [];

const heldOutFor = (id: string, { cell }: Target) =>
  id === 'substitute' ? { heldOut: heldOutCount(cell.dataset.validation) } : {};

/** Where the results of a part are kept. */
export const cacheOf = ({ folder, target }: AttackPart): EvaluationCache =>
  openEvaluationCache(folder, target.weights);

/** The results of a part, one for each of its keys; null if one is missing. */
export const resultsOf = <Value>(part: AttackPart): Promise<Value[] | null> =>
  cacheOf(part).known<Value>('result', part.circumstances, part.keys);

/** The attacks of some finished parts, their slices put together. */
export async function attackedPoints(
  parts: readonly AttackPart[],
): Promise<{ id: string; points: AttackedPoint[] }[]> {
  const slices = new Map<string, AttackedBatches[][]>();
  for (const part of parts) {
    if (part.task.kind !== 'attack') continue;
    const { id } = part.task.attack;
    const found = (await resultsOf<AttackedBatches>(part))!;
    slices.set(id, [...(slices.get(id) ?? []), found]);
  }
  return [...slices].map(([id, all]) => ({
    id,
    points: all[0].map((_, i) => joinSlices(all.map((slice) => slice[i]))),
  }));
}
