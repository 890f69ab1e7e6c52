import { readFile } from 'node:fs/promises';

/** The examples of a README that stand on their own, which is those that import something. */
export async function examplesIn(readme) {
  const text = await readFile(readme, 'utf8');
  return [...text.matchAll(/^```(js|ts)\n(.*?)^```/gms)]
    .map(([, , code]) => code)
    .filter((code) => /^import /m.test(code));
}
