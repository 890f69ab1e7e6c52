import type * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { idOf, type NativeBackend } from '../tensorflow/backend.js';
import type { Binding, Handle, OpAttribute, Values } from '../tensorflow/binding.js';
import * as graph from '../tensorflow/graph.js';
import { engineInternals } from './_tfjs-internals.js';
import { Versions, type Version } from './_versions.js';

/** A value that is fed at every run without being an input of the step. */
export interface HostFeed {
  readonly node: string;
  /** The tensor to feed, and whether it is made for this run only and deleted afterwards. */
  readonly tensor: () => { id: number; temporary: boolean };
}

/** A captured node, to be compared with that of another capture. */
export interface TracedNode {
  readonly what: string;
  readonly where: string;
  readonly constant: boolean;
  readonly bytes: Uint8Array;
}

export interface Finished {
  readonly used: readonly tf.Variable[];
  readonly written: readonly tf.Variable[];
  readonly fetches: readonly string[];
}

/** Type attributes that tfjs's kernels leave out or get wrong and a graph needs: the index of the input whose type each is. */
const INFERRED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ExpandDims: { T: 0, Tdim: 1 },
  Mean: { T: 0 },
};

/**
 * Traces a step that runs eagerly: each operation that tfjs's backend asks of TensorFlow becomes a node of a graph, each
 * array made in JavaScript a constant, each use of a variable a read of the session's variable.
 */
export class Tracer {
  readonly nodes: graph.NodeDef[] = [];
  readonly traces: TracedNode[] = [];
  readonly feeds: HostFeed[] = [];
  /** Called after every run of the graph, to repeat what the step does in JavaScript: optimizers count their steps. */
  readonly afterRun: (() => void)[] = [];
  /** The graph is valid while all of these are true: each checks a value that was frozen into the graph. */
  readonly stillTrue: (() => boolean)[] = [];
  private readonly native: Binding;
  private readonly variables: Versions;
  /** The nodes' outputs, by the ids of the tensors that hold their values. */
  private readonly names = new Map<number, string>();
  /** Data made in JavaScript within the step, and where it was made. */
  private readonly madeHere = new WeakMap<object, string>();
  /** Data types of tensors, by the tensors' ids. */
  private readonly types = new Map<number, number>();
  private made = '';
  private abandoned = false;

  /** @param prefix of all node names. */
  constructor(
    private readonly backend: NativeBackend,
    private readonly prefix: string,
    variables: readonly tf.Variable[],
    nodeOf: (variable: tf.Variable) => string,
  ) {
    this.native = backend.binding;
    this.variables = new Versions(backend, variables, nodeOf);
  }

  /** Names a tensor as an input of the graph. */
  input(name: string, tensor: tf.Tensor): string {
    const node = this.placeholder(name, this.backend.getDTypeInteger(tensor.dtype), tensor.shape);
    const id = idOf(this.backend, tensor);
    this.names.set(id, node);
    this.types.set(id, this.backend.getDTypeInteger(tensor.dtype));
    return node;
  }

  /** Runs `body` eagerly and traces it. */
  trace<T>(body: () => T): T {
    const { backend, native } = this;
    const move = backend.move.bind(backend);
    const getInputTensorIds = backend.getInputTensorIds.bind(backend);
    backend.binding = Object.create(native, {
      executeOp: { value: this.executeOp },
      createTensor: { value: this.createTensor },
      tensorDataSync: { value: refuseRead },
    }) as Binding;
    backend.move = (dataId, ...rest) => {
      this.madeHere.set(dataId, scopes());
      move(dataId, ...rest);
    };
    backend.getInputTensorIds = (tensors) =>
      tensors.map((tensor) => {
        const made = this.madeHere.get(tensor.dataId);
        // A tensor made before the step stays unnamed, so that an operation which uses it is refused.
        if (made === undefined) return this.untraced(() => getInputTensorIds([tensor])[0]);
        this.made = made;
        return getInputTensorIds([tensor])[0];
      });
    try {
      return body();
    } finally {
      backend.binding = native;
      // Uncovers the methods of the class.
      delete (backend as Partial<NativeBackend>).move;
      delete (backend as Partial<NativeBackend>).getInputTensorIds;
    }
  }

