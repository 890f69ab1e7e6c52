import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** The published packages. */
const allPackages = [
  'core',
  'engine',
  'datasets',
  'wm-layers',
  'architectures',
  'training',
  'attacks',
  'defenses',
  'metrics',
  'records',
  'report',
  'zoo',
];

/** Which package may import which: the data's way, dataset → architecture → training → attack → metrics → report. */
const mayImport = {
  core: [],
  'wm-layers': [],
  engine: ['core'],
  datasets: ['core'],
  architectures: ['core', 'wm-layers'],
  training: ['core', 'engine'],
  records: ['core'],
  report: ['core', 'records', 'architectures', 'metrics'],
  attacks: ['core'],
  defenses: ['core', 'wm-layers'],
  metrics: ['core'],
  zoo: ['core', 'wm-layers'],
  'test-utils': ['core', 'engine', 'records'],
  experiments: allPackages,
  explorer: ['core', 'wm-layers', 'architectures', 'attacks', 'defenses', 'metrics', 'zoo'],
  'nx-plugin': [],
  release: [],
  hygiene: [],
  fuzz: [...allPackages, 'experiments'],
  docs: [],
  examples: allPackages,
};

const boundaries = (extra = []) => [
  'error',
  {
    allow: ['^.*/tools/(tsup|vitest)\\.base$'],
    depConstraints: Object.entries(mayImport).map(([name, others]) => ({
      sourceTag: `name:${name}`,
      onlyDependOnLibsWithTags: [name, ...others, ...extra].map((other) => `name:${other}`),
    })),
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/out-tsc',
      '**/.nx',
      '**/runs',
      '**/.vitest',
      '**/vitest.config.*.timestamp*',
      'apps/explorer/public',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Loaders and tfjs give arrays that are known to be filled; an unsafe cast from JSON is checked by zod.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
    },
  },
  // What is printed may come from files that somebody sent: it leaves through one place, which makes it harmless.
  {
    files: ['apps/experiments/src/**/*.ts', 'packages/*/src/**/*.ts'],
    ignores: ['apps/experiments/src/terminal/{output,live-lines}.ts', 'packages/test-utils/src/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[property.name="write"][object.property.name=/^(stdout|stderr)$/], MemberExpression[property.name="write"][object.name=/^(stdout|stderr|stream)$/]',
          message: 'print by terminal/output.ts, which makes text from files harmless',
        },
      ],
    },
  },
  {
    files: ['apps/experiments/src/**/*.ts'],
    ignores: ['apps/experiments/src/terminal/live-lines.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'log-update', message: 'print by terminal/live-lines.ts' }] },
      ],
    },
  },
  // The packages that run in browsers too.
  {
    files: ['packages/{core,wm-layers,architectures,attacks,defenses,metrics,zoo}/src/**/*.ts'],
    ignores: ['packages/core/src/{files,_beside,_confine,_regular-file}.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'this package runs in browsers' }] },
      ],
    },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(['test-utils', 'wm-layers']) },
  },
  // The fuzzed parsers are private to their packages.
  { files: ['tools/fuzz/**/*.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  // Defences are tested by training networks and attacking them.
  {
    files: ['packages/defenses/test/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries([
        'test-utils',
        'wm-layers',
        'training',
        'engine',
        'attacks',
      ]),
    },
  },
  // The figures of a trained network are those of its record.
  {
    files: ['packages/zoo/test/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(['test-utils', 'records', 'datasets']) },
  },
  // A gradient within a gradient throws at some of tfjs's kernels and is wrong at others.
  {
    files: ['packages/defenses/src/**/*.ts'],
    ignores: ['packages/defenses/src/_gradients.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='tf'][callee.property.name=/^(grad|grads|valueAndGrad|valueAndGrads|variableGrads)$/]",
          message:
            'use imageGradient or slopeAlong of _gradients.ts: nested gradients of tfjs are wrong without notice',
        },
      ],
    },
  },
  { files: ['**/*.config.ts', 'tools/*.ts'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
);
