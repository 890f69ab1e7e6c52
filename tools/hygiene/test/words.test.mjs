import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { retiredIn, retiredWords } from '../_words.mjs';

const glossary = `# Glossary

| word | meaning |
| ---- | ------- |
| run  | a folder |

| not          | but            |
| ------------ | -------------- |
| \`errs less\`  | has lower error |
| \`told by\`    | detected from   |
`;

test('the words are those of the table "not | but"', () => {
  expect(retiredWords(glossary).map(({ phrase, instead }) => [phrase, instead])).toEqual([
    ['errs less', 'has lower error'],
    ['told by', 'detected from'],
  ]);
});

test('a phrase is found in any case, over a line break and behind a comment mark, and only as whole words', () => {
  const text = 'A\n * Errs\n * less than B.\nSold told bytes. Told by its id.\n';
  expect(retiredIn(text, retiredWords(glossary))).toEqual([
    { line: 2, phrase: 'errs less', instead: 'has lower error' },
    { line: 4, phrase: 'told by', instead: 'detected from' },
  ]);
});

test('no source and no document of this repository uses a retired word', () => {
  const { status, stdout } = spawnSync(process.execPath, ['tools/hygiene/words.mjs'], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/^0 retired words in \d{3,} files/m);
  expect(status).toBe(0);
});
