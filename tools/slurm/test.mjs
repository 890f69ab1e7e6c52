// `nx run experiments:slurm-test`: starts a Slurm cluster on this machine and runs the launcher's tests on it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const here = import.meta.dirname;
const NEEDED = ['slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol', 'scancel', 'munged'];
const places = [...process.env.PATH.split(path.delimiter), '/usr/sbin', '/sbin'];
const missing = NEEDED.filter((name) => !places.some((place) => fs.existsSync(path.join(place, name))));
const why = missing.length
  ? `${missing.join(', ')} not found`
  : process.getuid() !== 0 && 'starting its daemons takes root';
if (why) {
  console.log(`Slurm can't be started here (${why}): its tests were NOT run.`);
  console.log(
    'On Debian, as root: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge',
  );
  process.exit(process.argv.includes('--required') ? 1 : 0);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weightmap-cluster-'));
const script = path.join(here, 'start-cluster.sh');
const run = (command, args, options) =>
  spawnSync(command, args, { stdio: 'inherit', ...options }).status ?? 1;
process.env.PATH += `${path.delimiter}/usr/sbin`;
let status = run('bash', [script, folder]);
if (status === 0)
  status = run('npx', ['vitest', 'run', 'test/slurm-cluster.test.ts'], {
    cwd: path.resolve(here, '../../apps/experiments'),
    env: { ...process.env, SLURM_CONF: path.join(folder, 'slurm.conf') },
  });
run('bash', [script, '--stop', folder]);
if (status === 0)
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }); // daemons end a little later
else console.error(`the cluster's logs are in ${folder}`);
process.exit(status);
