import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8');

test('every test that docs/security.md names exists, and every rule of it has one', () => {
  const named = [...text.matchAll(/`([\w./-]+\.test\.\w+)`/g)].map(([, file]) => file);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  const [, section] = text.split('\n## Rules, and the tests that hold them\n');
  const rules = section
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => /^\| (?!what |-)/.test(line));
  expect(rules.length).toBeGreaterThan(5);
  expect(rules.filter((rule) => !/\.test\.\w+` *\|$/.test(rule))).toEqual([]);
});
