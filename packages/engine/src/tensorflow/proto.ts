import { createRequire } from 'node:module';

/** The parts of tfjs-node's generated protobuf messages that are used here. */
export interface Message {
  serializeBinary(): Uint8Array;
}
export interface AttrValue extends Message {
  setType(type: number): void;
  setB(value: boolean): void;
  setI(value: number): void;
  setF(value: number): void;
  setS(value: Uint8Array): void;
  setShape(shape: Message): void;
  setTensor(tensor: Message): void;
  setList(list: Message): void;
}
export interface NodeDef extends Message {
  getName(): string;
  getOp(): string;
  getInputList(): string[];
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(inputs: string[]): void;
  getAttrMap(): { set(name: string, value: AttrValue): void };
}
interface Messages {
  AttrValue: {
    new (): AttrValue;
    ListValue: new () => Message & {
      setIList(v: number[]): void;
      setFList(v: number[]): void;
      setBList(v: boolean[]): void;
    };
  };
  NodeDef: new () => NodeDef;
  GraphDef: new () => Message & { setNodeList(nodes: NodeDef[]): void; setVersions(versions: Message): void };
  VersionDef: new () => Message & { setProducer(version: number): void };
  TensorShape: {
    new (): Message & { addDim(dim: Message): void };
    Dim: new () => Message & { setSize(size: number): void };
  };
  Tensor: new () => Message & {
    setDtype(type: number): void;
    setTensorShape(shape: Message): void;
    setTensorContent(bytes: Uint8Array): void;
  };
  MetaGraphDef: {
    new (): Message & { setMetaInfoDef(info: Message): void; setGraphDef(graph: Message): void };
    MetaInfoDef: new () => Message & { addTags(tag: string): void };
  };
  SavedModel: new () => Message & {
    setSavedModelSchemaVersion(version: number): void;
    addMetaGraphs(graph: Message): void;
  };
}

// Under CommonJS the build replaces import.meta.url by the file's own address.
const require = createRequire(import.meta.url);
let loaded: Messages | undefined;

/** tfjs-node's protobuf messages, loaded at the first call. */
export const messages = (): Messages =>
  (loaded ??= require('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Messages);
