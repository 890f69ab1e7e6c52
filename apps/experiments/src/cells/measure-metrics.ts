import { performance } from 'node:perf_hooks';
import { WeightmapError, type MetricSubject } from '@weightmap/core';
import type { RunRecord } from '@weightmap/records';
import { allMetrics } from '../plugins/components.js';
import { sideFigures, type SideFigures } from './side-figures.js';

/** The metrics without which there is no record. */
const REQUIRED = new Set<string | undefined>(['parameters', 'testErrorPercent']);
/** Seconds that a metric may wait with nothing to compute. */
const PATIENCE = 600;

/** Results with a field of their own in a record, and all others by the metrics' ids. */
export interface MetricResults {
  readonly fields: Pick<RunRecord, 'parameters' | 'flops' | 'testErrorPercent'>;
  readonly others: Pick<RunRecord, 'metrics' | 'metricNames'>;
}

export interface MetricOptions {
  /** Takes the failures of all metrics but the required ones. */
  readonly figures?: SideFigures;
  /** Ends the waiting for a metric. */
  readonly signal?: AbortSignal;
  /** Seconds of idleness after which a metric counts as failed. Default: 600. */
  readonly patience?: number;
}

/**
 * Measures every metric of the catalogue and of the plugins in use. One that fails is missing in the result, unless the record
 * needs it.
 */
export async function measureMetrics(
  subject: MetricSubject,
  { figures = sideFigures(), signal, patience = PATIENCE }: MetricOptions = {},
): Promise<MetricResults> {
  const fields: Record<string, unknown> = {};
  const [metrics, metricNames]: [Required<RunRecord>['metrics'], Required<RunRecord>['metricNames']] = [
    {},
    {},
  ];
  for (const metric of allMetrics()) {
    const { id, label, unit, recordKey } = metric;
    const measure = () => unlessIdle(Promise.resolve(metric.measure(subject)), { id, signal, patience });
    const result = REQUIRED.has(recordKey)
      ? await measure()
      : await figures.attempt(recordKey ?? id, undefined, measure);
    if (recordKey) {
      if (result !== undefined) fields[recordKey] = result;
      continue;
    }
    if (result !== undefined) metrics[id] = typeof result === 'number' ? result : { ...result };
    metricNames[id] = { label, unit };
  }
  const hasOthers = Object.keys(metricNames).length > 0;
  return {
    fields: fields as unknown as MetricResults['fields'], // `writeRecord` checks them
    others: hasOthers ? { metrics, metricNames } : {},
  };
}

/** The value of a promise; an error if it doesn't come while this process has nothing to do. A metric that computes may take any time. */
async function unlessIdle<Value>(
  promise: Promise<Value>,
  { id, signal, patience }: { id: string; signal?: AbortSignal; patience: number },
): Promise<Value> {
  let stop = () => {};
  const idle = new Promise<never>((_, reject) => {
    let before = performance.eventLoopUtilization();
    let waited = 0;
    const step = patience / 10;
    const timer = setInterval(() => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      waited = utilization < 0.5 ? waited + step : 0;
      if (waited >= patience)
        reject(
          new WeightmapError(`The metric "${id}" gave no result: it waits for something that doesn't come.`, {
            expected: 'a promise that resolves',
          }),
        );
    }, step * 1000);
    const abort = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort);
    stop = () => {
      clearInterval(timer);
      signal?.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([promise, idle]);
  } finally {
    stop();
  }
}