  /** Runs `body` eagerly within the trace, without tracing it. */
  untraced<T>(body: () => T): T {
    const tracing = this.backend.binding;
    this.backend.binding = this.native;
    try {
      return body();
    } finally {
      this.backend.binding = tracing;
    }
  }

  /** Adds a node of our own; returns its name. */
  add(op: string, inputs: readonly string[], attributes: graph.Attributes): string {
    return this.addNode(op, inputs, attributes).getName();
  }

  scalar(value: number): string {
    const name = this.nextName('Const');
    this.push(graph.constant(name, [], graph.DataType.float32, Float32Array.of(value)));
    return name;
  }

  /** A float32 scalar that is fed at every run. */
  feed(name: string, tensor: HostFeed['tensor']): string {
    const node = this.placeholder(`${name}${this.feeds.length}`, graph.DataType.float32, []);
    this.feeds.push({ node, tensor });
    return node;
  }

  /** Names the node that gives the value of a tensor made outside of the step. */
  name(tensor: tf.Tensor, node: string): void {
    this.names.set(this.idOf(tensor), node);
  }

  /** The node's output that gives a tensor's value, for use by an operation `op`. */
  outputOf(tensor: tf.Tensor, op: string): string {
    return this.outputNamed(this.idOf(tensor), op, tensor.shape);
  }

  /** Marks the trace as unusable; the step still runs to its end. */
  giveUp(): void {
    this.abandoned = true;
  }

  /** Whether a variable existed before the step. */
  knows(variable: tf.Variable): boolean {
    return this.variables.has(variable);
  }

  /** The variable's value at this point, as a node's output. */
  read(variable: tf.Variable): string {
    this.upToDate(variable);
    return this.outputOfVersion(this.variables.current(variable));
  }

  /** Adds the write of an `assign` that changed a variable since the last look at it. */
  upToDate(variable: tf.Variable): void {
    const id = this.idOf(variable);
    const { id: known, type } = this.variables.current(variable);
    if (id === known) return;
    // Without a copy, a variable could share memory with a fed tensor, and so with an array of JavaScript's.
    const value = this.outputNamed(id, 'assign', variable.shape);
    const copy = this.add('DeepCopy', [value], { T: graph.typeAttribute(type) });
    this.write('AssignVariableOp', [variable], [copy], { dtype: graph.typeAttribute(type) });
    this.variables.current(variable).output = copy;
  }

  /**
   * Adds a node that writes variables, after the eager step has written them.
   *
   * @param inputs of the node, after the variables.
   */
  write(
    op: string,
    variables: readonly tf.Variable[],
    inputs: readonly string[],
    attributes: graph.Attributes,
  ): void {
    const versions = variables.map((variable) => this.variables.current(variable));
    const before = versions.flatMap(({ writtenBy, output }) =>
      [writtenBy, output].filter((name) => name !== null),
    );
    const handles = versions.map(({ node }) => node);
    const node = this.addNode(op, [...handles, ...inputs, ...before.map(graph.after)], attributes);
    for (const variable of variables) this.variables.next(variable, this.idOf(variable), node);
  }

  /**
   * Ends the trace.
   *
   * @returns the variables that the step uses, those that it writes, and the nodes to fetch.
   */
  finish(outputs: readonly tf.Tensor[]): Finished {
    const values = outputs.map((tensor) => ({
      type: this.backend.getDTypeInteger(tensor.dtype),
      value: this.outputOf(tensor, 'the result'),
    }));
    for (const variable of this.variables.all()) this.upToDate(variable);
    const written = this.variables.all().filter((variable) => this.variables.current(variable).writtenBy);
    const last = written.map((variable) => graph.after(this.variables.current(variable).writtenBy!));
    const identity = (type: number, value: string) =>
      this.add('Identity', [value, ...last], { T: graph.typeAttribute(type) });
    const fetches = values.map(({ type, value }) => identity(type, value));
    if (fetches.length === 0) fetches.push(identity(graph.DataType.float32, this.scalar(0)));
    return { used: this.variables.used(), written, fetches };
  }

