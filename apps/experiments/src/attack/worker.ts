import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import { messageOf, WeightmapError } from '@weightmap/core';
import { removeLeftovers } from '@weightmap/core/files';
import { startEngine } from '@weightmap/engine';
import { openEventLog, readManifest, type Manifest } from '@weightmap/records';
import { strength as strengthText } from '@weightmap/report/text';
import { startWorkerOutput, type WorkerOutput } from '../cells/_worker-output.js';
import { takeLease, type Lease } from '../leases/lease.js';
import { allowPlugins, usePluginsFor } from '../plugins/stored-plugins.js';
import { isFromPlugin } from '../plugins/components.js';
import { requeueJob } from '../slurm/requeue-job.js';
import { EXIT } from '../terminal/exit-codes.js';
import { stopOnSignal, type StopReason } from '../terminal/stop-on-signal.js';
import { throttle } from '../terminal/throttle.js';
import { weightOf } from './costs.js';
import type { AttackedBatches } from './network.js';
import { resultsOf } from './part-results.js';
import { eventsFile, isFree, isGivenUp, partFailure, watchParts, writePartFailure } from './part-states.js';
import { partsOf, type AttackPart } from './parts.js';
import { readAttackPlan, type AttackPlan } from './plan.js';
import { targetsOf } from './targets.js';
import { openWorkbench, type Workbench } from './workbench.js';

export interface AttackWorkerOptions {
  /** The run's folder. */
  run: string;
  /** The worker's number: each starts at another network. */
  index: number;
  threads: number;
  /** Plugins that may be used, as `allowPlugins` takes them. */
  plugin?: readonly string[];
}

/** Milliseconds between two checks of the parts that other processes work on. */
const LOOK_AGAIN = 500;
/** Milliseconds between two reports of progress in the part's events. */
const LOG_EVERY = 5000;

/**
 * Works on the parts of a run's plan of attacks until none is left: one free part after another, first those of the network
 * that is loaded. Every launcher starts this.
 *
 * @returns the exit code: done, even if some parts failed; or stopped.
 * @throws WeightmapError if the plan is missing, a plugin has changed, or the engine is another than the plan's.
 */
export async function workOnAttacks({ run, index, threads, plugin }: AttackWorkerOptions): Promise<number> {
  const out = startWorkerOutput();
  const signal = stopOnSignal(out.note);
  try {
    const manifest = await readManifest(run);
    const plan = await readAttackPlan(run);
    if (!plan)
      throw new WeightmapError('There is no plan of attacks in that folder.', {
        where: run,
        fix: '`weightmap attack` writes one',
      });
    await allowPlugins(plugin);
    await usePluginsOf(plan, manifest, run);
    const code = await workThrough(plan, manifest, { run, index, threads, signal, out });
    if (code !== EXIT.done && (signal.reason as StopReason | undefined)?.stoppedBy === 'SIGUSR2')
      await requeueJob(out.note);
    return code;
  } catch (error) {
    if (signal.aborted) return EXIT['stopped, continue with the same command'];
    out.failed(error instanceof WeightmapError ? error.explain() : messageOf(error));
    throw error;
  } finally {
    out.end();
  }
}

/** Uses the plugins of a plan's networks and attacks. @throws WeightmapError if one isn't allowed. */
async function usePluginsOf(plan: AttackPlan, manifest: Manifest, run: string): Promise<void> {
  const cells = targetsOf(plan, manifest).map(({ cell }) => cell);
  await usePluginsFor(cells.filter(isFromPlugin), run, manifest);
  const attacks = Object.values(plan.datasets).flatMap((dataset) => dataset.attacks);
  const own = attacks.map(({ plugin }) => ({ plugins: plugin === undefined ? [] : [plugin] }));
  await usePluginsFor(own, run, plan);
}

interface Work extends AttackWorkerOptions {
  readonly signal: AbortSignal;
  readonly out: WorkerOutput;
}

