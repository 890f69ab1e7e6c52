import type { CellConfig } from '@weightmap/records';
import { findDefense } from '../plugins/components.js';

/** Gradients that training takes of an image in an epoch: as many as the defence declares, and one for each network that it needs before. */
export function gradientsOfAnImage({ defense }: Pick<CellConfig, 'defense'>): number {
  if (!defense) return 1;
  const row = findDefense(defense.id);
  return row.gradients(defense.options) + (row.teachers?.(defense.options).length ?? 0);
}

/** Gradients of single images that the training of a cell takes: a count, the same on every machine. */
export const trainingGradients = (cell: CellConfig): number =>
  cell.training.epochs * cell.dataset.train * gradientsOfAnImage(cell);
