import { pgd } from '@weightmap/attacks';
import { predictClasses, randomStream, tensorsOf } from '@weightmap/core';
import * as tf from '@tensorflow/tfjs';
import { cellName, cellPaths } from '@weightmap/records';
import { alignColumns } from '@weightmap/report/text';
import { duration } from '../terminal/duration.js';
import { BATCH } from './network.js';
import { openNetwork } from './open-network.js';
import { madeImages } from '../plan/made-images.js';
import { datasetLoader } from '../plugins/components.js';
import type { AttackPart, Target } from './parts.js';

/** Gradient steps that are timed, after as many that find cold caches. */
const STEPS = 3;

/** Seconds that one image takes: to pass forwards, and backwards. */
interface Pace {
  readonly forward: number;
  readonly backward: number;
}

/** A few steps of a trained network on made images, timed. */
async function measurePace(run: string, { cell }: Target): Promise<Pace> {
  const network = await openNetwork(cellPaths(run, cell).weights);
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
 * A row for each network and kind of work, with the time that it takes at most: the passes of each attack by the pace of each
 * network, timed now. Images that are fooled early cost less.
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
    { network: string; what: string; parts: number; done: number; seconds: number }
  >();
  for (const part of parts) {
    const [network, what] = [cellName(part.target.cell), kindOf(part)];
    const row = rows.get(`${network}/${what}`) ?? { network, what, parts: 0, done: 0, seconds: 0 };
    rows.set(`${network}/${what}`, row);
    row.parts++;
    const { forward, backward } = paces.get(networkOf(part.target))!;
    if (await isDone(part)) row.done++;
    else row.seconds += part.passes.forwards * forward + part.passes.backwards * backward;
  }
  const total = [...rows.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  const table = alignColumns(
    [
      ['network', 'work', 'parts', 'done', 'at most'],
      ...[...rows.values()].map(({ network, what, parts: count, done, seconds }) => [
        ...[network, what, String(count), String(done), duration(seconds)],
      ]),
    ],
    { right: [2, 3, 4] },
  );
  return (
    `${table}\n\n${parts.length} parts; at most ${duration(total)} of one process, ${duration(total / workers)} with ${workers} at a time; ` +
    "from each attack's number of passes and a few steps of each network, timed now; images that are fooled early cost less"
  );
}

function kindOf({ task, keys }: AttackPart): string {
  const strengths = `${keys.length} strength${keys.length === 1 ? '' : 's'}`;
  switch (task.kind) {
    case 'attack':
      return `${task.attack.label}, ${strengths}`;
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
