import path from 'node:path';
import { attacks, type AttackId } from '@weightmap/attacks';
import { messageOf, WeightmapError } from '@weightmap/core';
import { startEngine } from '@weightmap/engine';
import { readManifest } from '@weightmap/records';
import { Command, InvalidArgumentError } from 'commander';
import colours from 'picocolors';
import { list, natural, positive, several } from '../terminal/option-types.js';
import { shellWord } from '../terminal/shell-word.js';
import { stopOnSignal } from '../terminal/stop-on-signal.js';
import { chooseAttacks, parseAttacks, parseStrength, type AttackWish } from '../attack/choice.js';
import { partsOf } from '../attack/parts.js';
import { writeAttackPlan } from '../attack/plan.js';
import { attackTable, buildReport, corruptionTable } from '@weightmap/report';
import { count } from '@weightmap/report/text';
import { collectAttacks } from '../attack/results.js';
import { attackDryRun } from '../attack/dry-run.js';
import { partFailure, watchParts } from '../attack/part-states.js';
import { planAttacks } from '../attack/plan-campaign.js';
import { EXIT } from '../terminal/exit-codes.js';
import { attackWork } from '../attack/work.js';
import { defaultWorkers } from '../launchers/cores.js';
import { launchers } from '../launchers/index.js';
import { attackFactories } from '../plugins/components.js';
import { usePlugins, usePluginsFor, useUnchangedPlugins } from '../plugins/stored-plugins.js';
import { startDisplay, type Display } from '../terminal/display.js';
import { addLauncherOptions, launcherChoice } from './_options.js';
import type { LauncherChoice } from '../plan/run-options.js';
import { fillCommand } from '../plan/fill-command.js';

interface Options extends LauncherChoice, Record<string, unknown> {
  attacks?: AttackWish[];
  plugin: string[];
  epsilons?: number[];
  images: number;
  masking: number;
  select: string[];
  transfer?: boolean;
  corruptions?: boolean;
  baseline?: string;
  dryRun?: boolean;
  json?: boolean;
}

const DEFAULT_ATTACKS: readonly AttackId[] = ['fgsm', 'bim', 'pgd', 'apgd-ce', 'apgd-dlr'];

const numbers = (text: string) =>
  list(text).map((part) => {
    const value = parseStrength(part);
    if (value === null)
      throw new InvalidArgumentError('Numbers ≥ 0 are expected, such as 0.1 or 8/255, separated by commas.');
    return value;
  });

const wishes = (text: string) => {
  try {
    return parseAttacks(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof WeightmapError ? error.explain() : messageOf(error));
  }
};

export function attackCommand(): Command {
  const command = new Command('attack')
    .argument('<run>', 'folder of the run')
    .option(
      '--attacks <ids>',
      `comma-separated, strengths after a colon, up to the next id (pgd-l2:0.5,1); of: ${Object.keys(attacks).join(', ')} (default: ${DEFAULT_ATTACKS.join(',')})`,
      wishes,
    )
    .option(
      '--epsilons <list>',
      'strengths of attacks on L∞, in units of pixels: 0.1 or 8/255, comma-separated (default: a list for each norm)',
      numbers,
    )
    .option(
      '--images <n>',
      'test images of each network, the same for all, drawn evenly from the classes',
      positive,
      1000,
    )
    .option(
      '--masking <n>',
      'test images that are looked at for signs of gradient masking, 0 for none',
      natural,
      100,
    )
    .option('--select <ids>', 'rows: ids or globs, comma-separated', list, ['*'])
    .option('--plugin <file>', 'a module with attacks of your own; once for each', several, [])
    .option('--transfer', 'show the images made against each network to all others')
    .option(
      '--corruptions',
      'measure the errors under the corruptions of MNIST-C or CIFAR-10-C, and their mean (mCE)',
    )
    .option('--baseline <variant>', 'row whose errors mCE divides by; default: the first that is attacked')
    .option('--dry-run', 'say what would be done and about how long it would take, and stop')
    .option('--json', 'print JSON');
  return addLauncherOptions(command, {
    workers: 'processes at a time (default: one a core, as far as memory goes)',
  })
    .addHelpText(
      'after',
      `
The work is cut into parts: a network, some images, an attack at all its strengths. What was done before is not done again; a
command that was stopped continues with the same words. The report of the run shows the results.

Examples:
  weightmap attack runs/standard --dry-run
  weightmap attack runs/standard
  weightmap attack runs/standard --attacks fgsm,pgd,square --epsilons 8/255,0.1 --select 'cnn-*' --transfer
  weightmap attack runs/standard --attacks pgd,pgd-l2:0.5,1,2,auto-attack --epsilons 0.05,0.1
  weightmap attack runs/standard --corruptions --baseline cnn-33
  weightmap attack runs/standard --launcher slurm --workers 20 --sbatch partition=long`,
    )
    .action(async (run: string, options: Options) => {
      process.exitCode = await attackRun(path.resolve(run), run, { ...options, ...launcherChoice(options) });
    });
}

