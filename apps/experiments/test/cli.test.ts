import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { availableEngines } from '@weightmap/engine';
import type { RunRecord } from '@weightmap/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  childrenOf,
  cli,
  here,
  inside,
  weightmap as inProcesses,
  type CommandOptions,
  type Outcome,
} from './_command.js';
import { recordIn, scientific } from './_scientific.js';

const isNative = (await availableEngines()).includes('native');
/** Epochs of a cell that is stopped after its first: enough that a signal comes before the last, however busy the machine is. */
const MANY = 10;
let work: string;
let made: string;

/** Runs the command in the tests' own folder. */
const weightmap = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> =>
  inside(args, { work, cwd: work, env });

/** Runs the built command there, a process for it and one for each cell. */
const built = (args: readonly string[], options: Partial<CommandOptions> = {}): Promise<Outcome> =>
  inProcesses(args, { work, cwd: work, ...options });

/** What every complaint has: a reason, a non-zero exit, and no stack. */
function expectComplaint({ code, stderr }: Outcome, ...texts: string[]): void {
  expect(code, stderr).not.toBe(0);
  for (const text of texts) expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/^\s+at /m);
}

const readRecord = (run: string, variant: string): RunRecord =>
  recordIn(path.join(run, `cells/digits/${variant}/trial-1`));

const smoke = (out: string, ...more: string[]) => [
  'run',
  'smoke',
  '--dataset',
  'digits',
  '--out',
  out,
  ...more,
];

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error('The command is not built: run `npx nx build experiments` first.');
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-cli-'));
  made = path.join(work, 'made ü "run"');
  const outcome = await weightmap(smoke(made, '--select', 'cnn-33,cnn-*-32'));
  expect(outcome.code, outcome.stderr).toBe(0);
});
afterAll(() => rm(work, { recursive: true, force: true }));

