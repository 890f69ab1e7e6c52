import type * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { idOf, type Entry, type NativeBackend } from '../tensorflow/backend.js';
import * as graph from '../tensorflow/graph.js';

/** The id of no tensor. */
const NONE = -1;

/** For each value in tfjs's memory that is out of date: the slot of the session with the newer one. */
const newest = new WeakMap<Entry, Slot>();
const watched = new WeakSet<Entry>();

/** One variable in one session; knows whether the session's value or tfjs's is the newer one. */
export class Slot {
  /** True after a run wrote the session's value, until it is read or assigned outside. */
  isNewer = false;
  /** The id of the tfjs tensor whose value equals the session's. */
  private known = NONE;
  /** The entry in tfjs's memory whose value is out of date. */
  private written: Entry | null = null;

  constructor(
    private readonly backend: NativeBackend,
    readonly variable: tf.Variable,
    readonly node: string,
    private readonly pull: () => void,
  ) {}

  /** The graph's nodes for the variable: itself, reading and setting it. */
  nodes(): graph.NodeDef[] {
    const { node, variable, backend } = this;
    const type = graph.typeAttribute(backend.getDTypeInteger(variable.dtype));
    const shape = graph.shapeAttribute(variable.shape);
    const [dtype, T] = [{ dtype: type }, { T: type }];
    const name = { shared_name: graph.stringAttribute(node), container: graph.stringAttribute('') };
    return [
      graph.node(node, 'VarHandleOp', [], { ...dtype, shape, ...name }),
      graph.node(`${node}/read`, 'ReadVariableOp', [node], dtype),
      graph.node(`${node}/feed`, 'Placeholder', [], { ...dtype, shape }),
      // A fed tensor may share JavaScript's memory, which can change.
      graph.node(`${node}/copy`, 'DeepCopy', [`${node}/feed`], T),
      graph.node(`${node}/set`, 'AssignVariableOp', [node, `${node}/copy`], dtype),
      graph.node(`${node}/pushed`, 'Identity', ['nothing', `^${node}/set`], {
        T: graph.typeAttribute(graph.DataType.float32),
      }),
    ];
  }

  /** Whether the variable has a value that the session doesn't have. */
  changedOutside(): boolean {
    if (this.variable.isDisposed)
      throw new WeightmapError(
        `The variable ${this.variable.name}, which a compiled step uses, was disposed.`,
        {
          fix: 'dispose the compiled step together with its model, and compile again',
        },
      );
    if (this.isNewer && newest.get(this.entry()) === this) return false;
    return this.outside() !== this.known;
  }

  /** The id of the variable's tensor in tfjs's memory; another session with newer values delivers them first. */
  outside(): number {
    return idOf(this.backend, this.variable);
  }

  pushed(): void {
    this.known = this.outside();
    this.isNewer = false;
  }

  /** Before a run writes the session's value: tensors that share the variable's data keep their values. */
  beforeWrite(): void {
    const entry = this.entry();
    if (entry.refCount === 1) return;
    if (this.isNewer) this.pull(); // the value stays with the others
    const { shape, dtype } = entry;
    const fresh = this.backend.createOutputTensor({ id: NONE, shape, dtype });
    this.variable.assign(fresh);
    fresh.dispose();
  }

  /** After a run wrote the session's value: tfjs's reads now go to the session. */
  afterWrite(): void {
    if (this.isNewer) return;
    const entry = this.entry();
    this.isNewer = true;
    this.written = entry;
    if (entry.id !== NONE) this.backend.binding.deleteTensor(entry.id);
    entry.id = NONE;
    newest.set(entry, this);
    watch(entry);
  }

  /** Called when the session's value has been copied to tfjs's memory. */
  pulled(id: number): void {
    this.isNewer = false;
    this.known = id;
    newest.delete(this.written!);
    this.written!.id = id;
  }

  /** Called when tfjs reads the value. */
  deliver(): void {
    this.pull();
  }

  private entry(): Entry {
    return this.backend.tensorMap.get(this.variable.dataId);
  }
}

/** Makes an entry fetch the newest value whenever its tensor is read. */
function watch(entry: Entry): void {
  if (watched.has(entry)) return;
  watched.add(entry);
  let current = entry.id;
  Object.defineProperty(entry, 'id', {
    get(): number {
      newest.get(entry)?.deliver();
      return current;
    },
    set(id: number) {
      current = id;
    },
  });
}
