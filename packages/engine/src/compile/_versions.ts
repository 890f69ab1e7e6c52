import type * as tf from '@tensorflow/tfjs';
import { deepCopy, idOf, type NativeBackend } from '../tensorflow/backend.js';
import type { NodeDef } from '../tensorflow/proto.js';

/** One of the values that a variable has in the course of a captured step. */
export interface Version {
  /** The node of the variable, and its data type. */
  readonly node: string;
  readonly type: number;
  /** The id of the tensor that holds the value while the step runs eagerly. */
  readonly id: number;
  /** The node that wrote it; null for the initial value. */
  readonly writtenBy: string | null;
  /** The node's output that gives the value, once something uses it. */
  output: string | null;
  /** The node that writes the next value; it has to wait for every use of this one. */
  overwrittenBy: NodeDef | null;
}

/** The variables while a step is captured: which tensor was which variable's value, and when. */
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

  /** The variables that the step read or wrote. */
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

  /** The variable's value that a tensor holds, if it holds one. */
  holding(id: number): Version | undefined {
    return this.byId.get(id);
  }

  /** Notes that a node has written a variable, whose value is now in tensor `id`. */
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

  /** Gives a variable data of its own: two variables may share data until one is assigned, and a graph must distinguish them. */
  private ownData(variable: tf.Variable): void {
    const { backend } = this;
    const id = idOf(backend, variable);
    if (!this.byId.has(id)) return;
    const copy = deepCopy(variable);
    variable.assign(copy);
    copy.dispose();
  }
}
