import type { Metric } from '@weightmap/core';
import { activationVarianceSync } from './activation-variance.js';
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
  'activation-variance': {
    id: 'activation-variance',
    label: 'Activation variance',
    unit: 'variance of each feature layer’s output over the images',
    source: 'paper, section 5, equation 5',
    measure: ({ model, classifier, test, batchSize }) =>
      Object.fromEntries(
        activationVarianceSync(model, classifier, test, { batchSize }).map(({ layer, output }) => [
          layer,
          output,
        ]),
      ),
  } satisfies Metric<Record<string, number>>,
} as const satisfies Record<string, Metric>;

/** Id of a metric of the registry. */
export type MetricId = keyof typeof metrics;
