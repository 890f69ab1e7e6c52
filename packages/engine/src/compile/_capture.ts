import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { deepCopy, type NativeBackend } from '../tensorflow/backend.js';
import { withOptimizers } from './_optimizers.js';
import { Tracer, type Finished, type HostFeed, type TracedNode } from './_tracer.js';
import type { Program } from './_session.js';
import { engineInternals } from './_tfjs-internals.js';
import { partsOf, type InputsOf, type StepInputs } from './_structure.js';

/** A step for inputs of certain shapes, ready to be run by a session. */
export interface Captured extends Program {
  /** The placeholder of each input, in the order of the inputs. */
  readonly inputs: readonly string[];
  readonly feeds: readonly HostFeed[];
  readonly afterRun: readonly (() => void)[];
  readonly stillTrue: readonly (() => boolean)[];
  readonly structure: string;
  /** Makes the step's result of the fetched tensors. */
  readonly assemble: (tensors: tf.Tensor[]) => unknown;
  readonly results: number;
}

let capturing = false;

/** Whether a step is being captured: compiled steps called within it become a part of it. */
export const isCapturing = (): boolean => capturing;

/**
 * Captures a step as a graph: runs it eagerly, twice, and notes every operation. All variables keep their values.
 *
 * The second run shows what differs from call to call, such as random numbers made in JavaScript.
 *
 * @param prefix of the nodes' names.
 * @throws WeightmapError if the step can't be replayed, and whatever the step throws.
 */
export function captureStep(
  backend: NativeBackend,
  step: (inputs: Record<string, tf.Tensor>) => unknown,
  inputs: InputsOf<StepInputs>,
  prefix: string,
  nodeOf: (variable: tf.Variable) => string,
): Captured {
  const once = () => captureOnce(backend, step, inputs, prefix, nodeOf);
  let first = once();
  // The first step of an optimizer makes its moments; later steps only use them.
  for (let tries = 0; first.madeVariables && tries < 2; tries++) first = once();
  if (first.madeVariables)
    throw new WeightmapError('A compiled step makes new variables at every call.', {
      fix: 'make variables and optimizers outside of the step',
    });
  const second = once();
  compare(first, second);
  return second;
}

interface Attempt extends Captured {
  readonly traces: readonly TracedNode[];
  readonly madeVariables: boolean;
}

function captureOnce(
  backend: NativeBackend,
  step: (inputs: Record<string, tf.Tensor>) => unknown,
  inputs: InputsOf<StepInputs>,
  prefix: string,
  nodeOf: (variable: tf.Variable) => string,
): Attempt {
  const undo = rememberVariables();
  let attempt: Attempt | undefined;
  try {
    // Not by tidy's return value: tidy would search it for tensors.
    tf.tidy(() => {
      const tracer = new Tracer(backend, prefix, registeredVariables(), nodeOf);
      // Copies: if the step also uses an input's tensor from outside, it isn't mistaken for the input.
      const copies = Object.entries(inputs).map(([name, value]) => [name, copyOf(value)] as const);
      const placeholders = copies.map(([name, tensor], i) =>
        tracer.input(`input${i}_${plain(name)}`, tensor),
      );
      const parts = withOptimizers(tracer, backend, () =>
        tracer.trace(() => partsOf(step(Object.fromEntries(copies)))),
      );
      const finished: Finished = undo.madeVariables()
        ? { used: [], written: [], fetches: [] }
        : tracer.finish(parts.tensors);
      const { nodes, traces, feeds, afterRun, stillTrue } = tracer;
      attempt = {
        nodes,
        traces,
        feeds,
        afterRun,
        stillTrue,
        ...finished,
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

const copyOf = (value: tf.Tensor | number): tf.Tensor =>
  typeof value === 'number' ? tf.scalar(value) : deepCopy(value);

/** Remembers the values of all variables, including those made from now on, to restore them. */
function rememberVariables() {
  const engine = engineInternals();
  const keep = (variable: tf.Variable) => [variable, tf.keep(variable.clone())] as const;
  const values = registeredVariables().map(keep);
  const known = values.length;
  const makeVariable = engine.makeVariable.bind(engine);
  capturing = true;
  engine.makeVariable = (...args) => {
    const variable = makeVariable(...args);
    values.push(keep(variable));
    return variable;
  };
  return {
    madeVariables: () => values.length > known,
    restore(): void {
      capturing = false;
      delete (engine as Partial<typeof engine>).makeVariable; // uncovers the method of the class
      for (const [variable, value] of values) {
        if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
        value.dispose();
      }
    },
  };
}

type Comparable = Pick<Captured, 'structure'> & { readonly traces: readonly TracedNode[] };

function compare(first: Comparable, second: Comparable): void {
  const length = Math.max(first.traces.length, second.traces.length);
  const different = (_: unknown, i: number) => !equal(first.traces[i], second.traces[i]);
  const changed = Array.from({ length }).findIndex(different);
  const [before, now] = [first, second].map(({ traces }) => traces[changed] as TracedNode | undefined);
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

const describe = (trace: TracedNode | undefined) => (trace ? `${trace.what} ${trace.where}` : 'nothing');

const equal = (a: TracedNode | undefined, b: TracedNode | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(a.bytes, b.bytes) === 0;
