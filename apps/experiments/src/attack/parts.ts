import { createHash } from 'node:crypto';
import path from 'node:path';
import { confine } from '@weightmap/core/files';
import { canonicalJson, cellName, cellPaths, type Manifest } from '@weightmap/records';
import manifestOfPackage from '../../package.json' with { type: 'json' };
import {
  attackTasks,
  cleanTask,
  corruptionTasks,
  maskingTasks,
  picturesTask,
  rejectionTasks,
  staticTasks,
  transferTasks,
  type PlannedTask,
  type Task,
} from './_tasks.js';
import { weightOf, type Passes } from './costs.js';
import type { AttackPlan } from './plan.js';
import { imagesFor, targetsOf, type Target } from './targets.js';

/** The unit of work of one process: a network and some images under one attack at all its strengths, or the like. */
export interface AttackPart {
  /** In the order of the plan. */
  readonly index: number;
  readonly target: Target;
  readonly task: Task;
  /** For people. */
  readonly name: string;
  /** The folder of its result, in that of the network's cell. */
  readonly folder: string;
  /** Strengths or severities: the result has an entry for each. */
  readonly keys: readonly (string | number)[];
  /** Everything that the result depends on, besides the weights. */
  readonly circumstances: object;
  /** An upper bound, over all its images. */
  readonly passes: Passes;
  /** A measure of its time: passes × the operations of one. */
  readonly units: number;
  /** Parts whose results it needs. */
  readonly after: readonly AttackPart[];
}

/**
 * The parts of a plan. The same plan always has the same parts in the same order.
 *
 * @throws WeightmapError if the folder of one is a link out of the run.
 */
export function partsOf(run: string, plan: AttackPlan, manifest: Pick<Manifest, 'cells'>): AttackPart[] {
  const parts: AttackPart[] = [];
  const targets = targetsOf(plan, manifest);
  const add = (target: Target, planned: PlannedTask, after: readonly AttackPart[] = []): AttackPart => {
    const part = { ...placed(run, plan, target, planned), index: parts.length, after };
    parts.push(part);
    return part;
  };
  for (const target of targets) {
    add(target, cleanTask(plan, target));
    const attacks = attackTasks(plan, target).map((planned) => add(target, planned));
    for (const planned of [...staticTasks(plan, target), ...rejectionTasks(plan, target)])
      add(target, planned);
    for (const planned of maskingTasks(plan, target, targets)) add(target, planned);
    const pictures = picturesTask(plan, target);
    if (pictures)
      add(
        target,
        pictures,
        attacks.filter(({ task }) => task.kind === 'attack' && pictures.task.attacks.includes(task.attack)),
      );
    for (const planned of corruptionTasks(plan, target)) add(target, planned);
  }
  if (plan.transfer)
    for (const group of transferGroups(targets.filter(({ attacked }) => attacked)))
      for (const target of group)
        for (const planned of transferTasks(plan, target, group)) add(target, planned);
  return parts;
}

function placed(
  run: string,
  plan: AttackPlan,
  target: Target,
  { task, label, key, keys, circumstances: own, passes }: PlannedTask,
): Omit<AttackPart, 'index' | 'after'> {
  const { cell, weights, flops } = target;
  // An attack's default parameters are part of the program: its version covers them, a plugin's digest those of plugins.
  const circumstances = {
    data: cell.dataset.checksum,
    seed: cell.seed,
    defense: cell.defense,
    engine: plan.engine,
    subset: { images: imagesFor(plan, target), seed: plan.subset.seed },
    version: manifestOfPackage.version,
    ...own,
  };
  const id = createHash('sha256')
    .update(canonicalJson({ weights, ...circumstances }))
    .digest('hex');
  return {
    target,
    task,
    name: `${cellName(cell)}: ${label}`,
    folder: folderIn(run, path.join(cellPaths(run, cell).folder, 'attacks', `${key}-${id.slice(0, 8)}`)),
    keys,
    circumstances,
    passes,
    units: weightOf(passes) * flops,
  };
}

/** A folder of the run. @throws WeightmapError if a link leads elsewhere. */
function folderIn(run: string, folder: string): string {
  confine(run, folder);
  return folder;
}

/** The networks of each dataset's first trial. Other trials were trained on other images. */
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
