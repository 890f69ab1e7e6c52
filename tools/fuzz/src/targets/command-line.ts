import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { InvalidArgumentError } from 'commander';
import { parseAttacks, parseStrength } from '../../../../apps/experiments/src/attack/choice.js';
import { parseCpuList } from '../../../../apps/experiments/src/launchers/cores.js';
import { selectVariants } from '../../../../apps/experiments/src/plan/grid.js';
import { readRunConfig } from '../../../../apps/experiments/src/plan/run-config.js';
import { approvalsFile, readApprovals } from '../../../../apps/experiments/src/plugins/approvals.js';
import { checkPlugin } from '../../../../apps/experiments/src/plugins/plugin-schema.js';
import { natural, positive } from '../../../../apps/experiments/src/terminal/option-types.js';
import { wholeJson } from '../mutate.js';
import { refused, target, type Target } from '../target.js';
import { print } from './records.js';

const SOURCE = 'apps/experiments/src';

const CONFIG = {
  preset: 'smoke',
  select: ['cnn-33', 'cnn-*'],
  dataset: ['digits'],
  epochs: 2,
  learningRate: 0.001,
  trials: 2,
  out: 'runs/x',
  plugin: ['./p.mjs'],
  offline: true,
  launcher: 'local',
};

const YAML = `# a grid
preset: smoke
select: &ids [cnn-33, 'cnn-*']
dataset:
  - digits
epochs: 2
learningRate: 1e-3
out: "runs/x"
offline: true
`;

const text = (...lines: string[]) => lines.map((line) => Buffer.from(line));

/** Stands in a plugin's JSON for a function. */
const FUNCTION = '()';

/** A plugin's JSON with its functions, which lie a few levels deep at most. */
function withFunctions(value: unknown, depth = 0): unknown {
  if (value === FUNCTION) return () => {};
  if (depth > 5 || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((inner) => withFunctions(inner, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withFunctions(inner, depth + 1)]),
  );
}

const PLUGIN = {
  datasets: {
    stripes: {
      id: 'stripes',
      label: 'Stripes',
      spec: { height: 8, width: 8, channels: 1, classes: ['a', 'b'] },
      load: FUNCTION,
      locate: FUNCTION,
    },
  },
  variants: [
    {
      id: 'my-own',
      architecture: 'cnn',
      label: 'My own',
      kinds: ['conv'],
      datasets: ['stripes'],
      options: { filters: 3 },
      gradCamLayer: 'conv3',
    },
  ],
  attacks: { darken: FUNCTION },
  metrics: { mean: { id: 'mean', label: 'Mean', unit: '', source: 'here', measure: FUNCTION } },
};

export const commandLineTargets: readonly Target[] = [
  ...[print(CONFIG), Buffer.from(YAML)].map((seed, i) =>
    target<Readonly<Record<string, unknown>>>({
      name: i === 0 ? 'config-json' : 'config-yaml',
      covers: [`${SOURCE}/plan/run-config.ts`],
      isText: true,
      ...(i === 0 && { json: wholeJson }),
      seeds: () => [seed],
      async open(folder) {
        const file = path.join(folder, i === 0 ? 'grid.json' : 'grid.yaml');
        return async (bytes) => {
          await writeFile(file, bytes);
          return readRunConfig(file);
        };
      },
      check(config, bytes) {
        let plain: Record<string, unknown>;
        try {
          plain = JSON.parse(bytes.toString()) as Record<string, unknown>;
        } catch {
          return null; // YAML
        }
        const differs = Object.entries(config).find(
          ([key, value]) =>
            !['out', 'data', 'plugin'].includes(key) && JSON.stringify(value) !== JSON.stringify(plain[key]),
        );
        return differs ? `${differs[0]} is ${JSON.stringify(differs[1])}, unlike JSON.parse` : null;
      },
    }),
  ),
  target({
    name: 'plugin',
    covers: [`${SOURCE}/plugins/plugin-schema.ts`],
    json: wholeJson,
    refusals: [WeightmapError, SyntaxError],
    seeds: () => [print(PLUGIN)],
    open: async () => (bytes) => {
      const value = withFunctions(JSON.parse(bytes.toString()));
      return Object.keys(checkPlugin(value, 'plugin.mjs'));
    },
  }),
  target<ReturnType<typeof readApprovals>>({
    name: 'approvals',
    covers: [`${SOURCE}/plugins/approvals.ts`],
    isText: true,
    seeds: () => {
      const line = (digit: string) => `${JSON.stringify({ sha256: digit.repeat(64), file: '/p.mjs' })}\n`;
      return [Buffer.from(line('a')), Buffer.from(line('a') + line('b'))];
    },
    async open(folder) {
      const given = process.env.XDG_CONFIG_HOME;
      return async (bytes) => {
        process.env.XDG_CONFIG_HOME = folder;
        await mkdir(path.dirname(approvalsFile()), { recursive: true });
        await writeFile(approvalsFile(), bytes, { mode: 0o600 });
        const approvals = readApprovals();
        if (given === undefined) delete process.env.XDG_CONFIG_HOME;
        else process.env.XDG_CONFIG_HOME = given;
        return approvals.length > 0 ? approvals : refused;
      };
    },
    check(approvals, bytes) {
      const text = bytes.toString();
      const made = approvals.find(({ sha256 }) => !/^[0-9a-f]{64}$/.test(sha256) || !text.includes(sha256));
      return made ? `approves ${made.sha256}, which the file does not name` : null;
    },
  }),
  target<unknown>({
    name: 'attacks-option',
    covers: [`${SOURCE}/attack/choice.ts`],
    isText: true,
    seeds: () => text('fgsm,pgd-l2:0.5,1,2,square', 'pgd:8/255,16/255', 'auto-attack'),
    otherSeeds: () => text('0.25'),
    open: async () => (bytes) => {
      const value = bytes.toString();
      return { strength: parseStrength(value) ?? 0, attacks: parseAttacks(value) };
    },
  }),
  target<readonly unknown[]>({
    name: 'select-option',
    covers: [`${SOURCE}/plan/grid.ts`],
    isText: true,
    weight: 0.3,
    seeds: () => text('cnn-33', '*,!cnn-wide', 'resnet-*,cnn-smooth-32', '+(cnn|resnet)-*', '[cd]*-33'),
    open: async () => (bytes) => {
      // What a shell can give: 128 KiB at most, and no zero byte.
      const words = bytes
        .toString()
        .replaceAll('\0', '')
        .slice(0, 2 ** 17)
        .split(',');
      return selectVariants(words).map(({ id }) => id);
    },
  }),
  target<number>({
    name: 'number-option',
    covers: [`${SOURCE}/terminal/option-types.ts`],
    isText: true,
    refusals: [InvalidArgumentError],
    seeds: () => text('1', '128', '007'),
    open: async () => (bytes) => (bytes.length % 2 ? natural(bytes.toString()) : positive(bytes.toString())),
    check: (value) => (Number.isSafeInteger(value) && value >= 0 ? null : `took it for ${value}`),
  }),
  target<readonly number[]>({
    name: 'cpu-list',
    covers: [`${SOURCE}/launchers/cores.ts`],
    isText: true,
    seeds: () => text('0-3,8', '0', '0-127'),
    open: async () => (bytes) => parseCpuList(bytes.toString()) ?? refused,
  }),
];
