import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, environmentIn, here, inside } from './_command.js';
import { notPrinted, root, stepsOf, type Step } from './_guide.js';

/** Followed from the first to the last in one folder: what an early one made, a later one looks at. */
const guides = [
  'docs/guides/first-run.md',
  'docs/guides/attack-your-own-model.md',
  'docs/guides/your-own-dataset.md',
  'docs/guides/sweeps.md',
  'docs/tutorial.md',
  'docs/guides/on-a-cluster.md',
  'docs/guides/reading-the-report.md',
];
const others = [
  'docs/guides/on-a-gpu.md',
  'docs/guides/in-a-container.md',
  'README.md',
  'docs/running.md',
  'docs/results.md',
  'docs/benchmarks.md',
];

/** Blocks marked `no-test`, by document and first command, and why. */
const unrunnable: Record<string, string> = {
  'README.md: git clone': 'installs, downloads and trains for minutes',
  'README.md: weightmap demo':
    'serves a page, and needs a model; tested by explore-command.test.ts, own-model.test.ts',
  'docs/guides/sweeps.md: MLFLOW_ALLOW_FILE_STORE=true mlflow ui': 'needs MLflow',
  'docs/tutorial.md: npm init': 'installs packages; tested by release:install',
  'docs/guides/first-run.md: npm run setup': 'installs packages',
  'docs/guides/first-run.md: weightmap run quick': 'minutes and hours, and MNIST',
  'docs/guides/attack-your-own-model.md: weightmap attack my-model/model.json':
    'needs a model and pictures; tested by own-model.test.ts',
  'docs/guides/your-own-dataset.md: weightmap run standard': 'hours',
  'docs/guides/on-a-cluster.md: npm run setup': 'installs packages',
  'docs/guides/on-a-cluster.md: weightmap run paper': 'needs Slurm; tested by slurm.test.ts',
  'docs/guides/on-a-gpu.md: python3 -m venv': 'needs a network and a GPU',
  'docs/guides/on-a-gpu.md: TF_FORCE_GPU_ALLOW_GROWTH=true weightmap run': 'needs a GPU',
  'docs/guides/in-a-container.md: docker build': 'needs Docker; tested by hygiene:container',
  'docs/guides/in-a-container.md: docker compose': 'needs Docker',
  'docs/guides/in-a-container.md: kubectl apply': 'needs a cluster; its file is tested by kubernetes.test.ts',
  'docs/running.md: weightmap attack runs/paper --dry-run':
    'needs a trained run, and Slurm; tested by attack-command.test.ts',
  'docs/running.md: weightmap status runs/paper':
    'watches until it is stopped; tested by cell-states.test.ts',
  'docs/running.md: weightmap publish runs/paper': 'needs a trained run; tested by publish.test.ts',
  'docs/running.md: weightmap run paper':
    'needs Slurm or a cluster; tested by slurm.test.ts and kubernetes.test.ts',
  'docs/results.md: git worktree add': 'hours; its commands are the preset is tested by plan-grid.test.ts',
  'docs/results.md: weightmap run standard': 'hours',
  'docs/benchmarks.md: npm run setup': 'installs packages, and PyTorch',
  'docs/benchmarks.md: weightmap bench': 'needs PyTorch and a quiet machine',
  'docs/benchmarks.md: echo 30': 'needs a quiet machine',
  'docs/benchmarks.md: npx nx run attacks:speed': 'needs torchattacks and a quiet machine',
};

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'weightmap-guides-'));
  // As `npm install` would: the built packages.
  await symlink(path.join(root, 'examples/node_modules'), path.join(work, 'node_modules'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** Runs shell commands in which `weightmap` is the built command, where there is nothing but what guides make. */
function shell(commands: string) {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-eo', 'pipefail', '-c', `weightmap() { "${process.execPath}" "${cli}" "$@"; }\n${commands}`],
    {
      cwd: work,
      encoding: 'utf8',
      // Step by step: recording compiled steps takes longer than these few.
      env: {
        ...process.env,
        ...environmentIn(work),
      },
    },
  );
  return { status, printed: `${stdout}\n${stderr}` };
}

/** A command in which a shell would change nothing, and that leaves nothing in this process. */
const isPlain = (command: string) =>
  /^weightmap [\w./,=:@ -]+$/.test(command) && !/ --(plugin|port) /.test(command);

/** The first guide in a shell, to the letter; of others what needs none in this process, which saves starting one. */
async function follow(commands: readonly string[], guide: string) {
  if (guide === guides[0] || !commands.every(isPlain)) return shell(commands.join('\n'));
  const printed: string[] = [];
  for (const command of commands) {
    const { code, stdout, stderr } = await inside(command.trim().split(/ +/).slice(1), { work, cwd: work });
    printed.push(`${stdout}\n${stderr}`);
    if (code !== 0) return { status: code, printed: printed.join('\n') };
  }
  return { status: 0, printed: printed.join('\n') };
}

const nameOf = (step: Step) => `line ${step.line}: ${'file' in step ? step.file : step.commands[0]}`;

describe.each(guides)('%s', (guide) => {
  const steps = stepsOf(guide).filter((step) => 'file' in step || step.runs);

  it.each(steps.map((step) => [nameOf(step), step] as const))('%s', async (_name, step) => {
    if ('file' in step) return writeFile(path.join(work, step.file), step.text);
    const { status, printed } = await follow(step.commands, guide);
    expect(status, printed).toBe(0);
    if (step.shown) expect(notPrinted(step.shown, printed), printed).toEqual([]);
  });
});

describe('what cannot run here', () => {
  const blocks = [...guides, ...others].flatMap((document) =>
    stepsOf(document).flatMap((step) =>
      'file' in step || step.runs ? [] : [{ document, commands: step.commands }],
    ),
  );

  it('has a reason', () => {
    const reasonOf = (block: (typeof blocks)[number]) =>
      Object.keys(unrunnable).find((start) => `${block.document}: ${block.commands[0]}`.startsWith(start));
    expect(blocks.filter((block) => !reasonOf(block))).toEqual([]);
    expect(Object.keys(unrunnable).sort()).toEqual([...new Set(blocks.map(reasonOf))].sort());
  });

  it.each([...new Set(blocks.flatMap(({ commands }) => commands))])('still exists: %s', async (command) =>
    expect(await unknownIn(command)).toEqual([]),
  );
});

/** The parts of a command line that this repository doesn't know: subcommands, options, scripts, targets, files. */
async function unknownIn(line: string): Promise<string[]> {
  const commands = line
    .replace(/ #.*$/, '')
    .replace(/^nice -n \d+ /, '')
    .split(/ \| | && /);
  const unknown: string[] = [];
  for (const command of commands) {
    const [program, ...args] = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
    unknown.push(...(await unknownWords(program, args)));
  }
  return unknown;
}

async function unknownWords(program: string, args: readonly string[]): Promise<string[]> {
  if (program === 'weightmap') return unknownArguments(args);
  if (program === 'node' && args[0].endsWith('dist/cli.js')) return unknownArguments(args.slice(1));
  if (program === 'node') return existsSync(path.join(root, args[0])) ? [] : [args[0]];
  if (program === 'npm' && ['init', 'install'].includes(args[0])) return [];
  if (program === 'npx' && args[0] === 'weightmap') return unknownArguments(args.slice(1));
  if (program === 'npm') return scripts.has(args.at(-1)!) ? [] : [args.at(-1)!];
  if (['npx', 'pnpm'].includes(program)) return targets.has(args[2].split(':', 2).join(':')) ? [] : [args[2]];
  return ['awk', 'cd', 'docker', 'echo', 'git', 'kubectl', 'mlflow', 'python3'].includes(program) ||
    program.startsWith('~')
    ? []
    : [program];
}

const json = (file: string) =>
  JSON.parse(readFileSync(path.join(root, file), 'utf8')) as {
    scripts?: Record<string, string>;
    nx?: { name: string; targets?: Record<string, unknown> };
  };
const scripts = new Set(Object.keys(json('package.json').scripts!));
const targets = new Set(
  ['apps', 'packages', 'tools']
    .flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}/package.json`))
    .filter((file) => existsSync(path.join(root, file)))
    .map((file) => json(file).nx!)
    .flatMap(({ name, targets }) => Object.keys(targets ?? {}).map((target) => `${name}:${target}`)),
);

const helps = new Map<string, string>();
async function unknownArguments([subcommand, ...args]: readonly string[]): Promise<string[]> {
  if (!helps.has(subcommand)) helps.set(subcommand, (await here(...subcommand.split(' '), '--help')).output);
  const help = helps.get(subcommand)!;
  if (!help.includes(`Usage: weightmap ${subcommand} `)) return [subcommand];
  // Its own subcommand, such as `install` of `engine install`.
  if (args[0] && new RegExp(`^Commands:\\n(?: .*\\n)*? +${args[0]} `, 'm').test(help))
    return unknownArguments([`${subcommand} ${args[0]}`, ...args.slice(1)]);
  return args.filter((word) => word.startsWith('--') && !new RegExp(`^ +${word}[ ,]`, 'm').test(help));
}

describe('the reader of guides', () => {
  it('finds what was shown and not printed, numbers and spacing aside', () => {
    const printed = 'engine: native, 2 threads\na  12.5 %  b\ndone in 3 s\n';
    expect(notPrinted('engine: …\na 7.25 % b\n…\ndone in 44 s\n', printed)).toEqual([]);
    expect(notPrinted('done in 3 s\na 1 % b\n', printed)).toEqual(['a 1 % b']);
    expect(notPrinted('a 12.5 %\n', printed)).toEqual(['a 12.5 %']);
  });

  it('finds options, scripts, targets and files that are gone', async () => {
    expect(await unknownIn('weightmap run paper --no-such-thing 3 --trials 1')).toEqual(['--no-such-thing']);
    expect(await unknownIn('npm run nothing && npx nx run experiments:nothing')).toEqual([
      'nothing',
      'experiments:nothing',
    ]);
    expect(await unknownIn('FOO=1 node tools/nothing.mjs --force')).toEqual(['tools/nothing.mjs']);
  });
});
