import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createAttack } from '@weightmap/attacks';
import { WeightmapError } from '@weightmap/core';
import { confine, readIfThereSync } from '@weightmap/core/files';
import {
  cellId,
  cellName,
  cellPaths,
  readCellRecord,
  type CellConfig,
  type Manifest,
} from '@weightmap/records';
import { list } from '@weightmap/report/text';
import { selects } from '../plan/grid.js';
import { trainingGradients } from '../plan/training-gradients.js';
import {
  attackFactories,
  attackOrigin,
  datasetLoader,
  findDefense,
  needsPluginData,
} from '../plugins/components.js';
import { storePlugins } from '../plugins/stored-plugins.js';
import { strengthsFor, type ChosenAttack } from './choice.js';
import { baselinesOf } from './corruptions.js';
import { membersOf } from './_ensemble.js';
import { heldOutCount } from './held-out-seeds.js';
import { picturedStrength } from './pictures.js';
import type { AttackPlan, PlannedAttack, PlannedNetwork } from './plan.js';

export interface AttackPlanOptions {
  readonly chosen: readonly ChosenAttack[];
  /** Strengths of the attacks on L∞ that have none of their own. */
  readonly epsilons?: readonly number[];
  /** Whether these are the default attacks: then those that suit no dataset are left out instead of refused. */
  readonly isDefault: boolean;
  /** Variants: ids or globs. */
  readonly select: readonly string[];
  /** Test images of each network. */
  readonly images: number;
  /** Images of single attacks, where they get fewer, by their ids. */
  readonly attackImages?: ReadonlyMap<string, number>;
  /** 0 for no masking checks. */
  readonly maskingImages: number;
  readonly transfer: boolean;
  /** Whether a network with a defence is attacked by the attacks that know it, too. Default: true. */
  readonly adaptive?: boolean;
  /** The baseline of the corruptions: null for no corruptions, undefined for the first network. */
  readonly baseline: string | null | undefined;
  readonly engine: string;
  readonly onNote: (note: string) => void;
}

/**
 * Plans a campaign: which networks, attacked how, and at which strengths.
 *
 * @throws WeightmapError if no network is trained, weights are missing, or an attack, transfer or baseline isn't possible.
 */