describe('weightmap run', () => {
  it('leaves a record, weights, pictures and a report for each cell', async () => {
    for (const variant of ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32']) {
      const record = readRecord(made, variant);
      const folder = path.join(made, `cells/digits/${variant}/trial-1`);
      expect(record.history).toHaveLength(1);
      expect(record.noise.map(({ beta }) => beta)).toEqual([0, 0.5]);
      expect(record.fgsm.map(({ epsilon }) => epsilon)).toEqual([0, 0.1]);
      expect(record.noise[0].errorPercent).toBe(record.testErrorPercent);
      for (const { image, heatmap } of record.gradCam)
        for (const picture of [image, heatmap])
          expect(existsSync(path.join(folder, picture)), picture).toBe(true);
      for (const file of ['history.jsonl', 'weights/model.json'])
        expect(existsSync(path.join(folder, file)), file).toBe(true);
    }
    const html = await readFile(path.join(made, 'report/index.html'), 'utf8');
    for (const variant of ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32']) expect(html).toContain(variant);
    expect(existsSync(path.join(made, 'report/report.md'))).toBe(true);
  });

  it('skips what is done, and repeats it to the same record elsewhere', async () => {
    const again = await weightmap(smoke(made, '--select', 'cnn-33'));
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('1 of 1 cell already done');
    const elsewhere = path.join(work, 'elsewhere');
    expect((await weightmap(smoke(elsewhere, '--select', 'cnn-33'))).code).toBe(0);
    const [first, second] = [readRecord(made, 'cnn-33'), readRecord(elsewhere, 'cnn-33')];
    expect(scientific(second)).toEqual(scientific(first));
  });

  it('refuses to mix in results of another configuration, unless forced', async () => {
    const run = path.join(work, 'mixed');
    await cp(made, run, { recursive: true });
    const args = smoke(run, '--select', 'cnn-33', '--epochs', '2');
    expectComplaint(await weightmap(args), '1 stale, 0 valid', 'cnn-33 trial 1', '--force');
    expect(readRecord(run, 'cnn-33').epochs).toBe(1);
    expect((await weightmap([...args, '--force'])).code).toBe(0);
    expect(readRecord(run, 'cnn-33').epochs).toBe(2);
  });

  it('stops on Ctrl-C with its checkpoints, and continues to the same record', async () => {
    const args = (run: string) => smoke(path.join(work, run), '--select', 'cnn-33', '--epochs', `${MANY}`);
    const env = { WEIGHTMAP_COMPILE: '' }; // as a user runs it
    const stopped = await built(args('stopped'), {
      env,
      until: (output, stop) => {
        if (output.includes(`epoch 1/${MANY}`)) stop('SIGINT');
      },
    });
    expect(stopped.code, stopped.stdout + stopped.stderr).toBe(75);
    expect(existsSync(path.join(work, 'stopped/cells/digits/cnn-33/trial-1/record.json'))).toBe(false);
    const continued = await weightmap(args('stopped'), env);
    expect(continued.stdout).toContain('(from the checkpoint)');
    await weightmap(args('straight'), env);
    const [a, b] = ['stopped', 'straight'].map((run) => readRecord(path.join(work, run), 'cnn-33'));
    expect(a.history).toEqual(b.history);
    expect({ error: a.testErrorPercent, noise: a.noise, fgsm: a.fgsm }).toEqual({
      error: b.testErrorPercent,
      noise: b.noise,
      fgsm: b.fgsm,
    });
  });

  it('stops a cell whose loss is no number, says where, keeps its checkpoint, and goes on with the next', async () => {
    const run = path.join(work, 'nan');
    const outcome = await weightmap(
      smoke(run, '--select', 'cnn-33,cnn-smooth-32', '--learning-rate', '1e30', '--epochs', '2'),
    );
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(/cnn-33 trial 1: .*step \d+/);
    expect(outcome.stdout).toContain('cnn-smooth-32 trial 1: ');
    expect(existsSync(path.join(run, 'cells/digits/cnn-33/trial-1/record.json'))).toBe(false);
  });

  it('uses the digits with a note where MNIST is not found', async () => {
    const outcome = await weightmap(['run', 'smoke', '--select', 'cnn-33', '--offline', '--dry-run']);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout).toContain('MNIST was not found');
    expect(outcome.stdout).toContain('procedural digits');
  });

  it('estimates a run whose data is missing, and names the rows that it would leave out', async () => {
    const rows = ['--select', 'resnet-conv', '--epochs', '30', '--trials', '1'];
    const outcome = await weightmap(['run', 'standard', ...rows, '--dry-run']);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout).toMatch(
      /iWildCam is not on this machine: 1 variant left out \(resnet-conv\)\. .* `weightmap run standard --select resnet-conv --epochs 30 --trials 1` again/,
    );
    expect(outcome.stdout).toMatch(/^– +mnist +resnet-conv +1 +30 +407,234 /m);
    expect(outcome.stdout).toMatch(/^left out +iwildcam +resnet-conv +1 +30 +407,234 /m);
    expect(outcome.stdout).toMatch(/^about .+ in one process, .+ with \d+ at a time/m);
    expect(outcome.stdout).toMatch(/^left out: iWildCam, 1 cell, about .+ more/m);
    expectComplaint(
      await weightmap(['run', 'standard', ...rows, '--offline', '--out', path.join(work, 'none')]),
      'No variant can run: MNIST, CIFAR-10 and iWildCam are missing',
    );
  });

  it.runIf(isNative)('writes logs for TensorBoard where it is asked to', async () => {
    const run = path.join(work, 'logs');
    const outcome = await weightmap(smoke(run, '--select', 'cnn-33', '--tensorboard'));
    expect(outcome.code, outcome.stderr).toBe(0);
    const files = await readdir(path.join(run, 'cells/digits/cnn-33/trial-1/tensorboard'));
    expect(files).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
    expect(existsSync(path.join(made, 'cells/digits/cnn-33/trial-1/tensorboard'))).toBe(false);
  });

  it('lists cells, and how long they would take, without training on --dry-run', async () => {
    const out = path.join(work, 'dry');
    const outcome = await weightmap(smoke(out, '--select', 'cnn-smooth-*', '--trials', '2', '--dry-run'));
    expect(outcome.code).toBe(0);
    expect(outcome.stdout.match(/^[0-9a-f]{10} +digits +cnn-smooth-32-k9 /gm)).toHaveLength(2);
    expect(outcome.stdout).toContain('1,157,226');
    expect(outcome.stdout).toMatch(
      /about \d[\d.]* (s|min \d+ s) in one process, \d[\d.]* (s|min \d+ s) with \d+ at a time/,
    );
    expect(existsSync(out)).toBe(false);
  });
});

