import * as paper from '@weightmap/report';
import * as grid from '@weightmap/test-utils/records';

/** All 31 rows in a world where everything is as the paper says. */
export const paperLikeGrid = (trials: number) => grid.paperLikeGrid(paper, trials);
