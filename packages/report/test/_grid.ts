import * as grid from '@weightmap/test-utils/records';
import * as paper from '../src/paper-values.js';

/** All 31 rows in a world where everything is as the paper says. */
export const paperLikeGrid = (trials: number) => grid.paperLikeGrid(paper, trials);
