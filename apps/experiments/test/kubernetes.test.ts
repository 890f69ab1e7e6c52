import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Job } from 'kubernetes-types/batch/v1.js';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { runCommand } from '../src/commands/run.js';
import { indexedJob, jobName, kubernetes } from '../src/launchers/kubernetes.js';
import type { LaunchOptions, Work } from '../src/launchers/launcher.js';
import { EXIT } from '../src/terminal/exit-codes.js';
import { cli, inside, type Outcome } from './_command.js';
import { root } from './_guide.js';

// Its type is checked when the tests are compiled, the printed text when they run.
const job = indexedJob({
  name: 'weightmap-cells-1',
  command: 'cell',
  completions: 93,
  workers: 8,
  threads: 2,
  image: 'lab/weightmap:1',
  claim: 'runs',
}) satisfies Job;

describe('the Kubernetes job', () => {
  it('gives every pod the cell of its index', () => {
    expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 93, parallelism: 8 });
    const [{ command, args, volumeMounts }] = job.spec.template.spec.containers;
    expect(command.slice(-2)).toEqual(['--index', '$(JOB_COMPLETION_INDEX)']);
    expect(args).toEqual(['--threads', '2']);
    expect(command[command.indexOf('--run') + 1]).toBe(volumeMounts[0].mountPath);
    expect(job.spec.template.spec.volumes[0].persistentVolumeClaim.claimName).toBe('runs');
  });

  it('restarts a pod that stopped with a checkpoint or lost its node, not one that failed permanently', () => {
    // A pod failure policy is only allowed with this restart policy.
    expect(job.spec.template.spec.restartPolicy).toBe('Never');
    const [disruption, stopped, failed] = job.spec.podFailurePolicy.rules;
    expect(disruption).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] });
    expect(stopped).toMatchObject({ action: 'Ignore', onExitCodes: { values: [75] } });
    expect(failed).toMatchObject({ action: 'FailIndex', onExitCodes: { values: [1] } });
    expect(job.spec.maxFailedIndexes).toBe(93);
  });
});

describe('its name', () => {
  it.each([
    'paper',
    '.',
    'Überlauf: "a" & b\n',
    '--force',
    '0x1F',
    `${'long-'.repeat(50)}run`,
    '日本',
    '$(rm -rf ~)',
    '-a-',
  ])('is a DNS label for a run in %j, with room for its pods', (run) => {
    const name = jobName(`/runs/${run}`, 'attacks');
    expect(name).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
    expect(`${name}-99999-abcde`.length).toBeLessThanOrEqual(63);
    expect(jobName(`/runs/${run}`, 'attacks')).toBe(name);
  });

  it('differs between runs, and between the kinds of work of a run', () => {
    const names = [
      jobName('/a/paper', 'cells'),
      jobName('/b/paper', 'cells'),
      jobName('/a/paper', 'attacks'),
    ];
    expect(new Set(names).size).toBe(3);
  });
});

describe('what it is printed with', () => {
  const work = { kind: 'cells', command: 'cell', items: [{ index: 4 }] } as unknown as Work;
  const launch = (image: string, claim: string) => {
    let printed = '';
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => ((printed += String(text)), true));
    try {
      void kubernetes.launch(work, {
        run: '/runs/a',
        threads: 1,
        image,
        claim,
        display: { line: () => {} },
      } as unknown as LaunchOptions);
      return printed;
    } finally {
      write.mockRestore();
    }
  };

  it.each([
    'yes',
    'on',
    'null',
    '0x1f',
    '1e3',
    '12:30',
    'registry.example.org:5000/a/b_c:1.0@sha256:' + 'a'.repeat(64),
    '010',
  ])('the image %s is text to every reader of YAML', (image) => {
    const printed = launch(image, '12e4');
    for (const version of ['1.1', '1.2'] as const) {
      const read = parse(printed, { version }) as ReturnType<typeof indexedJob>;
      expect(read.spec.template.spec.containers[0].image).toBe(image);
      expect(read.spec.template.spec.volumes[0].persistentVolumeClaim.claimName).toBe('12e4');
    }
  });

  it.each(['', ' a', 'a b', 'a\nkind: Secret', 'A/b', 'a:b:c', '../a', 'a/', '{}', '-a', 'a'.repeat(2000)])(
    'the image %j is refused',
    (image) => expect(() => launch(image, 'runs')).toThrow(/is not the name of an image/),
  );

  it.each(['', 'Runs', 'a_b', 'a..b', '-a', 'a\n---', 'a'.repeat(254)])('the claim %j is refused', (claim) =>
    expect(() => launch('lab/weightmap:1', claim)).toThrow(/is not the name of a volume claim/),
  );
});