describe('weightmap cell', () => {
  it('works on one cell of a run that was begun, by its place or its id, and does nothing twice', async () => {
    const run = path.join(work, 'one cell');
    await built(smoke(run, '--select', 'cnn-33', '--epochs', `${MANY}`), {
      until: (output, stop) => {
        if (output.includes(`epoch 1/${MANY}`)) stop('SIGTERM');
      },
    });
    const first = await weightmap(['cell', '--run', run, '--index', '0']);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain('cnn-33 trial 1');
    const { cellId } = readRecord(run, 'cnn-33');
    const again = await weightmap(['cell', '--run', run, '--cell', cellId.slice(0, 8)]);
    expect(again).toMatchObject({ code: 0, output: '' });
  });

  it('explains what is missing', async () => {
    expectComplaint(await weightmap(['cell', '--run', work, '--index', '0']), 'no run in', 'weightmap run');
    expectComplaint(await weightmap(['cell', '--run', made, '--index', '9']), 'no such cell', '0 … 2');
    expectComplaint(await weightmap(['cell', '--run', made, '--index', 'one']), '--index', 'whole number');
    expectComplaint(await weightmap(['cell', '--run', made]), 'Which cell?');
  });

  it.runIf(process.platform === 'linux')(
    'is restarted from its checkpoint when it is killed, with a note',
    async () => {
      const run = path.join(work, 'killed');
      let killed = false;
      const outcome = await built(
        smoke(run, '--select', 'cnn-33', '--trials', '2', '--epochs', `${MANY}`, '--workers', '1'),
        {
          until(output, _, pid) {
            if (killed || !output.includes(`cnn-33 trial 1  epoch 1/${MANY}`)) return;
            const [child] = childrenOf(pid);
            if (!child) return; // between two of them: with the next output
            killed = true;
            process.kill(child, 'SIGKILL');
          },
        },
      );
      expect(outcome.code, outcome.stdout).toBe(0);
      expect(outcome.stdout).toMatch(/cnn-33 trial 1: SIGKILL ended its process; restarting/);
      expect(outcome.stdout).toContain('(from the checkpoint)');
      expect(recordIn(path.join(run, 'cells/digits/cnn-33/trial-2')).epochs).toBe(MANY);
      const log = await readFile(path.join(run, 'cells/digits/cnn-33/trial-1/worker.log'), 'utf8');
      expect(log).toContain(`epoch 1/${MANY}`);
      expect(readRecord(run, 'cnn-33').history).toHaveLength(MANY);
    },
  );
});

