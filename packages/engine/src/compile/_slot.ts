import type * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { idOf, type Entry, type NativeBackend } from '../tensorflow/backend.js';
import * as graph from '../tensorflow/graph.js';

/** No tensor has this number. */
const NONE = -1;

/** The sessions whose value of a variable is newer than the one in tfjs's memory. */
const newest = new WeakMap<Entry, Slot>();
const watched = new WeakSet<Entry>();

/** One variable in one session, and which of the two values, the session's or tfjs's, is the newer one. */
export class Slot {
  /** True after a run wrote the session's value, until somebody else wants it. */
  isNewer = false;
  /** The number of tfjs's tensor that the session's value equals. */
  private known = NONE;
  /** What the session's newer value belongs to. */
  private written: Entry | null = null;

  constructor(
    private readonly backend: NativeBackend,
    readonly variable: tf.Variable,
    readonly node: string,
    private readonly pull: () => void,
  ) {}

  /** The variable, and how to read and set it. */
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
      // What is fed may be memory of JavaScript's, which can change.
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
          fix: 'dispose the compiled step along with its model, and compile anew',
        },
      );
    if (this.isNewer && newest.get(this.entry()) === this) return false;
    return this.outside() !== this.known;
  }

  /** The number of the variable's tensor in tfjs's memory; another session that has newer values gives them first. */
  outside(): number {
    return idOf(this.backend, this.variable);
  }

  pushed(): void {
    this.known = this.outside();
    this.isNewer = false;
  }

  /** Before a run writes the session's value: whoever shares the variable's data keeps what it sees. */
  beforeWrite(): void {
    const entry = this.entry();
    if (entry.refCount === 1) return;
    if (this.isNewer) this.pull(); // it stays with the others
    const { shape, dtype } = entry;
    const fresh = this.backend.createOutputTensor({ id: NONE, shape, dtype });
    this.variable.assign(fresh);
    fresh.dispose();
  }

  /** After a run wrote the session's value: from now on tfjs asks the session for it. */
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

  /** The session's value has come to tfjs's memory. */
  pulled(id: number): void {
    this.isNewer = false;
    this.known = id;
    newest.delete(this.written!);
    this.written!.id = id;
  }

  /** Called by whoever wants to read the value. */
  deliver(): void {
    this.pull();
  }

  private entry(): Entry {
    return this.backend.tensorMap.get(this.variable.dataId);
  }
}

/** Makes an entry ask for the newest value whenever somebody wants its tensor. */
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