export async function planAttacks(
  run: string,
  manifest: Manifest,
  {
    chosen,
    epsilons,
    isDefault,
    select,
    images,
    attackImages = new Map(),
    maskingImages,
    transfer,
    adaptive = true,
    baseline,
    engine,
    onNote,
  }: AttackPlanOptions,
): Promise<AttackPlan> {
  const trained: CellConfig[] = [];
  for (const cell of manifest.cells) if (await readCellRecord(run, cell)) trained.push(cell);
  const isSelected = selects(select);
  const attacked = trained.filter(({ variant }) => isSelected(variant));
  if (attacked.length === 0)
    throw new WeightmapError('There is no trained network to attack.', {
      where: run,
      expected: `a finished cell that --select ${select.join(',')} matches`,
      fix: '`weightmap status` shows which cells are done',
    });
  const baselines =
    baseline === null ? null : baselinesOf(attacked, trained, baseline ?? attacked[0].variant);
  const cells = [...new Set([...attacked, ...(baselines?.values() ?? [])])];
  const hasDefences = attacked.some(({ defense }) => defense);
  const networks: PlannedNetwork[] = [];
  for (const cell of cells) {
    const { flops, parameters } = (await readCellRecord(run, cell))!;
    networks.push({
      cellId: cellId(cell),
      weights: weightsDigest(run, cell),
      classes: datasetLoader(cell.dataset.id).spec.classes.length,
      // Only the shares of time are estimated from it.
      flops: flops?.executed ?? 2 * parameters,
      attacked: attacked.includes(cell),
      pictured: attacked.includes(cell) && isFirstTrial(cell, attacked),
      ...(adaptive && attacked.includes(cell) && adaptiveAttacks(cell, { chosen, epsilons, attackImages })),
      ...(attacked.includes(cell) && hasDefences && scoredBy(cell)),
    });
  }
  const datasets: AttackPlan['datasets'] = {};
  const tooFew = new Map<ChosenAttack, CellConfig['dataset'][]>();
  for (const { dataset } of cells) {
    if (datasets[dataset.id]) continue;
    const { spec } = datasetLoader(dataset.id);
    const suitable = chosen.filter((one) => {
      const { leastClasses = 2 } = one.attack;
      if (spec.classes.length >= leastClasses) return true;
      tooFew.set(one, [...(tooFew.get(one) ?? []), dataset]);
      return false;
    });
    if (suitable.some(({ attack }) => attack.id === 'substitute')) checkHeldOut(dataset);
    const planned = suitable.map((one) =>
      plannedAttack(one, strengthsFor(one, spec, epsilons), attackImages),
    );
    const radii = planned
      .filter(({ norm, kind }) => norm === 'linf' && kind !== 'noise')
      .flatMap(({ strengths }) => strengths.filter((epsilon) => epsilon > 0));
    const onLinf = [...new Set(radii)].sort((a, b) => a - b);
    datasets[dataset.id] = {
      attacks: planned,
      epsilons: onLinf,
      pictured: picturedStrength(onLinf),
      ...(needsPluginData({ dataset }) && { channels: spec.channels }),
    };
  }
  leaveOut(tooFew, { all: Object.keys(datasets).length, isDefault, onNote });
  checkAttackImages(attackImages, images, [
    ...Object.values(datasets).flatMap(({ attacks }) => attacks),
    ...networks.flatMap((network) => network.adaptive ?? []),
  ]);
  if (transfer && Object.values(datasets).every((dataset) => dataset.epsilons.length === 0))
    throw new WeightmapError('Transfer needs an attack on L∞.', {
      where: '--transfer',
      expected: 'one of --attacks with a strength on L∞, such as pgd',
    });
  return {
    schemaVersion: 1,
    subset: { images, seed: manifest.data.seed },
    engine,
    datasets,
    networks,
    transfer,
    ...(hasDefences && { static: staticAttack() }),
    masking: maskingImages > 0 ? { images: maskingImages } : null,
    corruptions: baselines && { baseline: baseline ?? attacked[0].variant },
    ...storePlugins(run),
  };
}

/**
 * The attacks that know the defence of a cell and are not chosen already, at the strengths of the campaign. Those that another one
 * consists of are left out, where it runs on as many images at the same strengths: they would only repeat it.
 */
function adaptiveAttacks(
  { defense, dataset }: CellConfig,
  {
    chosen,
    epsilons,
    attackImages,
  }: Pick<AttackPlanOptions, 'chosen' | 'epsilons'> & { attackImages: ReadonlyMap<string, number> },
): Pick<PlannedNetwork, 'adaptive'> {
  if (!defense) return {};
  const { spec } = datasetLoader(dataset.id);
  const factories = attackFactories();
  const ids = [...new Set(findDefense(defense.id).adaptive.map(({ attack }) => attack))];
  const planned = (one: ChosenAttack) => plannedAttack(one, strengthsFor(one, spec, epsilons), attackImages);
  const known = ids
    .filter((id) => Object.hasOwn(factories, id) && !chosen.some(({ attack }) => attack.id === id))
    .map((id) => factories[id]())
    .filter(({ leastClasses = 2 }) => spec.classes.length >= leastClasses)
    .map((attack) => planned({ attack }));
  const all = [...chosen.map(planned), ...known];
  const adaptive = known.filter(
    (attack) => !all.some((other) => repeats(attack, other, spec.classes.length)),
  );
  return adaptive.length > 0 ? { adaptive } : {};
}

/** Whether an attack is one of those that another consists of, which has as many images and all its strengths. */
const repeats = (attack: PlannedAttack, other: PlannedAttack, classes: number): boolean =>
  membersOf(other.id, classes).includes(attack.id) &&
  (other.images ?? Infinity) >= (attack.images ?? Infinity) &&
  attack.strengths.every((strength) => other.strengths.includes(strength));