async function attackRun(run: string, name: string, options: Options): Promise<number> {
  const manifest = await readManifest(run);
  await usePlugins(options.plugin);
  await useUnchangedPlugins(run, manifest);
  const wished = options.attacks ?? DEFAULT_ATTACKS.map((id) => ({ id }));
  const chosen = chooseAttacks(wished, attackFactories());
  await usePluginsFor(manifest.cells, run, manifest);
  const display = startDisplay(options.json ? process.stderr : process.stdout);
  const engine = await startEngine({ threads: options.threads });
  const plan = await planAttacks(run, manifest, {
    ...{
      chosen,
      epsilons: options.epsilons,
      isDefault: options.attacks === undefined,
      select: options.select,
      images: options.images,
    },
    ...{ maskingImages: options.masking, transfer: options.transfer ?? false, engine: engine.name },
    ...{ baseline: options.corruptions ? options.baseline : null, onNote: display.note },
  });
  const parts = partsOf(run, plan, manifest);
  const watch = watchParts(run, parts);
  const unfinished = await watch.unfinished();
  const { threads, launcher } = options;
  const networks = plan.networks.length;
  const workers = options.workers ?? (launcher === 'local' ? defaultWorkers(threads) : networks);
  display.line(
    `${colours.bold('weightmap attack')}: ${count(networks, 'network')}, ${[...new Set(Object.values(plan.datasets).flatMap((one) => one.attacks.map(({ label }) => label)))].join(', ')}, ` +
      `${plan.subset.images} images: ${count(parts.length, 'part')}, ${parts.length - unfinished.length} done already`,
  );
  if (options.dryRun) {
    const onNetwork = (done: number, total: number) =>
      display.progress({ stage: 'timing a few steps of each network', done, total });
    const table = await attackDryRun(run, parts, { isDone: watch.isDone, workers, onNetwork });
    display.end();
    display.line(table);
    return EXIT.done;
  }
  await writeAttackPlan(run, plan);
  const stop = stopOnSignal(display.note);
  if (unfinished.length > 0) {
    const launched = await launchers[launcher].launch(await attackWork(run, unfinished, workers), {
      ...{ run, workers, threads, stop, display, sbatchOptions: options.sbatchOptions ?? [] },
      ...{ image: options.image, claim: options.claim },
    });
    if (!launched.finished) return EXIT.done;
  }
  if (stop.aborted) {
    display.line('stopped; the same command continues from what is stored');
    return EXIT['stopped, continue with the same command'];
  }
  return finishAttacks(run, name, { display, json: options.json });
}

/** Writes and shows the results. @returns the exit code. */
export async function finishAttacks(
  run: string,
  name: string,
  { display, json }: { display: Display; json?: boolean },
): Promise<number> {
  const manifest = await readManifest(run);
  const collected = await collectAttacks(run);
  if (!collected) {
    display.line(
      `${colours.red('failed')} parts are left that no worker could do: attacks.json was not written\n  do:       \`weightmap logs ${shellWord(name)} attacks\` shows what the workers printed`,
    );
    return EXIT.failed;
  }
  const { attacked, file, plan, notes } = collected;
  for (const note of notes) display.note(note);
  const { html } = await buildReport(run, { command: `weightmap attack ${name}`, fill: fillCommand });
  if (json) console.log(JSON.stringify(attacked));
  else {
    const tables = [attackTable(attacked), attacked.corruptions && corruptionTable(attacked.corruptions)];
    display.line(['', ...tables.filter(Boolean), `results: ${file}\nreport: ${html}`].join('\n\n').slice(1));
  }
  const failures = partsOf(run, plan, manifest).flatMap((part) => {
    const reason = partFailure(part);
    return reason === null ? [] : [`${part.name}: ${reason}`];
  });
  for (const failure of failures) display.line(`${colours.red('failed')} ${failure}`);
  return failures.length > 0 ? EXIT.failed : EXIT.done;
}
