import { plainText } from '@weightmap/core';
import type { CellConfig } from './run-record.js';

/** What people read of a cell; the dataset where it isn't the one that every row has. */
export const cellName = ({ variant, dataset, trial }: CellConfig): string =>
  dataset.id === 'mnist' || dataset.id === 'digits'
    ? `${variant} trial ${trial}`
    : `${variant} on ${plainText(dataset.label)} trial ${trial}`;
