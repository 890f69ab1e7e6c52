import type { Metric } from '@weightmap/core';
import { flops } from './flops.js';
import { trainableParameters } from './parameters.js';
import { testError } from './test-error.js';

/** A metric of the catalogue. */
export interface CatalogueMetric extends Metric<number | Readonly<Record<string, number>>> {
  /** The field of a run's record that holds the result. Default: `metrics[id]`, which the report shows by label and unit. */
  readonly recordKey?: string;
}

/**
 * The catalogue of metrics: `weightmap run` measures each of them, and each of a plugin, on every trained network, and keeps the
 * results in the record. The contract test tests each.
 */
export const metrics = {
  parameters: {
    id: 'parameters',
    label: 'Parameters',
    unit: '',
    source: 'paper, table 4',
    recordKey: 'parameters',
    measure: ({ model }) => trainableParameters(model),
  },
  flops: {
    id: 'flops',
    label: 'FLOPs',
    unit: 'FLOPs an image',
    source: 'paper, table 4',
    recordKey: 'flops',
    measure: ({ model }) => flops(model),
  },
  'test-error': {
    id: 'test-error',
    label: 'Test error',
    unit: '%',
    source: 'paper, section 4',
    recordKey: 'testErrorPercent',
    measure: ({ classifier, test, batchSize }) => testError(classifier, test, { batchSize }),
  },
} as const satisfies Record<string, CatalogueMetric>;
