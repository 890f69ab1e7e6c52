import type { Metric } from '@weightmap/core';
import { flops, type Flops } from './flops.js';
import { trainableParameters } from './parameters.js';
import { testError } from './test-error.js';

/** Every metric that is one figure, or one object of figures, of a model. What stands here is tested by the contract test. */
export const metrics = {
  'test-error': {
    id: 'test-error',
    label: 'Test error',
    unit: '%',
    source: 'paper, section 4',
    measure: ({ classifier, test, batchSize }) => testError(classifier, test, { batchSize }),
  } satisfies Metric<number>,
  parameters: {
    id: 'parameters',
    label: 'Parameters',
    unit: '',
    source: 'paper, table 4',
    measure: ({ model }) => trainableParameters(model),
  } satisfies Metric<number>,
  flops: {
    id: 'flops',
    label: 'FLOPs',
    unit: 'FLOPs an image',
    source: 'paper, table 4',
    measure: ({ model }) => flops(model),
  } satisfies Metric<Flops>,
} as const satisfies Record<string, Metric>;

export type MetricId = keyof typeof metrics;
