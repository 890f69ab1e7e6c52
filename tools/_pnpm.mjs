// The project's own pnpm, the version that the root manifest names.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const { packageManager } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
export const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';

/** Runs it. @returns { stdout, stderr } */
export const pnpm = (args, options) =>
  promisify(execFile)(npx, ['-y', packageManager, ...args], { cwd: root, maxBuffer: 2 ** 26, ...options });
