import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

type Edit = (text: string, ...rest: string[]) => string;
const edits = createRequire(import.meta.url)('../src/_edits.cjs') as Record<
  'addModule' | 'addProperty' | 'addElement' | 'addMember' | 'addBefore',
  Edit
> &
  Record<'keysOf' | 'exportsOf', (text: string, ...rest: string[]) => string[]>;
const { addModule, addProperty, addElement, addMember, addBefore, keysOf, exportsOf } = edits;

describe('a row in an object', () => {
  it.each([
    ['{ a, b }', '{ a, b,\nc }'],
    ['{ a, b, }', '{ a, b,\nc, }'],
    ['{ a, /* } */ "b": "}", } as const', '{ a, /* } */ "b": "}",\nc, } as const'],
    [
      '({ a }) as const satisfies Record<string, { b: 1 }>',
      '({ a,\nc }) as const satisfies Record<string, { b: 1 }>',
    ],
    ['{}', '{c}'],
  ])('comes last: %s', (literal, expected) => {
    const [before, after] = ['// const rows = {};\nconst others = { x };\n', ';\nconst z = {};\n'];
    expect(addProperty(`${before}export const rows = ${literal}${after}`, 'rows', 'c')).toBe(
      `${before}export const rows = ${expected}${after}`,
    );
  });

  it('is missed where there is no such object', () => {
    for (const text of ['', 'const rows = [];', 'let other = {};', 'const s = "const rows = {}";'])
      expect(() => addProperty(text, 'rows', 'c')).toThrow('there is no object called rows');
  });

  it('its keys are what they are called', () => {
    expect(keysOf("const rows = { a, 'b-c': 1, d: { e: 2 }, f() {} } as const;", 'rows')).toEqual([
      ...['a', 'b-c', 'd', 'f'],
    ]);
  });
});

describe('other places', () => {
  it('a module comes where the alphabet has it, among those of the package', () => {
    const text =
      "import { z } from 'zod';\nimport { a } from './a.js';\nimport { c } from './c.js';\n\na(c, z);\n";
    expect(addModule(text, "import { b } from './b.js';")).toBe(
      text.replace('import { c', "import { b } from './b.js';\nimport { c"),
    );
    expect(addModule(text, "import { d } from './d.js';")).toContain(
      "'./c.js';\nimport { d } from './d.js';\n",
    );
    expect(addModule(text, "import { _ } from './A.js';")).toContain("'zod';\nimport { _ }");
    expect(() => addModule(text, "export * from './b.js';")).toThrow('no statement like it');
  });

  it('an element, a member and a statement', () => {
    expect(addElement('const list: T[] = [...a, b];', 'list', '...c')).toBe(
      'const list: T[] = [...a, b,\n...c];',
    );
    expect(addMember('interface I {\n  a: 1;\n}', 'I', 'b: 2;')).toBe('interface I {\n  a: 1;\nb: 2;\n}');
    expect(addMember('interface I {}', 'I', 'b: 2;')).toBe('interface I {\nb: 2;}');
    expect(() => addMember('type I = {};', 'I', 'b: 2;')).toThrow('no interface called I');
    expect(addBefore('const a = 1;\n\n/** B. */\nconst b = 2;', 'b', 'const c = 3;')).toBe(
      'const a = 1;\n\nconst c = 3;\n\n/** B. */\nconst b = 2;',
    );
  });

  it('exported are functions, constants, types; not what is passed on', () => {
    const text =
      "export const a = 1, b = 2;\nexport function c() {}\nexport interface D {}\nexport type E = 1;\nconst f = 1;\nexport * from './g.js';";
    expect(exportsOf(text)).toEqual(['a', 'b', 'c', 'D', 'E']);
  });
});
