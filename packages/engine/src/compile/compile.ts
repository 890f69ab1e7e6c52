import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { activeBackend, createScalar, idOf, type NativeBackend } from '../tensorflow/backend.js';
import { isCapturing, captureStep, type Captured } from './_capture.js';
import { Session } from './_session.js';
import { engineInternals } from './_tfjs-internals.js';
import type { StepInputs, StepResult, InputsOf } from './_structure.js';

export type { StepInputs, StepResult, InputsOf } from './_structure.js';

/** A step that runs as one call of TensorFlow. */
export interface CompiledStep<Inputs extends StepInputs, Result extends StepResult> {
  /** @returns the step's result; the caller disposes its tensors, as those of any operation. */
  (inputs: InputsOf<Inputs>): Result;
  /** Number of combinations of input shapes compiled so far; 0 on engines that don't compile. */
  readonly graphs: number;
  /** Frees the session. The variables keep their values; a later call compiles again. */
  dispose(): void;
}

/**
 * Compiles a step (forward pass, gradients, optimizer) so that each call runs as one call of TensorFlow's C library.
 *
 * The first call with inputs of new shapes runs the step eagerly, twice, captures its operations as a graph and undoes their
 * effect on the variables; this and every later call runs the graph. Compiled and eager steps can be mixed: a graph sees
 * values assigned to variables, and reading a variable gives the value of the last run.
 * The step itself runs, uncompiled, on engines other than the native one, while tfjs takes a gradient, and where
 * WEIGHTMAP_COMPILE=off is set (for comparisons and debugging).
 *
 * The graph freezes JavaScript's numbers and decisions at the first call. Pass values that change from call to call, such as a
 * learning rate, as a tensor or number of `inputs`. The learning rates of tfjs's optimizers may change, too.
 *
 * The compiled step is deterministic for a fixed number of threads, and equals the eager step up to rounding. It throws a
 * WeightmapError if the step reads values in JavaScript, uses tensors that are neither inputs nor variables, or does
 * different things from call to call.
 *
 * @param step gets the inputs as tensors; numbers become float32 scalars.
 */
export function compile<Inputs extends StepInputs, Result extends StepResult>(
  step: (inputs: Inputs) => Result,
): CompiledStep<Inputs, Result> {
  const plainStep = step as (inputs: Record<string, tf.Tensor>) => unknown;
  let compiled: Graphs | null = null;
  const isOff = process.env.WEIGHTMAP_COMPILE === 'off';
  const run = (inputs: InputsOf<Inputs>): Result => {
    const backend = activeBackend();
    if (!backend || isOff || isCapturing() || engineInternals().state.gradientDepth > 0)
      return runEagerly(step, inputs);
    compiled ??= new Graphs(backend, plainStep);
    return compiled.run(inputs) as Result;
  };
  const dispose = () => {
    compiled?.dispose();
    compiled = null;
  };
  const members = { dispose: { value: dispose }, graphs: { get: () => compiled?.size ?? 0 } };
  return Object.defineProperties(run, members) as CompiledStep<Inputs, Result>;
}

function runEagerly<Inputs extends StepInputs, Result extends StepResult>(
  step: (inputs: Inputs) => Result,
  inputs: InputsOf<Inputs>,
): Result {
  return tf.tidy(() => {
    const tensors = Object.entries<tf.Tensor | number>(inputs).map(
      ([name, value]) => [name, typeof value === 'number' ? tf.scalar(value) : value] as const,
    );
    return step(Object.fromEntries(tensors) as unknown as Inputs) as tf.TensorContainer;
  }) as Result;
}

type AnyInputs = InputsOf<StepInputs>;

/** The graphs of one step, one for each combination of input shapes, on one set of session variables. */
class Graphs {
  private readonly captured = new Map<string, Captured>();
  private readonly nodes = new WeakMap<tf.Variable, string>();
  private session: Session | null = null;
  private captures = 0;
  private variables = 0;

  constructor(
    private readonly backend: NativeBackend,
    private readonly step: (inputs: Record<string, tf.Tensor>) => unknown,
  ) {}

  get size(): number {
    return this.captured.size;
  }

  run(inputs: AnyInputs): unknown {
    const { backend } = this;
    const key = signature(inputs);
    let program = this.captured.get(key);
    if (!program?.stillTrue.every((isTrue) => isTrue())) program = this.capture(key, inputs);
    const { binding } = backend;
    const temporary: number[] = [];
    const feeds = Object.values(inputs).map((value, i) => {
      if (typeof value !== 'number') return { node: program.inputs[i], id: idOf(backend, value) };
      const id = createScalar(binding, value);
      temporary.push(id);
      return { node: program.inputs[i], id };
    });
    for (const { node, tensor } of program.feeds) {
      const fed = tensor();
      feeds.push({ node, id: fed.id });
      if (fed.temporary) temporary.push(fed.id);
    }
    try {
      const handles = this.session!.run(program, feeds);
      for (const repeat of program.afterRun) repeat();
      for (const { id } of handles.slice(program.results)) binding.deleteTensor(id);
      return program.assemble(
        handles.slice(0, program.results).map((handle) => backend.createOutputTensor(handle)),
      );
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    this.session?.dispose();
    this.session = null;
    this.captured.clear();
  }

  /** Captures a graph. Sessions share no variables, so all graphs move together into a new session. */
  private capture(key: string, inputs: AnyInputs): Captured {
    const nodeOf = (variable: tf.Variable) => {
      const node = this.nodes.get(variable) ?? `variable${this.variables++}`;
      this.nodes.set(variable, node);
      return node;
    };
    this.captures += 1;
    const program = captureStep(this.backend, this.step, inputs, `step${this.captures}/`, nodeOf);
    const programs = new Map(this.captured).set(key, program);
    const session = new Session(this.backend, [...programs.values()], nodeOf);
    this.session?.dispose();
    this.session = session;
    this.captured.set(key, program);
    return program;
  }
}

/** Equal for inputs that one graph takes. */
function signature(inputs: AnyInputs): string {
  return Object.entries(inputs)
    .map(([name, value]) => {
      if (typeof value === 'number') return `${name}:number`;
      if (value instanceof tf.Tensor) return `${name}:${value.dtype}[${value.shape.join()}]`;
      throw new WeightmapError(`The input "${name}" of a compiled step is a ${typeof value}.`, {
        expected: 'a tensor or a number',
      });
    })
    .join(' ');
}