async function workThrough(plan: AttackPlan, manifest: Manifest, work: Work): Promise<number> {
  const { run, index, threads, signal } = work;
  const parts = partsOf(run, plan, manifest);
  const watch = watchParts(run, parts);
  if ((await watch.unfinished()).length === 0) return EXIT.done;
  const engine = await startEngine({ threads, onSlower: () => {} });
  if (engine.name !== plan.engine)
    throw new WeightmapError('This worker has another engine than the plan of attacks.', {
      where: `${os.hostname()}: ${engine.name}`,
      expected: plan.engine,
      fix: 'install the same engine everywhere (`weightmap doctor`), or choose one with WEIGHTMAP_ENGINE',
    });
  let pass: (images: number) => void = () => {};
  const bench = openWorkbench({ run, plan, manifest, onPass: (images) => pass(images) });
  try {
    const place = new Map(plan.networks.map(({ cellId }, i) => [cellId, i]));
    const count = plan.networks.length;
    let here = index % count;
    /** How many networks after the loaded one its network comes, in a circle. */
    const distance = ({ target }: AttackPart) => (place.get(target.cellId)! - here + count) % count;
    while (!signal.aborted) {
      const left = (await watch.unfinished()).sort((a, b) => distance(a) - distance(b));
      let worked = false;
      for (const part of left) {
        if (signal.aborted) break;
        if (!(await isFree(part, watch)) || (await watch.isDone(part))) continue;
        const { lease } = await takeLease(part.folder, { signal });
        if (!lease) continue;
        try {
          // Another process may have finished it between the check above and the lease.
          if (await watch.isDone(part)) continue;
          await removeLeftovers(part.folder, { isOurs: true });
          here = place.get(part.target.cellId)!;
          await workOnPart(part, lease, bench, { ...work, onPass: (next) => (pass = next) });
        } finally {
          await lease.release();
        }
        worked = true;
        break;
      }
      if (worked) continue;
      // Every part that is left has failed, needs one that failed, or is being worked on.
      const open = left.filter((part) => !isGivenUp(part));
      if (open.length === 0) return EXIT.done;
      await sleep(LOOK_AGAIN, undefined, { signal }).catch(() => {});
    }
    return EXIT['stopped, continue with the same command'];
  } finally {
    bench.dispose();
  }
}

async function workOnPart(
  part: AttackPart,
  lease: Lease,
  bench: Workbench,
  {
    signal,
    out,
    onPass,
  }: Pick<Work, 'signal' | 'out'> & { onPass: (pass: (images: number) => void) => void },
): Promise<void> {
  await mkdir(part.folder, { recursive: true });
  const log = openEventLog(eventsFile(part));
  log('started', { host: os.hostname(), pid: process.pid });
  const began = performance.now();
  const shown = out.part(part);
  const stopping = AbortSignal.any([signal, lease.lost]);
  const launcher = process.connected ? process.ppid : null;
  const isOrphan = () => launcher !== null && process.ppid !== launcher;
  const keep = throttle(LOG_EVERY, (done: number, total: number) =>
    log('progress', { stage: part.name, done, total }),
  );
  let passed = 0;
  // Signals and timers don't run while a step is computed, so their work is done here.
  onPass((images) => {
    passed += images;
    lease.beat();
    stopping.throwIfAborted();
    if (isOrphan()) throw new Error('its launcher is gone');
    const total = weightOf(part.passes);
    shown.progress(Math.min(passed, total), total);
    keep(Math.min(passed, total), total);
  });
  try {
    await bench.doPart(part, stopping);
    log('done', { seconds: (performance.now() - began) / 1000 });
    shown.done(await outcomeOf(part));
  } catch (error) {
    if (stopping.aborted || isOrphan()) {
      log('stopped', {
        by: (signal.reason as StopReason | undefined)?.stoppedBy ?? 'the end of its launcher',
      });
      shown.left();
      // Lets the 'disconnect' event run before this process looks for the next part.
      await setImmediate();
      return;
    }
    log('failed', { reason: messageOf(error) });
    await writePartFailure(part, error);
    shown.failed(partFailure(part)!);
  } finally {
    onPass(() => {});
  }
}

/** Sums up a finished part for the display. */
async function outcomeOf(part: AttackPart): Promise<string> {
  const results = (await resultsOf<unknown>(part))!;
  const right = (flags: string) =>
    `${((100 * [...flags].filter((flag) => flag === '0').length) / flags.length).toFixed(1)} %`;
  switch (part.task.kind) {
    case 'clean':
      return `${right(results[0] as string)} right`;
    case 'attack':
      return `${(results as AttackedBatches[]).map(({ strength, fooled }) => `${right(fooled)} at ${strengthText(strength)}`).join(', ')} right`;
    default:
      return 'done';
  }
}
