import type { MetricSubject } from '@weightmap/core';
import type { RunRecord } from '@weightmap/records';
import { allMetrics } from '../plugins/components.js';

/** Results with a field of their own in a record, and all others by the metrics' ids. */
export interface MetricResults {
  readonly fields: Pick<RunRecord, 'parameters' | 'flops' | 'testErrorPercent'>;
  readonly others: Pick<RunRecord, 'metrics' | 'metricNames'>;
}

/** Measures every metric of the catalogue and of the plugins in use. */
export async function measureMetrics(subject: MetricSubject): Promise<MetricResults> {
  const fields: Record<string, unknown> = {};
  const [metrics, metricNames]: [Required<RunRecord>['metrics'], Required<RunRecord>['metricNames']] = [
    {},
    {},
  ];
  for (const metric of allMetrics()) {
    const { id, label, unit, recordKey } = metric;
    const result = await metric.measure(subject);
    if (recordKey) fields[recordKey] = result;
    else {
      metrics[id] = typeof result === 'number' ? result : { ...result };
      metricNames[id] = { label, unit };
    }
  }
  const hasOthers = Object.keys(metrics).length > 0;
  return {
    fields: fields as unknown as MetricResults['fields'], // `writeRecord` checks them
    others: hasOthers ? { metrics, metricNames } : {},
  };
}
