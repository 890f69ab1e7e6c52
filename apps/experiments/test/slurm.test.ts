import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LaunchOptions, Work } from '../src/launchers/launcher.js';
import { cancelTasks, portions, queuedTasks, slurm } from '../src/launchers/slurm.js';
import { readSubmissions, type SlurmSubmission } from '../src/launchers/submissions.js';
import { jobIn } from '../src/slurm/submit-job.js';

describe('portions', () => {
  it('names the tasks of unfinished cells in ranges', () =>
    expect([...portions([5, 0, 1, 2, 9], 1001)]).toEqual([{ offset: 0, tasks: '0-2,5,9' }]));

  it('cuts what is longer than an array may be, each part from its offset', () => {
    const indices = [...Array.from({ length: 1002 }, (_, i) => i), 2500];
    expect([...portions(indices, 1001)]).toEqual([
      { offset: 0, tasks: '0-1000' },
      { offset: 1001, tasks: '0' },
      { offset: 2002, tasks: '498' },
    ]);
  });
});

describe('jobIn', () => {
  it.each<[string, ReturnType<typeof jobIn>]>([
    ['1002\n', { job: '1002', cluster: null }],
    ['1002;tetra-2.site\n', { job: '1002', cluster: 'tetra-2.site' }],
    ['Sun Jul  7 03:08:22 2019 [INFO4] [euid=5534] auks cred added\n1002\n', { job: '1002', cluster: null }],
    ['1002\r\nYour quota: 80 % of 500 GB used\r\n', { job: '1002', cluster: null }],
    ['sbatch: warning: account 12 expires\n\n  1002  \n\n', { job: '1002', cluster: null }],
    ['Submitted batch job 1002\n', { job: '1002', cluster: null }],
    ['Submitted batch job 1002 on cluster two\n', { job: '1002', cluster: 'two' }],
    ['1002\n1002\n', { job: '1002', cluster: null }],
    ['', null],
    ['0\n', null],
    ['job 1002 is fine\n', null],
    ['2019\n1002\n', null],
    ['1002;\n', null],
    ['1002; rm -rf ~\n', null],
    ['-1002\n1e3\n0x10\n', null],
  ])('%j is %j', (printed, expected) => expect(jobIn(printed)).toEqual(expected));
});

describe('a site whose Slurm commands print more', () => {
  let work: string;
  beforeEach(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-fake-slurm-'));
    vi.stubEnv('PATH', `${work}/bin:${process.env.PATH}`);
    vi.stubEnv('SQUEUE_STATES', 'RUNNING');
    await fake('scontrol', 'echo "Welcome to the cluster"; echo "MaxArraySize            = 1001"');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(work, { recursive: true, force: true });
  });
  const fake = async (name: string, script: string) => {
    await mkdir(`${work}/bin`, { recursive: true });
    await writeFile(`${work}/bin/${name}`, `#!/bin/bash\ncd ${work}\n${script}\n`, { mode: 0o755 });
  };
  /** Notes each job's name and answers with the words of `printed`, where $n is the id. */
  const sbatch = (printed: string, code = 0) =>
    fake(
      'sbatch',
      `cat > /dev/null; n=$(( $(cat id 2>/dev/null || echo 1000) + 1 )); echo $n > id
for a; do case "$a" in --job-name=*) echo "$n|\${a#--job-name=}" >> jobs;; --dependency=*) echo "$a" >> dependencies;; esac; done
printf '${printed}' "$n"; exit ${code}`,
    );
  /** Lists jobs by name and tasks by id, among other lines. */
  const squeue = () =>
    fake(
      'squeue',
      `echo "CLUSTER: one"; [ -n "$SQUEUE_STATES" ] && exit 0
while [ $# -gt 0 ]; do case "$1" in --name=*) grep "|\${1#--name=}$" jobs;; -j) echo "$2_0|PENDING|Priority"; echo "999_1|RUNNING|None";; esac; shift; done; true`,
    );
  const scancel = () => fake('scancel', 'echo "$*" >> cancelled');
  const launch = () =>
    slurm.launch(
      {
        kind: 'cells',
        command: 'cell',
        items: [{ index: 0 }],
        total: { count: 1, noun: 'cell' },
      } as unknown as Work,
      {
        run: path.join(work, 'run'),
        threads: 1,
        plugins: [],
        display: { line: () => {} },
        sbatchOptions: [],
      } as unknown as LaunchOptions,
    );
  const submitted = async () => (await readSubmissions(path.join(work, 'run')))[0] as SlurmSubmission;

  it.each([
    ['nothing else', '%s\\n'],
    ['a banner before the id', 'Sun Jul  7 [INFO4] auks cred added\\n%s\\n'],
    ['a warning after it', '%s\\nquota: 80 percent used\\n'],
    ['a cluster', '%s;one\\n'],
    ['no id at all', 'thank you\\n'],
    ['another number', '2019\\n%s\\n'],
  ])('with %s: the jobs are known, and can be cancelled', async (_, printed) => {
    await Promise.all([sbatch(printed), squeue(), scancel()]);
    await launch();
    const { arrays, report } = await submitted();
    expect({ job: arrays[0].job, report }).toEqual({ job: '1001', report: '1002' });
    expect(await readFile(`${work}/dependencies`, 'utf8')).toBe('--dependency=afterany:1001\n');
    expect(await queuedTasks({ arrays })).toEqual([{ index: 0, state: 'PENDING', reason: 'Priority' }]);
    expect(await cancelTasks(await submitted(), null)).toEqual([0]);
    expect(await readFile(`${work}/cancelled`, 'utf8')).toMatch(/\b1001\n(.* )?1002\n$/);
  });

  it('whose answer is lost: the job is found by its name, and not submitted twice', async () => {
    await Promise.all([sbatch('', 1), squeue()]);
    await launch();
    expect((await submitted()).arrays).toMatchObject([{ job: '1001' }]);
    expect((await readFile(`${work}/jobs`, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  it('who never names the job: an error with the way to remove it', async () => {
    await Promise.all([sbatch('welcome\\n'), fake('squeue', 'exit 1')]);
    await expect(launch()).rejects.toThrow("Slurm took a job, but its id can't be found");
  });

  it('cancels also when the queue cannot be read', async () => {
    await Promise.all([
      fake('squeue', 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1'),
      scancel(),
    ]);
    await cancelTasks(
      { arrays: [{ job: '7', cluster: null, offset: 0 }], report: null } as unknown as SlurmSubmission,
      null,
    );
    expect(await readFile(`${work}/cancelled`, 'utf8')).toBe('7\n');
  });
});
