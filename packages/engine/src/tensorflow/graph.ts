import type { Binding, OpAttribute } from './binding.js';
import { messages, type AttrValue, type Message, type NodeDef } from './proto.js';

export { DataType } from './binding.js';
export type { NodeDef } from './proto.js';

/** A graph version that TensorFlow 2.9 and later read; older versions get other semantics for a few operations. */
const GRAPH_VERSION = 1087;
export const TAG = 'serve';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

function shapeOf(dims: readonly number[]): Message {
  const shape = new (messages().TensorShape)();
  for (const size of dims) {
    const dim = new (messages().TensorShape.Dim)();
    dim.setSize(size);
    shape.addDim(dim);
  }
  return shape;
}

function attribute(fill: (value: AttrValue) => void): AttrValue {
  const value = new (messages().AttrValue)();
  fill(value);
  return value;
}

/** Attributes of the kinds that our own nodes have. */
export const typeAttribute = (type: number) => attribute((a) => a.setType(type));
export const boolAttribute = (value: boolean) => attribute((a) => a.setB(value));
export const stringAttribute = (text: string) => attribute((a) => a.setS(bytesOf(text)));
export const shapeAttribute = (dims: readonly number[]) => attribute((a) => a.setShape(shapeOf(dims)));

/** An operation's attribute as a graph spells it. */
export function tracedAttribute(binding: Binding, { type, value }: OpAttribute): AttrValue {
  return attribute((a) => {
    if (Array.isArray(value) && type !== binding.TF_ATTR_SHAPE) {
      const list = new (messages().AttrValue.ListValue)();
      if (type === binding.TF_ATTR_INT) list.setIList(value as number[]);
      else if (type === binding.TF_ATTR_FLOAT) list.setFList(value as number[]);
      else list.setBList(value as boolean[]);
      a.setList(list);
    } else if (type === binding.TF_ATTR_TYPE) a.setType(value as number);
    else if (type === binding.TF_ATTR_BOOL) a.setB(Boolean(value));
    else if (type === binding.TF_ATTR_SHAPE) a.setShape(shapeOf(value as number[]));
    else if (type === binding.TF_ATTR_STRING) a.setS(bytesOf(value as string));
    else if (type === binding.TF_ATTR_INT) a.setI(value as number);
    else a.setF(value as number);
  });
}

export type Attributes = Readonly<Record<string, AttrValue>>;

/** @param inputs `node`, `node:1` for a further output, `^node` for one that only has to be done before. */
export function node(name: string, op: string, inputs: readonly string[], attributes: Attributes): NodeDef {
  const def = new (messages().NodeDef)();
  def.setName(name);
  def.setOp(op);
  def.setInputList([...inputs]);
  for (const [key, value] of Object.entries(attributes)) def.getAttrMap().set(key, value);
  return def;
}

/** An input that a node only waits for: that node, whichever its output. */
export const after = (output: string): string => `^${output.replace(/:\d+$/, '')}`;

export function constant(
  name: string,
  shape: readonly number[],
  dtype: number,
  values: ArrayBufferView,
): NodeDef {
  const tensor = new (messages().Tensor)();
  tensor.setDtype(dtype);
  tensor.setTensorShape(shapeOf(shape));
  // A copy: JavaScript's array may change after the step, the graph may not.
  const { buffer, byteOffset, byteLength } = values;
  tensor.setTensorContent(new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer));
  return node(name, 'Const', [], {
    dtype: typeAttribute(dtype),
    value: attribute((a) => a.setTensor(tensor)),
  });
}

/** The bytes of a SavedModel's `saved_model.pb` that holds this graph. */
export function savedModel(nodes: NodeDef[]): Uint8Array {
  const pb = messages();
  const graph = new pb.GraphDef();
  graph.setNodeList(nodes);
  const versions = new pb.VersionDef();
  versions.setProducer(GRAPH_VERSION);
  graph.setVersions(versions);
  const meta = new pb.MetaGraphDef();
  const info = new pb.MetaGraphDef.MetaInfoDef();
  info.addTags(TAG);
  meta.setMetaInfoDef(info);
  meta.setGraphDef(graph);
  const model = new pb.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(meta);
  return model.serializeBinary();
}
