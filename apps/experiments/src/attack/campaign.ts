import path from 'node:path';
import type { AttackId } from '@weightmap/attacks';
import { startEngine } from '@weightmap/engine';
import { readManifest, readRun, type CellConfig, type Manifest } from '@weightmap/records';
import { attackTable, corruptionTable, writeReport } from '@weightmap/report';
import { count } from '@weightmap/report/text';
import colours from 'picocolors';
import { displayStream } from '../launchers/display-stream.js';
import { defaultWorkers } from '../launchers/cores.js';
import { checkLauncherChoice } from '../launchers/check-choice.js';
import { launchers } from '../launchers/index.js';
import { selects } from '../plan/grid.js';
import type { LauncherChoice } from '../plan/run-options.js';
import { attackFactories, isFromPlugin, needsPluginData } from '../plugins/components.js';
import { pluginWords, useAllowedPlugins, usePlugins, usePluginsFor } from '../plugins/stored-plugins.js';
import { startDisplay, type Display } from '../terminal/display.js';
import { EXIT } from '../terminal/exit-codes.js';
import { commandLine, shellWord } from '../terminal/shell-word.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { chooseAttacks, type AttackWish } from './choice.js';
import { attackDryRun } from './dry-run.js';
import { partFailure, watchParts } from './part-states.js';
import { partsOf, type AttackPart } from './parts.js';
import { planAttacks } from './plan-campaign.js';
import { readAttackPlan, writeAttackPlan, type AttackPlan } from './plan.js';
import { collectAttacks } from './results.js';
import { attackWork } from './work.js';
import { fillCommand } from '../plan/fill-command.js';
import { printJson } from '../terminal/output.js';

/** The attacks of a campaign that names none. */
export const DEFAULT_ATTACKS: readonly AttackId[] = ['fgsm', 'bim', 'pgd', 'apgd-ce', 'apgd-dlr'];

export interface CampaignOptions extends LauncherChoice {
  readonly attacks?: readonly AttackWish[];
  /** Modules with attacks of the user. */
  readonly plugins?: readonly string[];
  /** Strengths of the attacks on L∞ that have none of their own. */
  readonly epsilons?: readonly number[];
  /** Test images of each network. */
  readonly images: number;
  /** Images of single attacks, where they get fewer, by their ids. */
  readonly attackImages?: ReadonlyMap<string, number>;
  /** Images of the masking checks; 0 for no checks. */
  readonly masking: number;
  /** Variants: ids or globs. */
  readonly select: readonly string[];
  readonly transfer?: boolean;
  /** Whether defended networks are attacked by the attacks that know their defence, too. Default: true. */
  readonly adaptive?: boolean;
  readonly corruptions?: boolean;
  /** The variant whose errors mCE divides by. */
  readonly baseline?: string;
  readonly dryRun?: boolean;
  /** Whether no more parts are started: the results of the finished ones are written. */
  readonly collect?: boolean;
  readonly json?: boolean;
}

/**
 * Attacks the trained networks of a run: plans the campaign, has its parts done by workers, and writes and prints the results.
 *
 * @param name the run as the user wrote it.
 * @returns the exit code.
 */
export async function attackRun(name: string, options: CampaignOptions): Promise<number> {
  checkLauncherChoice(options);
  const run = path.resolve(name);
  const manifest = await readManifest(run);
  await usePlugins(options.plugins);
  const display = startDisplay(displayStream(options.launcher, options.json));
  await useAllowedPlugins(run, manifest, display.note);
  const chosen = chooseAttacks(options.attacks ?? DEFAULT_ATTACKS.map((id) => ({ id })), attackFactories());
  await usePluginsFor(pluginCells(manifest, options), run, manifest);
  const engine = await startEngine({ threads: options.threads, onSlower: () => {} });
  const plan = await planAttacks(run, manifest, {
    chosen,
    epsilons: options.epsilons,
    isDefault: options.attacks === undefined,
    select: options.select,
    images: options.images,
    attackImages: options.attackImages,
    maskingImages: options.masking,
    transfer: options.transfer ?? false,
    adaptive: options.adaptive,
    baseline: options.corruptions ? options.baseline : null,
    engine: engine.name,
    onNote: display.note,
  });
  const parts = partsOf(run, plan, manifest);
  const watch = watchParts(run, parts);
  const unfinished = await watch.unfinished();
  display.line(summaryLine(plan, parts, unfinished));
  if (options.dryRun) {
    const workers = workersFor(options, plan.networks.length);
    const onNetwork = (done: number, total: number) =>
      display.progress({ stage: 'timing a few steps of each network', done, total });
    const table = await attackDryRun(run, parts, { isDone: watch.isDone, workers, onNetwork });
    display.end();
    display.line(table);
    return EXIT.done;
  }
  await writeAttackPlan(run, plan);
  if (options.collect) return finishCampaign(run, name, { display, json: options.json, partial: true });
  return workOnParts(unfinished, options, { run, name, display, json: options.json });
}

