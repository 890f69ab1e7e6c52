import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = path.resolve(import.meta.dirname, '..');

/** Runs a script in a process of its own, as a user of the built packages would. */
const run = async (kind: 'module' | 'commonjs', script: string) => {
  const args = [`--input-type=${kind}`, '-e', script];
  return (await promisify(execFile)(process.execPath, args, { cwd: folder })).stdout.trim();
};

describe.each([
  ['core', 'randomStream'],
  ['core/files', 'writeWhole'],
  ['engine', 'startEngine'],
  ['datasets', 'datasets'],
  ['wm-layers', 'smoothingWeightMap'],
  ['architectures', 'buildVariant'],
  ['training', 'train'],
  ['attacks', 'fgsm'],
  ['metrics', 'robustnessCurve'],
])('@weightmap/%s, built', (name, symbol) => {
  it('can be imported alone', async () => {
    const script = `import { ${symbol} } from '@weightmap/${name}'; console.log(typeof ${symbol});`;
    expect(await run('module', script)).toMatch(/^(function|object)$/);
  });

  it('can be required alone', async () => {
    const script = `const { ${symbol} } = require('@weightmap/${name}'); console.log(typeof ${symbol});`;
    expect(await run('commonjs', script)).toMatch(/^(function|object)$/);
  });
});
