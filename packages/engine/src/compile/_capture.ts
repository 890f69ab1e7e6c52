import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { engineInternals, idOf, type NativeBackend } from '../tensorflow/backend.js';
import { withOptimizers } from './_optimizers.js';
import { Recorder, type Finished, type HostFeed, type Trace } from './_tracer.js';
import type { Program } from './_session.js';
import { partsOf, type InputsOf, type StepInputs } from './_structure.js';

/** A step for inputs of certain shapes, ready to be run by a session. */
export interface Recorded extends Program {
  /** The placeholder of each input, in the order of the inputs. */
  readonly inputs: readonly string[];
  readonly feeds: readonly HostFeed[];
  readonly afterRun: readonly (() => void)[];
  readonly stillTrue: readonly (() => boolean)[];
  readonly structure: string;
  /** Puts the results together, without those that stand for nothing. */
  readonly assemble: (tensors: tf.Tensor[]) => unknown;
  readonly results: number;
}

let recording = false;

/** Whether a step is being recorded: compiled steps within it become a part of it. */
export const isRecording = (): boolean => recording;

/**
 * Runs a step eagerly, twice, and writes down what it does; every variable keeps the value that it had.
 *
 * The second time shows what isn't the same at every call: random numbers made in JavaScript, above all.
 *
 * @param prefix of the nodes' names.
 * @throws WeightmapError if the step can't be replayed, and whatever the step throws.
 */
export function recordStep(
  backend: NativeBackend,
  step: (inputs: Record<string, tf.Tensor>) => unknown,
  inputs: InputsOf<StepInputs>,
  prefix: string,
  nodeOf: (variable: tf.Variable) => string,
): Recorded {
  const once = () => recordOnce(backend, step, inputs, prefix, nodeOf);
  let first = once();
  // The first step of an optimizer makes its moments, later ones only use them.
  for (let tries = 0; first.madeVariables && tries < 2; tries++) first = once();
  if (first.madeVariables)
    throw new WeightmapError('A compiled step makes new variables at every call.', {
      fix: 'make variables and optimizers outside of the step',
    });
  const second = once();
  compare(first, second);
  return second;
}

interface Attempt extends Recorded {
  readonly traces: readonly Trace[];
  readonly madeVariables: boolean;
}

function recordOnce(
  backend: NativeBackend,
  step: (inputs: Record<string, tf.Tensor>) => unknown,
  inputs: InputsOf<StepInputs>,
  prefix: string,
  nodeOf: (variable: tf.Variable) => string,
): Attempt {
  const undo = rememberVariables();
  let attempt: Attempt | undefined;
  try {
    // Not by tidy's return value, which tidy would search for tensors.
    tf.tidy(() => {
      const recorder = new Recorder(backend, prefix, registeredVariables(), nodeOf);
      // Copies, so that a tensor which the step takes from elsewhere isn't mistaken for its input.
      const copies = Object.entries(inputs).map(([name, value]) => [name, copyOf(backend, value)] as const);
      const placeholders = copies.map(([name, tensor], i) =>
        recorder.input(`input${i}_${plain(name)}`, tensor),
      );
      const parts = withOptimizers(recorder, backend, () =>
        recorder.record(() => partsOf(step(Object.fromEntries(copies)))),
      );
      const finished: Finished = undo.madeVariables()
        ? { used: [], written: [], fetches: [] }
        : recorder.finish(parts.tensors);
      const { nodes, traces, feeds, afterRun, stillTrue } = recorder;
      attempt = {
        ...{ nodes, traces, feeds, afterRun, stillTrue, ...finished },
        inputs: placeholders,
        structure: parts.structure,
        assemble: parts.assemble,
        results: parts.tensors.length,
        madeVariables: undo.madeVariables(),
      };
    });
    return attempt!;
  } finally {
    undo.restore();
  }
}

const plain = (name: string) => name.replace(/\W/g, '_');

const registeredVariables = () => Object.values(engineInternals().registeredVariables);

function copyOf(backend: NativeBackend, value: tf.Tensor | number): tf.Tensor {
  if (typeof value === 'number') return tf.scalar(value);
  const type = backend.getDTypeInteger(value.dtype);
  const attributes = [{ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: type }];
  const [handle] = backend.binding.executeOp('DeepCopy', attributes, [idOf(backend, value)], 1);
  return backend.createOutputTensor(handle);
}

/** Keeps the values of all variables, those that are made from now on included, to put them back. */
function rememberVariables() {
  const engine = engineInternals();
  const keep = (variable: tf.Variable) => [variable, tf.keep(variable.clone())] as const;
  const values = registeredVariables().map(keep);
  const known = values.length;
  const makeVariable = engine.makeVariable.bind(engine);
  recording = true;
  engine.makeVariable = (...args) => {
    const variable = makeVariable(...args);
    values.push(keep(variable));
    return variable;
  };
  return {
    madeVariables: () => values.length > known,
    restore(): void {
      recording = false;
      delete (engine as Partial<typeof engine>).makeVariable; // the class's own comes back
      for (const [variable, value] of values) {
        if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
        value.dispose();
      }
    },
  };
}

type Comparable = Pick<Recorded, 'structure'> & { readonly traces: readonly Trace[] };

function compare(first: Comparable, second: Comparable): void {
  const length = Math.max(first.traces.length, second.traces.length);
  const different = (_: unknown, i: number) => !equal(first.traces[i], second.traces[i]);
  const changed = Array.from({ length }).findIndex(different);
  const [before, now] = [first, second].map(({ traces }) => traces[changed] as Trace | undefined);
  if (before?.constant && now?.constant && before.what === now.what)
    throw new WeightmapError('A compiled step makes numbers in JavaScript that differ from call to call.', {
      where: describe(now),
      expected: 'the same numbers at every call: the graph keeps them',
      fix: 'hand random numbers, dropout masks and schedules in as inputs of the step',
    });
  if (changed >= 0 || first.structure !== second.structure)
    throw new WeightmapError('A compiled step does something else when it is called again.', {
      where:
        changed >= 0
          ? `operation ${changed + 1}: first ${describe(before)}, then ${describe(now)}`
          : `its result: first ${first.structure}, then ${second.structure}`,
      expected: 'the same operations at every call with inputs of the same shapes',
      fix: 'decide outside of the step, or compile a step for each case',
    });
}

const describe = (trace: Trace | undefined) => (trace ? `${trace.what} ${trace.where}` : 'nothing');

const equal = (a: Trace | undefined, b: Trace | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(a.bytes, b.bytes) === 0;