/** The selected cells that can't be attacked without their plugins. A dry run needs the images' alone. */
const pluginCells = (
  { cells }: Manifest,
  { select, dryRun }: Pick<CampaignOptions, 'select' | 'dryRun'>,
): CellConfig[] =>
  cells.filter(({ variant }) => selects(select)(variant)).filter(dryRun ? needsPluginData : isFromPlugin);

function summaryLine(
  { networks, datasets, subset }: AttackPlan,
  parts: readonly AttackPart[],
  unfinished: readonly AttackPart[],
): string {
  const labels = [
    ...Object.values(datasets).flatMap(({ attacks }) => attacks),
    ...networks.flatMap(({ adaptive }) => adaptive ?? []),
  ].map(({ label }) => label);
  return (
    `${colours.bold('weightmap attack')}: ${count(networks.length, 'network')}, ${[...new Set(labels)].join(', ')}, ` +
    `${count(subset.images, 'image')}: ${count(parts.length, 'part')}, ${parts.length - unfinished.length} already done`
  );
}

const workersFor = ({ workers, launcher, threads }: LauncherChoice, networks: number): number =>
  workers ?? (launcher === 'local' ? defaultWorkers(threads) : networks);

/**
 * Has unfinished parts done by workers, then writes and prints the results.
 *
 * @returns the exit code.
 */
export async function workOnParts(
  unfinished: readonly AttackPart[],
  { launcher, sbatchOptions = [], workers, threads, image, claim }: LauncherChoice,
  { run, name, display, json }: { run: string; name: string; display: Display; json?: boolean },
): Promise<number> {
  const stop = stopOnSignal(display.note);
  if (unfinished.length > 0) {
    const networks = new Set(unfinished.map(({ target }) => target.cellId)).size;
    const count = workersFor({ workers, launcher, threads }, networks);
    const { finished } = await launchers[launcher].launch(await attackWork(run, unfinished, count), {
      run,
      workers: count,
      threads,
      stop,
      display,
      sbatchOptions,
      plugins: await planWords(run),
      image,
      claim,
    });
    if (!finished) return EXIT.done;
  }
  if (stop.aborted) {
    display.line('stopped; the same command continues from what is stored');
    return EXIT['stopped, continue with the same command'];
  }
  return finishCampaign(run, name, { display, json });
}

/** What workers may use of the plugins of the run and of its plan of attacks. */
async function planWords(run: string): Promise<string[]> {
  const plan = await readAttackPlan(run);
  const { plugins = [] } = await readManifest(run);
  return pluginWords(run, { plugins: [...plugins, ...(plan?.plugins ?? [])] });
}

async function finishCampaign(
  run: string,
  name: string,
  { display, json, partial }: { display: Display; json?: boolean; partial?: boolean },
): Promise<number> {
  const manifest = await readManifest(run);
  const collected = await collectAttacks(run, { partial });
  if (!collected) {
    display.line(
      `${colours.red('failed')} no worker could do some of the parts: attacks.json was not written\n  do:       \`weightmap logs ${shellWord(name)} attacks\` shows the output of the workers`,
    );
    return EXIT.failed;
  }
  const { attacked, file, plan, notes } = collected;
  for (const note of notes) display.note(note);
  const { html } = await writeReport(await readRun(run), {
    command: commandLine(),
    fill: fillCommand,
  });
  if (json) printJson(attacked);
  else {
    const tables = [attackTable(attacked), attacked.corruptions && corruptionTable(attacked.corruptions)];
    display.line(['', ...tables.filter(Boolean), `results: ${file}\nreport: ${html}`].join('\n\n').slice(1));
  }
  const failures = partsOf(run, plan, manifest).flatMap((part) => {
    const reason = partFailure(part);
    return reason === null
      ? []
      : [{ text: `${part.name}: ${reason}`, isPicture: part.task.kind === 'pictures' }];
  });
  for (const { text, isPicture } of failures)
    display.line(`${isPicture ? 'no pictures' : colours.red('failed')} ${text}`);
  // Figures don't depend on pictures.
  return failures.some(({ isPicture }) => !isPicture) ? EXIT.failed : EXIT.done;
}