describe('bad input', () => {
  it.each([
    [2, ['run', 'quik'], 'no preset "quik"', '"quick"'],
    [
      2,
      ['run', 'smoke', '--select', 'cnn-smoth-32', '--dataset', 'digits'],
      'no variant "cnn-smoth-32"',
      '"cnn-smooth-32"',
    ],
    [2, ['run', 'smoke', '--select', '*,!cnn-wid', '--dry-run'], 'no variant "cnn-wid"', '"cnn-wide"'],
    [2, ['run', 'smoke', '--dataset', 'minst'], 'no dataset "minst"', '"mnist"'],
    [2, ['run', 'smoke', '--sbatch', 'mem=4G'], '--sbatch has no effect', '--launcher slurm'],
    [2, ['run', 'smoke', '--threads', '9999'], '9,999 threads', 'leave --threads out'],
    [2, ['run', '--epochs', '0'], '--epochs', 'whole number'],
    [2, ['run', '--trials', 'three'], '--trials', 'whole number'],
    [1, ['report', 'nowhere'], 'no run in "nowhere"', 'weightmap run'],
    [1, ['report', '.'], 'no run in "."', 'weightmap run'],
  ])('exit code %i: %j', async (code, args, ...texts) => {
    const outcome = await here(...args);
    expectComplaint(outcome, ...texts);
    expect(outcome.code).toBe(code);
  });

  it('an unknown command and an unknown name end the process with code 2', async () => {
    for (const word of ['runn', 'run']) {
      const outcome = await built([word, 'quik']);
      expectComplaint(outcome, word === 'run' ? 'no preset "quik"' : "unknown command 'runn'");
      expect(outcome.code).toBe(2);
    }
  });

  it('an engine that does not exist', async () =>
    expectComplaint(
      await built(['doctor'], { env: { WEIGHTMAP_ENGINE: 'gpu' } }),
      'no engine "gpu"',
      'native, wasm, cpu',
    ));

  it('damaged, truncated and altered MNIST files are named and not replaced by anything', async () => {
    const idx = (magic: number, sizes: number[], bytes: number) => {
      const header = Buffer.alloc(4 + 4 * sizes.length);
      [magic, ...sizes].forEach((value, i) => header.writeInt32BE(value, 4 * i));
      return Buffer.concat([header, Buffer.alloc(bytes)]);
    };
    const whole = {
      'train-images-idx3-ubyte.gz': gzipSync(idx(0x803, [60000, 28, 28], 60000 * 784)),
      'train-labels-idx1-ubyte.gz': gzipSync(idx(0x801, [60000], 60000)),
      't10k-images-idx3-ubyte.gz': gzipSync(idx(0x803, [10000, 28, 28], 7840000)),
      't10k-labels-idx1-ubyte.gz': gzipSync(idx(0x801, [10000], 10000)),
    };
    const first = 'train-images-idx3-ubyte.gz';
    const damages: [string, Buffer, RegExp][] = [
      ['checksum', whole[first], /SHA-256|checksum/i],
      ['truncated', whole[first].subarray(0, 9000), /truncated|cut|ends|incomplete/i],
      ['magic', gzipSync(idx(0x999, [60000, 28, 28], 60000 * 784)), /magic|IDX/i],
    ];
    for (const [name, bytes, expected] of damages) {
      const folder = path.join(work, `mnist-${name}`);
      await mkdir(folder, { recursive: true });
      for (const [file, content] of Object.entries(whole)) await writeFile(path.join(folder, file), content);
      await writeFile(path.join(folder, first), bytes);
      const outcome = await weightmap([
        'run',
        'smoke',
        '--data',
        folder,
        '--offline',
        '--out',
        path.join(work, name),
      ]);
      expectComplaint(outcome, first);
      expect(outcome.stderr).toMatch(expected);
      expect(await readFile(path.join(folder, first))).toEqual(bytes);
    }
  });

  it('an output folder that cannot be made', async () => {
    await writeFile(path.join(work, 'file'), '');
    expectComplaint(
      await weightmap(smoke(path.join(work, 'file/run'), '--select', 'cnn-33')),
      "can't be written",
      '--out',
    );
  });

  it('an output folder without room: an error, and no half-written file under a final name', async () => {
    const out = path.join(work, 'full');
    const outcome = await built(smoke(out, '--select', 'cnn-33'), {
      shell: "trap '' XFSZ; ulimit -f 64",
    });
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toContain('The disk is full');
    expect(existsSync(path.join(out, 'cells/digits/cnn-33/trial-1/record.json'))).toBe(false);
    expect(existsSync(path.join(out, 'cells/digits/cnn-33/trial-1/checkpoint/last.ckpt'))).toBe(false);
  });

  it('a corrupted record is named, skipped and counted by the report', async () => {
    const run = path.join(work, 'corrupted');
    await cp(made, run, { recursive: true });
    await writeFile(path.join(run, 'cells/digits/cnn-33/trial-1/record.json'), '{"schemaVersion": 1, "half');
    const outcome = await weightmap(['report', run]);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('2 records, 1 damaged');
    expect(await readFile(path.join(run, 'report/index.html'), 'utf8')).toContain(
      'cells/digits/cnn-33/trial-1/record.json',
    );
  });
});

