import type { RandomStream } from '@weightmap/core';

/** JSON that may also have what no value of JavaScript prints as: the same key twice, or a number such as 1e999. */
type Node =
  | { readonly kind: 'object'; entries: [key: string, value: Node][] }
  | { readonly kind: 'array'; items: Node[] }
  | { readonly kind: 'text'; readonly text: string };

/** Numbers at which parsers and sums go wrong, as JSON prints them; the last ones aren't JSON. */
export const numbers: readonly string[] = [
  '0',
  '-0',
  '-1',
  '1',
  '2',
  '0.5',
  '255',
  '256',
  '65536',
  '1000000000',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '1e15',
  '1e308',
  '-1e308',
  '1e-320',
  '1e999',
  '-1e999',
  '00',
  'NaN',
  '-Infinity',
  '0x10',
];

/** Strings that have meant trouble somewhere. */
export const strings: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\n',
  '\u001b[31m',
  '\ufeff',
  '\u202e',
  '\ud800',
  'ü',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '..',
  '../../x',
  '/etc/passwd',
  'C:\\x',
  'a/b',
  'NaN',
  'null',
  'true',
  '1',
  '-1',
  '1e999',
  '<svg onload=x>',
  '\'"&<>`',
  '=1+1',
  '$&',
  '%s',
  '2026-01-01T00:00:00Z',
  'x'.repeat(300),
  'y'.repeat(20_000),
  '0'.repeat(64),
  '*'.repeat(64),
];

const text = (value: unknown): Node => ({ kind: 'text', text: JSON.stringify(value) });

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(nodeOf) };
  if (value === null || typeof value !== 'object') return text(value);
  return { kind: 'object', entries: Object.entries(value).map(([key, inner]) => [key, nodeOf(inner)]) };
}

function printed(node: Node): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'array') return `[${node.items.map(printed).join(',')}]`;
  return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${printed(value)}`).join(',')}}`;
}

/** A place in a tree that can get another value. */
interface Place {
  readonly node: Node;
  readonly set: (node: Node) => void;
}

function* placesIn(node: Node, set: (node: Node) => void): Generator<Place> {
  yield { node, set };
  if (node.kind === 'array')
    for (const [i, item] of node.items.entries()) yield* placesIn(item, (other) => (node.items[i] = other));
  if (node.kind === 'object')
    for (const entry of node.entries) yield* placesIn(entry[1], (other) => (entry[1] = other));
}

/** The JSON with one to three changes of its structure or values; null if it isn't JSON. */
export function changeJson(json: string, random: RandomStream): string | null {
  let root: Node;
  try {
    root = nodeOf(JSON.parse(json));
  } catch {
    return null;
  }
  const changes = 1 + random.integer(3);
  for (let i = 0; i < changes; i++) {
    const places = [...placesIn(root, (node) => (root = node))];
    changeOne(places[random.integer(places.length)], places, random);
  }
  return printed(root);
}

function changeOne({ node, set }: Place, places: readonly Place[], random: RandomStream): void {
  const pick = <Item>(items: readonly Item[]): Item => items[random.integer(items.length)];
  const kind = random.uniform();
  if (node.kind === 'object' && node.entries.length > 0 && kind < 0.6) {
    const entry = pick(node.entries);
    pick([
      () => node.entries.splice(node.entries.indexOf(entry), 1),
      () => node.entries.push([entry[0], copyOf(pick(places).node)]), // the key a second time
      () => node.entries.push([pick(strings), copyOf(pick(places).node)]),
      () => (entry[0] = pick(strings)),
      () => node.entries.unshift(['__proto__', copyOf(node)]),
    ])();
    return;
  }
  if (node.kind === 'array' && kind < 0.6) {
    const item = node.items.length > 0 ? pick(node.items) : text(0);
    pick([
      () => void (node.items = node.items.slice(1)),
      () => void (node.items = []),
      () => void node.items.push(item),
      () => void (node.items = [...node.items, ...Array<Node>(300).fill(item)]),
      () => void node.items.reverse(),
    ])();
    return;
  }
  const isNumber = node.kind === 'text' && /^[-\d]/.test(node.text);
  const isString = node.kind === 'text' && node.text.startsWith('"');
  if (isNumber && kind < 0.7) return set({ kind: 'text', text: pick(numbers) });
  if (isString && kind < 0.7) return set(text(pick(strings)));
  set(
    pick<() => Node>([
      () => ({ kind: 'text', text: pick(numbers) }),
      () => text(pick(strings)),
      () => text(null),
      () => text(pick([true, false])),
      () => ({ kind: 'array', items: [] }),
      () => ({ kind: 'object', entries: [] }),
      () => ({ kind: 'array', items: [node] }),
      () => ({ kind: 'text', text: `${'['.repeat(5000)}${']'.repeat(5000)}` }),
      () => ({ kind: 'text', text: '{"a":'.repeat(2000) + '0' + '}'.repeat(2000) }),
    ])(),
  );
}

/** Apart from the tree, so that no node comes to lie within itself. */
const copyOf = (node: Node): Node => ({ kind: 'text', text: printed(node) });