/** @throws WeightmapError if an attack isn't among those of the campaign, or would get more images than the campaign has. */
function checkAttackImages(
  attackImages: ReadonlyMap<string, number>,
  images: number,
  planned: readonly PlannedAttack[],
): void {
  const ids = [...new Set(planned.map(({ id }) => id))];
  for (const [id, count] of attackImages) {
    if (!ids.includes(id))
      throw new WeightmapError(`${id} is not among the attacks of this campaign.`, {
        where: `--attack-images ${id}=${count}`,
        expected: `one of ${ids.join(', ')}`,
        fix: `leave it out, or add ${id} to --attacks`,
      });
    if (count > images)
      throw new WeightmapError(`${id} can't have more images than the campaign.`, {
        where: `--attack-images ${id}=${count}`,
        expected: `at most ${images}, the number of --images`,
      });
  }
}

/** The attack of the articles: what a defence is scored by beside the attacks that know it. */
function staticAttack(): AttackPlan['static'] {
  const { id, label } = createAttack('fgsm');
  return { id, label };
}

/** What a network of a run with defences is scored by: results are collected without the plugins that it is from. */
function scoredBy(cell: CellConfig): Pick<PlannedNetwork, 'rejects' | 'trainingGradients' | 'withstands'> {
  const row = cell.defense && findDefense(cell.defense.id);
  return {
    trainingGradients: trainingGradients(cell),
    ...(row && { withstands: [...new Set(row.adaptive.map(({ attack }) => attack))] }),
    ...(row?.kinds.includes('reject') && { rejects: true }),
  };
}

/** An attack at its strengths, as a plan lists it. */
export const plannedAttack = (
  { attack }: ChosenAttack,
  strengths: number[],
  attackImages: ReadonlyMap<string, number> = new Map(),
): PlannedAttack => ({
  id: attack.id,
  label: attack.label,
  kind: attack.kind,
  strength: attack.strengthUnit,
  norm: attack.norm,
  source: attack.source,
  strengths,
  ...(attackImages.has(attack.id) && { images: attackImages.get(attack.id)! }),
  ...attackOrigin(attack.id),
});

/**
 * Notes which attacks are left out because a dataset has too few classes.
 *
 * @throws WeightmapError if an attack that was requested suits no dataset.
 */
function leaveOut(
  tooFew: ReadonlyMap<ChosenAttack, readonly CellConfig['dataset'][]>,
  { all, isDefault, onNote }: Pick<AttackPlanOptions, 'isDefault' | 'onNote'> & { all: number },
): void {
  for (const [{ attack }, datasets] of tooFew) {
    const { id, leastClasses = 2 } = attack;
    const there = list(
      datasets.map(({ id: dataset, label }) => `${label} has ${datasetLoader(dataset).spec.classes.length}`),
    );
    const why = `${id} needs at least ${leastClasses} classes; ${there}`;
    if (!isDefault && datasets.length === all)
      throw new WeightmapError(`An attack needs more classes: ${why}.`, {
        where: '--attacks',
        fix: `leave ${id} out`,
      });
    onNote(`left out: ${why}`);
  }
}

function checkHeldOut(dataset: CellConfig['dataset']): void {
  if (heldOutCount(dataset.validation) === 0)
    throw new WeightmapError('There are no held-out images for a substitute model.', {
      where: `the validation part of ${dataset.label}`,
      fix: 'leave substitute out of --attacks',
    });
}

/** SHA-256 over the files of a network's weights. */
function weightsDigest(run: string, cell: CellConfig): string {
  const weights = confine(run, cellPaths(run, cell).weights);
  const names = existsSync(weights) ? readdirSync(weights).filter((name) => !name.endsWith('.partial')) : [];
  if (names.length === 0)
    throw new WeightmapError(`The weights of ${cellName(cell)} are missing.`, {
      where: weights,
      fix: 'restore the folder; or delete the folder of the cell and train it again with `weightmap run`; or leave it out with --select',
    });
  const hash = createHash('sha256');
  for (const name of names.sort())
    hash.update(name).update(readIfThereSync(path.join(weights, name), { within: weights }) ?? '');
  return hash.digest('hex');
}

const isFirstTrial = (cell: CellConfig, cells: readonly CellConfig[]): boolean =>
  !cells.some(
    ({ variant, dataset, trial }) =>
      variant === cell.variant && dataset.id === cell.dataset.id && trial < cell.trial,
  );
