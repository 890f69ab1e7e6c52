import { pgd } from '@weightmap/attacks';
import { predictClasses, randomStream, tensorsOf } from '@weightmap/core';
import * as tf from '@tensorflow/tfjs';
import { confine } from '@weightmap/core/files';
import { cellName, cellPaths, readManifest } from '@weightmap/records';
import { alignColumns, count, duration } from '@weightmap/report/text';
import { loadCellData } from '../cells/load-cell-data.js';
import { madeImages } from '../plan/made-images.js';
import { datasetLoader } from '../plugins/components.js';
import { BATCH, openNetwork } from './network.js';
import type { AttackPart } from './parts.js';
import type { Target } from './targets.js';

/** Gradient steps that are timed, after as many that warm up. */
const STEPS = 3;

/** Seconds of a forward pass and of a backward pass, for one image. */
interface Pace {
  readonly forward: number;
  readonly backward: number;
}

/** Times a few steps of a trained network on random images. */
async function measurePace(run: string, { cell }: Target): Promise<Pace> {
  const network = await openNetwork(confine(run, cellPaths(run, cell).weights), cell.defense, async () =>
    loadCellData(cell, await readManifest(run)),
  );
  const { spec } = datasetLoader(cell.dataset.id);
  const { images, labels } = tensorsOf(madeImages(spec, BATCH));
  const attack = pgd({ steps: STEPS, stopWhenFooled: false });
  const seconds = (body: () => void) => {
    body();
    const start = performance.now();
    body();
    return (performance.now() - start) / 1000;
  };
  try {
    const forward = seconds(() => predictClasses(network.classifier, images)) / BATCH;
    const whole = seconds(() =>
      attack
        .run(network.classifier, images, labels, { strengths: [0.1], random: randomStream(1) })
        .forEach(({ adversarial }) => adversarial.dispose()),
    );
    const step = Math.max(whole / BATCH - 2 * forward, 0) / STEPS;
    return { forward, backward: Math.max(step - forward, forward) };
  } finally {
    tf.dispose([images, labels]);
    network.dispose();
  }
}

/**
 * A table with an upper bound of the time of each network and kind of work: the passes of each attack × the pace of each
 * network, which is timed now. Images that are fooled early take less.
 */
export async function attackDryRun(
  run: string,
  parts: readonly AttackPart[],
  {
    isDone,
    workers,
    onNetwork,
  }: {
    isDone: (part: AttackPart) => Promise<boolean>;
    workers: number;
    onNetwork: (done: number, total: number) => void;
  },
): Promise<string> {
  const targets = [...new Map(parts.map(({ target }) => [target.cellId, target])).values()];
  // Trials of one variant take the same time.
  const networkOf = ({ cell }: Target) => `${cell.dataset.id}/${cell.variant}`;
  const firsts = new Map([...targets].reverse().map((target) => [networkOf(target), target]));
  const paces = new Map<string, Pace>();
  for (const [name, target] of firsts) {
    onNetwork(paces.size, firsts.size);
    paces.set(name, await measurePace(run, target));
  }
  const rows = new Map<
    string,
    { network: string; work: string; parts: number; done: number; seconds: number }
  >();
  for (const part of parts) {
    const [network, work] = [cellName(part.target.cell), kindOf(part)];
    const row = rows.get(`${network}/${work}`) ?? { network, work, parts: 0, done: 0, seconds: 0 };
    rows.set(`${network}/${work}`, row);
    row.parts++;
    const { forward, backward } = paces.get(networkOf(part.target))!;
    if (await isDone(part)) row.done++;
    else row.seconds += part.passes.forwards * forward + part.passes.backwards * backward;
  }
  const total = [...rows.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  const table = alignColumns(
    [
      ['network', 'work', 'parts', 'done', 'at most'],
      ...[...rows.values()].map(({ network, work, parts: count, done, seconds }) => [
        network,
        work,
        String(count),
        String(done),
        duration(seconds),
      ]),
    ],
    { right: [2, 3, 4], optional: [2, 3] },
  );
  return (
    `${table}\n\n${count(parts.length, 'part')}; at most ${duration(total)} in one process, ${duration(total / workers)} with ${workers} at a time. ` +
    'Estimated from the passes of each attack and a few steps of each network, timed now; images that are fooled early take less.'
  );
}

function kindOf({ task, keys }: AttackPart): string {
  switch (task.kind) {
    case 'attack':
      return `${task.attack.label}, ${count(keys.length, 'strength')}`;
    case 'clean':
      return 'without an attack';
    case 'masking':
      return 'signs of masking';
    case 'corruption':
      return 'corruptions';
    default:
      return task.kind;
  }
}
