import { corruptions as benchmarks, type CorruptionBenchmark } from '@weightmap/attacks';
import type { AttackInfo } from '@weightmap/core';
import { strength as strengthText } from '@weightmap/report/text';
import { datasetLoader } from '../plugins/components.js';
import { MASKING_PASSES, passesOf, type Passes } from './costs.js';
import { heldOutCount } from './held-out-seeds.js';
import { BATCH } from './network.js';
import type { AttackPlan, PlannedAttack } from './plan.js';
import { FALSE_POSITIVES } from './rejection.js';
import { attacksOn, datasetPlan, imagesFor, networkKey, type Target } from './targets.js';

/** Passes of images through a network in a part, about: seconds to minutes of work. */
const PASSES_OF_A_PART = 20_000;
/** Other networks whose images the masking check of transfer uses. */
const SURROGATES = 2;

/** Some images, by their positions in the subset. */
interface Slice {
  readonly from: number;
  readonly to: number;
}

/** What a part does. */
export type Task =
  | { readonly kind: 'clean' }
  /** How suspicious clean images are to a network that may abstain. */
  | { readonly kind: 'rejection' }
  /** The attack of somebody who doesn't know the network's defence. */
  | ({ readonly kind: 'static'; readonly id: string } & Slice)
  | ({ readonly kind: 'attack'; readonly attack: PlannedAttack } & Slice)
  | { readonly kind: 'masking'; readonly epsilon: number; readonly surrogates: readonly Target[] }
  | { readonly kind: 'pictures'; readonly epsilon: number; readonly attacks: readonly PlannedAttack[] }
  | { readonly kind: 'corruption'; readonly id: string; readonly benchmark: CorruptionBenchmark }
  | ({ readonly kind: 'transfer'; readonly others: readonly Target[] } & Slice);

/** A part, before it has a place in the run. */
export interface PlannedTask<Done extends Task = Task> {
  readonly task: Done;
  /** For people. */
  readonly label: string;
  /** Begins the name of its folder. */
  readonly key: string;
  /** Strengths or severities: the result has an entry for each. */
  readonly keys: readonly (string | number)[];
  /** What the result depends on, besides the network, its data and the program. */
  readonly circumstances: object;
  /** An upper bound, over all its images. */
  readonly passes: Passes;
}

/** The error of a network without an attack. */
export const cleanTask = (plan: AttackPlan, target: Target): PlannedTask => ({
  task: { kind: 'clean' },
  label: 'without an attack',
  key: 'clean',
  keys: ['clean'],
  circumstances: { clean: true },
  passes: { forwards: imagesFor(plan, target), backwards: 0 },
});

/** Each attack on a network, cut into slices of its images. */
export const attackTasks = (plan: AttackPlan, target: Target): PlannedTask[] =>
  attacksOn(plan, target).flatMap((attack) => {
    const { strengths, images: _, ...info } = attack;
    const heldOut = attack.id === 'substitute' && { heldOut: heldOutCount(target.cell.dataset.validation) };
    return partsOfAttack(plan, target, attack).map(({ from, to }) => ({
      task: { kind: 'attack', attack, from, to },
      label: `${attack.label}, images ${from + 1}–${to}`,
      key: `${attack.id}-${from + 1}-${to}`,
      keys: strengths,
      circumstances: { attack: info, from, to, batch: BATCH, ...heldOut, ...scored(target) },
      passes: times(to - from, passesOf(attack, strengths.length)),
    }));
  });

/** What tells the scored images of a network that may abstain from those of earlier versions, which were not scored. */
const scored = ({ rejects }: Target) => rejects && { scored: true };

/** The attack of somebody who doesn't know the network's defence, at each strength on L∞. */
export function staticTasks(plan: AttackPlan, target: Target): PlannedTask[] {
  const { epsilons } = datasetPlan(plan, target);
  const { static: attack } = plan;
  if (!target.attacked || !attack || epsilons.length === 0) return [];
  const { id } = attack;
  return partsOfAttack(plan, target, { id, kind: 'fixed' }).map(({ from, to }) => ({
    task: { kind: 'static', id, from, to },
    label: `static ${attack.label}, images ${from + 1}–${to}`,
    key: `static-${id}-${from + 1}-${to}`,
    keys: epsilons,
    circumstances: { static: id, from, to, batch: BATCH, ...scored(target) },
    passes: times(to - from, passesOf({ id, kind: 'fixed' }, epsilons.length)),
  }));
}

