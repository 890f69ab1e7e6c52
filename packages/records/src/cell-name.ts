import type { CellConfig } from './run-record.js';

/** What people read of a cell; the dataset where it isn't the one that every row has. */
export const cellName = ({ variant, dataset, trial }: CellConfig): string =>
  dataset.id === 'mnist' || dataset.id === 'digits'
    ? `${variant} trial ${trial}`
    : `${variant} on ${dataset.label} trial ${trial}`;
