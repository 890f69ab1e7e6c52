// Before packing: the explorer's page goes into the package of the command. `--remove` takes it out again.
import { cpSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../_pnpm.mjs';

const page = path.join(root, 'apps/explorer/dist');
const copy = path.join(root, 'apps/experiments/explorer');
rmSync(copy, { recursive: true, force: true });
if (!process.argv.includes('--remove')) {
  if (!existsSync(path.join(page, 'explorer.js'))) {
    console.error('The explorer has not been built: run `npx nx build explorer` first.');
    process.exit(1);
  }
  cpSync(page, path.join(copy, 'dist'), { recursive: true });
}
