import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * What is installed, in turn, unless it can be imported already. Of PyTorch the build for processors alone, which is a tenth as
 * large, where pip knows an index that has it (its variable PIP_EXTRA_INDEX_URL), else what the default index has.
 */
const NEEDED = [
  { module: 'torch', install: ['torch==2.13.0+cpu', 'numpy'], otherwise: ['torch==2.13.0', 'numpy'] },
  { module: 'foolbox', install: ['foolbox==3.3.4'] },
  { module: 'art', install: ['adversarial-robustness-toolbox==1.20.1', 'packaging'] },
  // Its own list of what it needs wants torchvision, which brings another torch, and needs neither.
  { module: 'torchattacks', install: ['--no-deps', 'torchattacks==3.5.1', 'tqdm', 'requests', 'scipy'] },
];

/** Makes the virtual environment, if there is none, and installs what is missing. @returns its Python. */
export function preparePython(folder) {
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) run('python3', ['-m', 'venv', folder]);
  for (const { module, install, otherwise } of NEEDED) {
    if (run(python, ['-c', `import ${module}`], 'ignore')) continue;
    if (!pip(python, install) && otherwise) pip(python, otherwise);
  }
  return python;
}

function pip(python, install) {
  console.log(`installing ${install.filter((word) => !word.startsWith('--')).join(', ')}`);
  return run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...install]);
}

const run = (command, args, stdio = ['ignore', 'inherit', 'inherit']) =>
  spawnSync(command, args, { stdio }).status === 0;

/** Starts peers.py. @returns { hello, ask(request), end() }, `ask` giving the answer to a request. */
export async function startPeers(python, folder, threads) {
  const script = fileURLToPath(new URL('peers.py', import.meta.url));
  const child = spawn(python, [script, folder, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.on('error', (problem) => console.error(`${python}: ${problem.message}`));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    return done ? { error: 'Python ended' } : JSON.parse(value);
  };
  return {
    hello: await read(),
    ask: (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return read();
    },
    end: () => child.stdin.end(),
  };
}