describe('weightmap export', () => {
  it('writes tables and weights, and says which', async () => {
    const out = path.join(work, 'exported');
    const words = ['--format', 'parquet', '--weights', '--select', 'cnn-33', '--out', out, '--json'];
    const { code, stdout, stderr } = await weightmap(['export', made, ...words]);
    expect(code, stderr).toBe(0);
    const { files, records } = JSON.parse(stdout) as { files: string[]; records: number };
    expect(records).toBe(1);
    const names = files.map((file) => path.relative(out, file).split(path.sep).join('/'));
    const weights = 'weights/digits/cnn-33/trial-1.safetensors';
    expect(names).toEqual(['networks.parquet', 'robustness.parquet', 'history.parquet', weights]);
    expect((await readFile(files[0])).toString('latin1')).toMatch(/^PAR1.*PAR1$/s);
    expect((await readFile(files[3])).toString('latin1')).toContain('"conv1.kernel":{"dtype":"F32"');
  });

  it('says what there is not', async () =>
    expectComplaint(
      await weightmap(['export', made, '--select', '*,!cnn-*']),
      'nothing to export',
      '--select',
    ));
});

describe('weightmap list --json', () => {
  it('has the parameters and the FLOPs of table 4', async () => {
    const { stdout } = await weightmap(['list', '--json']);
    const rows = JSON.parse(stdout) as {
      id: string;
      dataset: string;
      parameters: number;
      flops: { paper: number; executed: number };
    }[];
    const printed = (operations: number, digits: number) =>
      Math.trunc((operations / 1e9) * 10 ** digits) / 10 ** digits;
    const expected: [string, number, number, number][] = [
      ['cnn-wide', 1187030, 1.07, 2],
      ['cnn-33', 261070, 0.014, 3],
      ['cnn-33-batchnorm', 261218, 0.014, 3],
      ['cnn-33-k9', 360862, 0.125, 3],
      ['cnn-33-input-scale', 261854, 0.014, 3],
      ['cnn-smooth-32', 1157226, 0.013, 3],
      ['cnn-smooth-32-batchnorm', 1157370, 0.013, 3],
      ['cnn-smooth-32-k9', 1157226, 0.119, 3],
      ['cnn-unsharp-32', 1487178, 0.02, 3],
    ];
    for (const [id, parameters, gflops, digits] of expected) {
      const row = rows.find((candidate) => candidate.id === id);
      expect(row, id).toMatchObject({ dataset: 'mnist', parameters });
      expect(printed(row!.flops.paper, digits), id).toBe(gflops);
      expect(row!.flops.executed, id).toBeGreaterThan(0);
    }
  });
});

describe('weightmap doctor --json', () => {
  it('names the engine, the datasets and what to do', async () => {
    const { stdout, code } = await built(['doctor', '--json'], { env: { WEIGHTMAP_ENGINE: 'cpu' } });
    expect(code).toBe(0);
    const findings = JSON.parse(stdout) as {
      engine: { name: string };
      datasets: { id: string; found: string | null }[];
      problems: { fix: string }[];
    };
    expect(findings.engine.name).toBe('cpu');
    expect(findings.datasets.find(({ id }) => id === 'mnist')?.found).toBeNull();
    expect(findings.problems.every(({ fix }) => fix.length > 0)).toBe(true);
    expect(findings.problems.length).toBeGreaterThan(0);
  });
});