describe('the official schema', () => {
  const schema = z.fromJSONSchema(
    JSON.parse(
      readFileSync(path.join(import.meta.dirname, 'job.schema.json'), 'utf8'),
    ) as z.core.JSONSchema.JSONSchema,
  );
  const problems = (value: unknown) => schema.safeParse(value).error?.issues.length ?? 0;

  it('has the printed Job', () => expect(problems(JSON.parse(JSON.stringify(job)))).toBe(0));

  it('has the Job of the example, which runs as the user of the image', () => {
    const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
    const [claim, example] = parseAllDocuments(read('examples/container/job.yaml'), { version: '1.1' }).map(
      (document) => document.toJS() as unknown,
    ) as [{ kind: string; metadata: { name: string } }, Job];
    expect(problems(example)).toBe(0);
    const pod = example.spec!.template.spec!;
    expect(pod.volumes![0].persistentVolumeClaim!.claimName).toBe(claim.metadata.name);
    expect(read('Dockerfile')).toContain(`USER ${pod.securityContext!.runAsUser}\n`);
    expect(example.spec!.podFailurePolicy!.rules[1].onExitCodes).toMatchObject({
      containerName: pod.containers[0].name,
      values: [EXIT['stopped, continue with the same command']],
    });
    expect(unknownOptions(pod.containers[0].args!)).toEqual([]);
  });

  it('refuses an unknown field, another type, and a missing field', () => {
    const { spec } = job;
    expect(problems({ ...job, spec: { ...spec, completionsMode: 'Indexed' } })).toBeGreaterThan(0);
    expect(problems({ ...job, spec: { ...spec, completions: '93' } })).toBeGreaterThan(0);
    expect(problems({ ...job, spec: { completions: 93 } })).toBeGreaterThan(0);
  });
});

/** Options of `weightmap run` that it doesn't have. */
function unknownOptions([command, ...args]: readonly string[]): string[] {
  const known = new Set(runCommand().options.map(({ long }) => long));
  return [
    ...(command === 'run' ? [] : [command]),
    ...args.filter((word) => word.startsWith('--') && !known.has(word)),
  ];
}

describe.runIf(existsSync(cli))('weightmap run --launcher kubernetes', () => {
  let work: string;
  let outcome: Outcome;
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'weightmap-kubernetes-'));
    const options = ['--launcher', 'kubernetes', '--image', 'lab/weightmap:1', '--claim', 'shared'];
    const out = path.join(work, 'My run: 1');
    outcome = await inside(
      ['run', 'smoke', '--dataset', 'digits', '--select', 'cnn-33', '--out', out, ...options],
      { work },
    );
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  it('prints the manifest alone on standard output, for kubectl apply', () => {
    expect(outcome.code, outcome.output).toBe(0);
    const manifest = parse(outcome.stdout, { version: '1.1' }) as ReturnType<typeof indexedJob>;
    expect(Object.keys(manifest.metadata)).toEqual(['name']);
    expect(manifest.metadata.name).toMatch(/^weightmap-cells-my-run-1-[0-9a-f]{8}$/);
    expect(outcome.stderr).toContain('weightmap smoke: 1 cell');
  });

  it('prints a Job as the official schema has it', () => {
    const printed: unknown = parse(outcome.stdout, { version: '1.1' });
    // The check can fail: by an unknown field, another type, a missing field.
    const unknown = { ...job, metadata: { ...job.metadata, generatedName: 'x' } };
    const otherType = { ...job, spec: { ...job.spec, completions: '93' } };
    const missing = { ...job, spec: { completions: 1 } };
    const problems = problemsOf([printed, unknown, otherType, missing]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4]);
  });
});

/**
 * Checks manifests against the types that `kubernetes-types` makes from Kubernetes' OpenAPI schema.
 *
 * @returns the problems, each with the place of its manifest from 1.
 */
function problemsOf(manifests: readonly unknown[]): { line: number; text: string }[] {
  const file = path.join(import.meta.dirname, 'manifest.ts');
  const rows = manifests.map((manifest, i) => `export const job${i}: Job = ${JSON.stringify(manifest)};`);
  const source = [`import type { Job } from 'kubernetes-types/batch/v1';`, ...rows].join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es5.d.ts'],
    module: ts.ModuleKind.CommonJS,
  };
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.fileExists = (name) => name === file || disk.fileExists(name);
  host.readFile = (name) => (name === file ? source : disk.readFile(name));
  host.getSourceFile = (name, target) =>
    name === file ? ts.createSourceFile(name, source, target) : disk.getSourceFile(name, target);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file: at, start = 0, messageText }) => ({
    line: at ? at.getLineAndCharacterOfPosition(start).line : 0,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}
