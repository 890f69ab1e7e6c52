import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { availableEngines, compile, startEngine } from '../src/index.js';
import { batchOf, convolutional, trainingStep } from './_compile-models.js';

/** Processor ticks that each thread of this process has used, by the thread's number. */
const ticks = () =>
  new Map(
    fs.readdirSync('/proc/self/task').map((thread) => {
      const fields = fs.readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')[1].split(' ');
      return [thread, Number(fields[11])];
    }),
  );

/** Ticks, of a hundredth of a second. */
const ENOUGH = 100;

const testable = process.platform === 'linux' && (await availableEngines()).includes('native');

describe.runIf(testable)('an engine of one thread', () => {
  it('runs compiled steps on one thread', async () => {
    await startEngine({ engine: 'native', threads: 1 });
    const [net, batch] = [convolutional(), batchOf(2000)];
    const step = compile(trainingStep(net, tf.train.adam(0.01)));
    step(batch).dispose();
    const before = ticks();
    // JavaScript prepares each step on a thread of its own, which counts only if the step itself runs there.
    const own = path.basename(fs.readlinkSync('/proc/thread-self'));
    const used = () => {
      const since = [...ticks()].map(([thread, now]) => ({ thread, spent: now - (before.get(thread) ?? 0) }));
      const [first, ...rest] = since.sort((a, b) => b.spent - a.spent);
      return [first, ...rest.filter(({ thread }) => thread !== own)].map(({ spent }) => spent);
    };
    // Processor time, not time: until there is enough of it to compare, however fast or busy the machine is.
    while (used()[0] < ENOUGH) step(batch).dispose();
    const [most, second] = used();
    // A second thread of TensorFlow would have its share.
    expect(second).toBeLessThan(most / 4);
    step.dispose();
  });
});
