/** More layers than any published network has. */
const MOST_LAYERS = 10_000;
/** Levels of lists and objects in the description; a model inside a model takes about four. */
const MOST_LEVELS = 100;

/** Classes of models: layers that hold layers and say how they are connected. */
const SEQUENTIAL = 'Sequential';
const FUNCTIONAL = ['Model', 'Functional'];

type Fields = Readonly<Record<string, unknown>>;

/** tfjs reads `class_name`, `className` and `_class__name` as the same: so must a check. */
const camelCase = (text: string) => text.replace(/_+(\w|$)/g, (_, next: string) => next.toUpperCase());

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function fieldsOf(value: unknown): Fields {
  if (!isObject(value) || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [camelCase(key), field as unknown]));
}

const classOf = (fields: Fields) =>
  typeof fields.className === 'string' ? camelCase(fields.className) : undefined;

const isModel = (fields: Fields) => [SEQUENTIAL, ...FUNCTIONAL].includes(classOf(fields) ?? '');

/**
 * Checks how the layers of a model are connected, those of models inside it included: every input exists, nothing waits for
 * itself, no name is there twice. tfjs doesn't check it, and searches without end for an input that it doesn't find.
 *
 * @param topology `modelTopology` of a `model.json`.
 * @throws Error with the reason, if tfjs couldn't build the model.
 */
export function checkGraph(topology: unknown): void {
  const root = fieldsOf((topology as Fields).model_config ?? topology);
  if (!isModel(root))
    throw new Error('its topology describes no Keras model: no Sequential, Model or Functional');
  const waiting: { readonly value: unknown; readonly level: number }[] = [{ value: topology, level: 0 }];
  let layers = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, level } = next;
    if (!isObject(value)) continue;
    if (level > MOST_LEVELS)
      throw new Error(`its description is nested more than ${MOST_LEVELS} levels deep`);
    const fields = fieldsOf(value);
    if (isModel(fields)) {
      const { name, listed } = layersOf(fields);
      layers += listed.length;
      if (layers > MOST_LAYERS) throw new Error(`it has more than ${MOST_LAYERS} layers`);
      checkNames(listed, name);
      if (classOf(fields) !== SEQUENTIAL) checkConnections(listed, fieldsOf(fields.config));
    }
    for (const inner of Object.values(value) as unknown[]) waiting.push({ value: inner, level: level + 1 });
  }
}

interface Listed {
  readonly name: string | undefined;
  readonly fields: Fields;
  readonly config: Fields;
}

/** The layers of a model's configuration. */
function layersOf({ config }: Fields): { name: string; listed: Listed[] } {
  const { layers, name } = fieldsOf(config);
  const title = typeof name === 'string' ? `the model "${name}"` : 'the model';
  const list = Array.isArray(config) ? config : layers;
  if (!Array.isArray(list)) throw new Error(`${title} has no list of layers`);
  const listed = list.map((entry: unknown, i): Listed => {
    const fields = fieldsOf(entry);
    const inner = fieldsOf(fields.config);
    if (classOf(fields) === undefined) throw new Error(`layer ${i} of ${title} has no class_name`);
    if (typeof fields.name === 'string' && typeof inner.name === 'string' && fields.name !== inner.name)
      throw new Error(`layer ${i} of ${title} has two names, "${fields.name}" and "${inner.name}"`);
    const own = fields.name ?? inner.name;
    return { name: typeof own === 'string' ? own : undefined, fields, config: inner };
  });
  return { name: title, listed };
}

function checkNames(listed: readonly Listed[], model: string): void {
  const known = new Set<string>();
  for (const { name } of listed) {
    if (name === undefined) continue;
    if (known.has(name)) throw new Error(`two layers of ${model} are named "${name}"`);
    known.add(name);
  }
}

/** Where a call of a layer gets one of its inputs from. */
interface Source {
  readonly layer: string;
  /** Which call of that layer. */
  readonly call: number;
}

interface Call {
  readonly layer: string;
  readonly sources: readonly Source[];
}

/** Makes the calls of the layers in an order in which all inputs exist, as tfjs does. */
function checkConnections(listed: readonly Listed[], model: Fields): void {
  /** How often each layer has been called. */
  const calls = new Map<string, number>();
  let open: Call[] = [];
  for (const [i, { name, fields, config }] of listed.entries()) {
    // By the name beside its configuration, not by that in it, tfjs finds a layer: without it, it searches without end.
    if (name === undefined || typeof fields.name !== 'string')
      throw new Error(`layer ${i} of the model has no name`);
    calls.set(name, callsAtFirst(fields, config));
    if (!Array.isArray(fields.inboundNodes))
      throw new Error(`the layer "${name}" has no list of inbound_nodes`);
    for (const node of fields.inboundNodes) {
      if (!Array.isArray(node)) throw new Error(`an inbound node of the layer "${name}" is no list`);
      const sources = node.map((source) => sourceOf(source, `an input of the layer "${name}"`));
      if (sources.length > 0) open.push({ layer: name, sources });
    }
  }
  for (const { layer, sources } of open)
    for (const source of sources)
      if (!calls.has(source.layer))
        throw new Error(
          `the layer "${layer}" gets its input from "${source.layer}", which the model doesn't have`,
        );
  const isReady = ({ sources }: Call) => sources.every(({ layer, call }) => calls.get(layer)! > call);
  while (open.length > 0) {
    const left: Call[] = [];
    for (const call of open)
      if (isReady(call)) calls.set(call.layer, calls.get(call.layer)! + 1);
      else left.push(call);
    if (left.length === open.length) throw new Error(whyStuck(left, calls));
    open = left;
  }
  for (const [key, list] of [
    ['input_layers', model.inputLayers],
    ['output_layers', model.outputLayers],
  ] as const) {
    if (!Array.isArray(list) || list.length === 0) throw new Error(`the model has no list of ${key}`);
    for (const entry of list) {
      const { layer, call } = sourceOf(entry, `an entry of ${key}`);
      if (!((calls.get(layer) ?? 0) > call))
        throw new Error(`${key} names call ${call} of the layer "${layer}", which the model doesn't have`);
    }
  }
}

/** Inputs and models with layers have an output before they are called. */
function callsAtFirst(fields: Fields, config: Fields): number {
  const className = classOf(fields);
  if (className !== SEQUENTIAL) return className === 'InputLayer' || isModel(fields) ? 1 : 0;
  const list = Array.isArray(fields.config) ? fields.config : config.layers;
  return Array.isArray(list) && list.length > 0 ? 1 : 0;
}

function sourceOf(source: unknown, what: string): Source {
  const [layer, call, tensor] = Array.isArray(source) ? (source as unknown[]) : [];
  const isPlace = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  if (typeof layer !== 'string' || !isPlace(call) || !isPlace(tensor))
    throw new Error(`${what} is not [layer, call, output]`);
  return { layer, call: call as number };
}

function whyStuck(open: readonly Call[], calls: ReadonlyMap<string, number>): string {
  const waiting = new Set(open.map(({ layer }) => layer));
  for (const { layer, sources } of open)
    for (const source of sources)
      if (!waiting.has(source.layer) && calls.get(source.layer)! <= source.call)
        return `the layer "${layer}" gets its input from call ${source.call} of "${source.layer}", which is called ${calls.get(source.layer)!} times`;
  const names = [...waiting];
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `layers wait for each other's output, in a circle: ${names.slice(0, 5).join(', ')}${more}`;
}
