// Lists every use of a word that docs/glossary.md retires, in all sources and documents; exits with 1 if there is one.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { retiredIn, retiredWords } from './_words.mjs';

const words = retiredWords(readFileSync('docs/glossary.md', 'utf8'));
const files = execFileSync('git', ['ls-files', '-z', '*.ts', '*.mjs', '*.md', '*.html', '*.css'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file && !['docs/glossary.md', 'tools/hygiene/test/words.test.mjs'].includes(file));

let found = 0;
for (const file of files)
  for (const { line, phrase, instead } of retiredIn(readFileSync(file, 'utf8'), words)) {
    console.log(`${file}:${line}: "${phrase}" → ${instead}`);
    found++;
  }
console.log(`${found} retired words in ${files.length} files (${words.length} in docs/glossary.md)`);
process.exitCode = found || words.length === 0 ? 1 : 0;
