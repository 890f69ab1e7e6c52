import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { useEmptyMachine } from './_made.js';
import { csvOf, rowOf } from './_wild.js';

const machine = useEmptyMachine();
const require = createRequire(import.meta.url);

/** Where the sources find what they import, when they run in a process of their own. */
const IMPORTS: Readonly<Record<string, string>> = {
  '@weightmap/core': './errors.js',
  'csv-parse': require.resolve('csv-parse'),
  '@streamparser/json': require.resolve('@streamparser/json'),
};

/** Reads a list in a process whose heap is limited, which ends it if it keeps more than that. */
async function readWithin(
  heapMiB: number,
  reader: 'readKaggleCsv' | 'readCocoJson',
  list: string,
  classes: readonly string[],
): Promise<unknown> {
  const folder = join(machine.root, 'program');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type": "commonjs"}');
  const sources = new Set(['_iwildcam-csv', '_coco-json', '../../core/src/errors']);
  // A set gives also what is added while it is gone through: what a source imports.
  for (const source of sources) {
    const text = await readFile(join(import.meta.dirname, '../src', `${source}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const linked = outputText.replace(/require\("([^".]+)"\)/g, (all, name: string) =>
      IMPORTS[name] ? `require(${JSON.stringify(IMPORTS[name])})` : all,
    );
    for (const [, name] of outputText.matchAll(/require\("\.\/([^"]+)\.js"\)/g)) sources.add(name);
    await writeFile(join(folder, `${source.split('/').at(-1)}.js`), linked);
  }
  const module = join(folder, reader === 'readCocoJson' ? '_coco-json.js' : '_iwildcam-csv.js');
  const script = `
    const { ${reader} } = require(${JSON.stringify(module)});
    ${reader}(${JSON.stringify(list)}, ${JSON.stringify(classes)}).then(({ images }) =>
      console.log(JSON.stringify({ count: images.length, first: images[0], last: images.at(-1) })));`;
  const said = execFileSync(process.execPath, [`--max-old-space-size=${heapMiB}`, '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(said);
}

const ROWS = 100_000;

it('a CSV of 100,000 rows is read in less memory than its rows take', async () => {
  const list = join(machine.root, 'train.csv');
  const remark = 'a remark that nobody reads, '.repeat(6);
  const header = csvOf([]);
  // A row of each category, written once.
  const rows = Array.from({ length: 23 }, (_, category) =>
    csvOf([rowOf(category, '<name>', { rights_holder: remark, seq_id: '<sequence>' })]).slice(header.length),
  );
  await pipeline(
    Readable.from(
      (function* () {
        yield header;
        for (let i = 0; i < ROWS; i += 1000)
          yield Array.from({ length: 1000 }, (_, j) =>
            rows[(i + j) % 23].replaceAll('<name>', `${i + j}`).replace('<sequence>', `${i}`),
          ).join('');
      })(),
    ),
    createWriteStream(list),
  );
  expect((await stat(list)).size).toBeGreaterThan(20e6);
  expect(await readWithin(45, 'readKaggleCsv', list, ['fox'])).toEqual({
    count: Math.ceil((ROWS - 10) / 23),
    first: { id: '10', file: '10.jpg', label: 0, sequence: '0', location: '7' },
    last: expect.objectContaining({ label: 0, sequence: `${ROWS - 1000}` }) as unknown,
  });
});

it('a large JSON is read in less memory than its text takes', async () => {
  const list = join(machine.root, 'list.json');
  const remark = 'a remark that nobody reads, '.repeat(60);
  const count = 16_000;
  await pipeline(
    Readable.from(
      (function* () {
        yield '{"categories":[{"id":1,"name":"fox"},{"id":2,"name":"deer"}],"images":[';
        for (let id = 0; id < count; id++)
          yield `${id > 0 ? ',' : ''}{"id":${id},"file_name":"${id}.jpg","seq_id":"s","remark":"${remark}"}`;
        yield '],"annotations":[';
        for (let id = 0; id < count; id++)
          yield `${id > 0 ? ',' : ''}{"image_id":${id},"category_id":${1 + (id % 2)}}`;
        yield ']}';
      })(),
    ),
    createWriteStream(list),
  );
  expect((await stat(list)).size).toBeGreaterThan(27e6);
  expect(await readWithin(24, 'readCocoJson', list, ['deer'])).toEqual({
    count: count / 2,
    first: { id: '1', file: '1.jpg', label: 0, sequence: 's', location: null },
    last: expect.objectContaining({ id: `${count - 1}` }) as unknown,
  });
});
