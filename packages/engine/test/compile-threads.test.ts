import fs from 'node:fs';
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
    const used = () =>
      [...ticks()].map(([thread, now]) => now - (before.get(thread) ?? 0)).sort((a, b) => b - a);
    // Processor time, not time: until there is enough of it to compare, however fast or busy the machine is.
    while (used()[0] < ENOUGH) step(batch).dispose();
    const [most, second] = used();
    // JavaScript waits meanwhile; a second thread of TensorFlow would have its share.
    expect(second).toBeLessThan(most / 4);
    step.dispose();
  });
});