/** Sets the thresholds of a network that may abstain, and scores its clean images. */
export const rejectionTasks = (plan: AttackPlan, target: Target): PlannedTask[] => {
  if (!target.rejects) return [];
  const { validation } = target.cell.dataset;
  return [
    {
      task: { kind: 'rejection' },
      label: 'thresholds of the rejection',
      key: 'rejection',
      keys: ['rejection'],
      circumstances: { rejection: FALSE_POSITIVES },
      passes: { forwards: imagesFor(plan, target) + validation, backwards: 0 },
    },
  ];
};

function partsOfAttack(
  plan: AttackPlan,
  target: Target,
  attack: Pick<AttackInfo, 'id' | 'kind'> & Pick<PlannedAttack, 'images'>,
): Slice[] {
  const { forwards, backwards } = passesOf(attack, 1);
  const batches = Math.max(1, Math.floor(PASSES_OF_A_PART / (forwards + backwards) / BATCH));
  return slices(Math.min(attack.images ?? Infinity, imagesFor(plan, target)), batches * BATCH);
}

/** The checks for gradient masking, at each strength on L∞. */
export function maskingTasks(plan: AttackPlan, target: Target, targets: readonly Target[]): PlannedTask[] {
  if (!target.attacked || !plan.masking) return [];
  const images = Math.min(plan.masking.images, imagesFor(plan, target));
  const { dataset, trial } = target.cell;
  const surrogates = targets
    .filter((other) => other !== target && other.cell.dataset.id === dataset.id && other.cell.trial === trial)
    .slice(0, SURROGATES);
  return datasetPlan(plan, target).epsilons.map((epsilon) => ({
    task: { kind: 'masking', epsilon, surrogates },
    label: `signs of masking, ε = ${strengthText(epsilon)}`,
    key: `masking-${epsilon}`,
    keys: [epsilon],
    circumstances: { masking: images, surrogates: surrogates.map(networkKey) },
    passes: times(images, MASKING_PASSES),
  }));
}

type PicturesTask = Extract<Task, { kind: 'pictures' }>;

/** Pictures of a network under the strongest of its attacks on L∞; null if there are none to draw. */
export function picturesTask(plan: AttackPlan, target: Target): PlannedTask<PicturesTask> | null {
  const { pictured: epsilon } = datasetPlan(plan, target);
  if (!target.pictured || epsilon === null) return null;
  const attacks = attacksOn(plan, target).filter(
    ({ norm, strengths }) => norm === 'linf' && strengths.includes(epsilon),
  );
  if (attacks.length === 0) return null;
  return {
    task: { kind: 'pictures', epsilon, attacks },
    label: 'pictures',
    key: 'pictures',
    keys: [epsilon],
    circumstances: { pictures: attacks.map(({ strengths: _, images: _all, ...info }) => info) },
    passes: { forwards: BATCH, backwards: BATCH },
  };
}

/** Every corruption of the benchmark for gray or for colour images. */
export function corruptionTasks(plan: AttackPlan, target: Target): PlannedTask[] {
  if (!plan.corruptions) return [];
  const channels = datasetPlan(plan, target).channels ?? datasetLoader(target.cell.dataset.id).spec.channels;
  const benchmark = channels === 1 ? 'mnist-c' : 'cifar10-c';
  return Object.entries(benchmarks[benchmark]).map(([id, severities]) => ({
    task: { kind: 'corruption', id, benchmark },
    label: `corruption ${id}`,
    key: `corruption-${id}`,
    keys: severities,
    circumstances: { corruption: id, batch: BATCH },
    passes: { forwards: severities.length * imagesFor(plan, target), backwards: 0 },
  }));
}

/** Images made with PGD against a network and shown to all networks of its group. */
export function transferTasks(plan: AttackPlan, target: Target, group: readonly Target[]): PlannedTask[] {
  const { epsilons } = datasetPlan(plan, target);
  const { forwards, backwards } = passesOf({ id: 'pgd', kind: 'fixed' }, epsilons.length);
  return slices(imagesFor(plan, target), BATCH).map(({ from, to }) => ({
    task: { kind: 'transfer', others: group, from, to },
    label: `transfer, images ${from + 1}–${to}`,
    key: `transfer-${from + 1}-${to}`,
    keys: epsilons,
    circumstances: { transfer: group.map(networkKey), from, to, batch: BATCH },
    passes: times(to - from, { forwards: forwards + group.length * epsilons.length, backwards }),
  }));
}

const slices = (count: number, size: number): Slice[] =>
  Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    from: i * size,
    to: Math.min((i + 1) * size, count),
  }));

const times = (images: number, { forwards, backwards }: Passes): Passes => ({
  forwards: images * forwards,
  backwards: images * backwards,
});
