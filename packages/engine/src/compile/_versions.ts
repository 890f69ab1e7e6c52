import type * as tf from '@tensorflow/tfjs';
import { idOf, type NativeBackend } from '../tensorflow/backend.js';
import type { NodeDef } from '../tensorflow/graph.js';

/** One of the values that a variable has in the course of a recorded step. */
export interface Version {
  /** The node that stands for the variable, and its data type. */
  readonly node: string;
  readonly type: number;
  /** The number of the tensor that holds the value in the eager world. */
  readonly id: number;
  /** The node that wrote it, null for the value at the beginning. */
  readonly writtenBy: string | null;
  /** The output that it is, once something uses it. */
  output: string | null;
  /** The node that writes the next value, and so has to wait for every use of this one. */
  overwrittenBy: NodeDef | null;
}

/** The variables while a step is recorded: which tensor was which variable's value, and when. */
export class Versions {
  private readonly history = new Map<tf.Variable, Version[]>();
  private readonly byId = new Map<number, Version>();

  constructor(
    private readonly backend: NativeBackend,
    variables: readonly tf.Variable[],
    nodeOf: (variable: tf.Variable) => string,
  ) {
    for (const variable of variables) {
      this.ownData(variable);
      const type = backend.getDTypeInteger(variable.dtype);
      this.history.set(variable, []);
      this.add(variable, { node: nodeOf(variable), type, id: idOf(backend, variable), writtenBy: null });
    }
  }

  has(variable: tf.Variable): boolean {
    return this.history.has(variable);
  }

  all(): tf.Variable[] {
    return [...this.history.keys()];
  }

  /** Those that something read or wrote. */
  used(): tf.Variable[] {
    return this.all().filter((variable) =>
      this.history.get(variable)!.some(({ writtenBy, output }) => writtenBy !== null || output !== null),
    );
  }

  current(variable: tf.Variable): Version {
    const version = this.history.get(variable)?.at(-1);
    if (!version) throw new Error(`the variable ${variable.name} was made within the step`);
    return version;
  }

  /** The value that a tensor is, if it is a variable's. */
  holding(id: number): Version | undefined {
    return this.byId.get(id);
  }

  /** A node has written a variable, whose value is now in tensor `id`. */
  next(variable: tf.Variable, id: number, by: NodeDef): void {
    const old = this.current(variable);
    old.overwrittenBy = by;
    this.add(variable, { ...old, id, writtenBy: by.getName() });
  }

  private add(variable: tf.Variable, version: Omit<Version, 'output' | 'overwrittenBy'>): void {
    const added = { ...version, output: null, overwrittenBy: null };
    this.history.get(variable)!.push(added);
    this.byId.set(added.id, added);
  }

  /** Two variables may share their data until one of them is assigned; a graph must tell them apart. */
  private ownData(variable: tf.Variable): void {
    const { backend } = this;
    const id = idOf(backend, variable);
    if (!this.byId.has(id)) return;
    const type = backend.getDTypeInteger(variable.dtype);
    const attributes = [{ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: type }];
    const copy = backend.createOutputTensor(backend.binding.executeOp('DeepCopy', attributes, [id], 1)[0]);
    variable.assign(copy);
    copy.dispose();
  }
}