  private readonly executeOp = (
    op: string,
    attributes: OpAttribute[],
    ids: number[],
    outputs: number,
  ): Handle[] => {
    const inputs = ids.map((id) => this.outputNamed(id, op));
    const handles = this.native.executeOp(op, attributes, ids, outputs);
    const given = attributes.map((a) => [a.name, graph.tracedAttribute(this.native, a)] as const);
    const inferred = Object.entries(INFERRED[op] ?? {}).map(
      ([name, input]) => [name, graph.typeAttribute(this.typeOf(ids[input]))] as const,
    );
    const name = this.add(op, inputs, Object.fromEntries([...given, ...inferred]));
    for (const { id, dtype } of handles) this.types.set(id, dtype);
    handles.forEach((handle, i) => this.names.set(handle.id, i === 0 ? name : `${name}:${i}`));
    return handles;
  };

  private readonly createTensor = (
    shape: readonly number[],
    dtype: number,
    values: Values | Uint8Array[],
  ): number => {
    const id = this.native.createTensor(shape, dtype, values);
    this.types.set(id, dtype);
    if (Array.isArray(values)) return id; // strings: an operation that uses them is refused
    const name = this.nextName('Const');
    const what = `a tensor of shape [${shape.join(', ')}]`;
    this.push(graph.constant(name, shape, dtype, values), { what, where: this.made });
    this.names.set(id, name);
    return id;
  };

  private outputNamed(id: number, op: string, shape?: readonly number[]): string {
    const version = this.variables.holding(id);
    if (version) return this.outputOfVersion(version);
    const name = this.names.get(id);
    if (name !== undefined || this.abandoned) return name ?? '';
    throw new WeightmapError(`${op} uses a tensor that was made outside of the compiled step.`, {
      where: shape ? `shape [${shape.join(', ')}], ${scopes()}` : scopes(),
      expected: 'inputs of the step, tf.Variables, and tensors that the step makes itself',
      fix: 'hand the tensor in as one of the inputs, or keep it in a tf.Variable',
    });
  }

  private typeOf(id: number): number {
    return this.variables.holding(id)?.type ?? this.types.get(id) ?? graph.DataType.float32;
  }

  private outputOfVersion(version: Version): string {
    if (version.output !== null) return version.output;
    const { node, type, writtenBy, overwrittenBy } = version;
    const inputs = writtenBy === null ? [node] : [node, graph.after(writtenBy)];
    version.output = this.add('ReadVariableOp', inputs, { dtype: graph.typeAttribute(type) });
    // A value that is used after it was overwritten has to be read before the overwrite.
    overwrittenBy?.setInputList([...overwrittenBy.getInputList(), graph.after(version.output)]);
    return version.output;
  }

  private idOf(tensor: tf.Tensor): number {
    return this.untraced(() => idOf(this.backend, tensor));
  }

  private placeholder(name: string, dtype: number, shape: readonly number[]): string {
    const node = `${this.prefix}${name}`;
    const attributes = { dtype: graph.typeAttribute(dtype), shape: graph.shapeAttribute(shape) };
    this.push(graph.node(node, 'Placeholder', [], attributes));
    return node;
  }

  private addNode(op: string, inputs: readonly string[], attributes: graph.Attributes): graph.NodeDef {
    const node = graph.node(this.nextName(op), op, inputs, attributes);
    this.push(node);
    return node;
  }

  private push(node: graph.NodeDef, constant?: Pick<TracedNode, 'what' | 'where'>): void {
    this.nodes.push(node);
    const bytes = node.serializeBinary();
    const about = constant ?? { what: node.getOp(), where: scopes() };
    this.traces.push({ ...about, constant: constant !== undefined, bytes });
  }

  private nextName(op: string): string {
    return `${this.prefix}${op}_${this.nodes.length}`;
  }
}

function refuseRead(): never {
  throw new WeightmapError('A compiled step reads a value in JavaScript.', {
    where: scopes(),
    expected: 'a step whose tensors stay in TensorFlow from its inputs to its result',
    fix: 'move dataSync, arraySync, print and decisions on values out of the step, onto its result',
  });
}

/** The innermost of tfjs's nested operations that run now, such as `in dropout, randomUniform`. */
function scopes(): string {
  const names = engineInternals()
    .state.scopeStack.filter(({ name }) => name.endsWith('__op'))
    .map(({ name }) => name.slice(0, -'__op'.length));
  return names.length > 0 ? `in ${names.slice(-2).join(', ')}` : 'in the step itself';
}
