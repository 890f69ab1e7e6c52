// Installs the packed packages by npm and by pnpm in empty projects, and uses them as a user would. Needs a network.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { entries, importing, requiring } from './_consumer.mjs';
import { pnpm } from '../_pnpm.mjs';
import { packAll } from './_pack.mjs';

const execute = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const installers = {
  npm: (cwd) => execute(npm, ['install', '--no-audit', '--no-fund'], { cwd }),
  // The packages depend on each other by version, which no registry has yet.
  pnpm: (cwd) => pnpm(['install', '--ignore-workspace', '--no-frozen-lockfile'], { cwd }),
};

const work = await mkdtemp(path.join(tmpdir(), 'weightmap-install-'));
try {
  const packed = await packAll(path.join(work, 'tarballs'));
  const tarballs = Object.fromEntries(
    packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]),
  );
  const peer = packed[0].manifest.peerDependencies;
  for (const [name, install] of Object.entries(installers)) {
    const project = path.join(work, name);
    await mkdir(project);
    const manifest = {
      private: true,
      dependencies: { ...peer, ...tarballs },
      overrides: tarballs,
      pnpm: { overrides: tarballs },
    };
    await writeFile(path.join(project, 'package.json'), JSON.stringify(manifest));
    await install(project);
    for (const [file, code] of Object.entries({ 'importing.mjs': importing, 'requiring.cjs': requiring })) {
      await writeFile(path.join(project, file), code);
      const { stdout } = await execute(process.execPath, [file], { cwd: project });
      const found = stdout
        .trim()
        .split('\n')
        .filter((line) => / (function|object)$/.test(line)).length;
      if (found !== Object.keys(entries).length) throw new Error(`${name}, ${file}: ${stdout}`);
      console.log(`${name}: ${file} uses ${found} entry points`);
    }
    const command = (...args) =>
      execute(process.execPath, [path.join(project, 'node_modules/weightmap/dist/cli.js'), ...args], {
        cwd: project,
      });
    const { engine } = JSON.parse((await command('doctor', '--json')).stdout);
    console.log(`${name}: weightmap doctor: the ${engine.name} engine`);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
