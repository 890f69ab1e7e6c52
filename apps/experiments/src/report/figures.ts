import type { Panel } from './_svg.js';
import { curveCsv, curvePanels } from './curves.js';
import { historyCsv, historyPanels } from './history.js';
import { toCsv } from './csv.js';
import { overviewPanels } from './overview.js';
import { resultData } from './result-table.js';
import type { Summary } from './summary.js';

/** A figure of the report: on the page, and as files of its own. */
export interface Figure {
  readonly id: 'overview' | 'noise' | 'fgsm' | 'history';
  readonly heading: string;
  /** What to look at. */
  readonly caption: string;
  readonly panels: readonly Panel[];
  /** Panels side by side in the figure's own file. */
  readonly columns: number;
  /** The numbers in it. */
  readonly csv: string;
}

/** Every figure that there is data for. */
export function figuresOf({ benchmarks }: Summary): Figure[] {
  const several = benchmarks.some(({ variants }) => variants.some(({ testError }) => testError.n > 1));
  const sharesAxis = benchmarks.some(({ variants }) =>
    variants.some(({ paper }) => paper && paper.difference !== null),
  );
  const band = several
    ? 'The band is ± one standard deviation over the trials; a variant with one trial has none.'
    : 'Each line is a single trial, so there is no band.';
  const figures: Figure[] = [
    {
      id: 'overview',
      heading: 'The answer',
      caption: [
        'Further left is better; the axis for clean images need not begin at 0. A filled mark is the mean',
        several ? ', the bar ± one standard deviation, the small rings the trials.' : ' (here of one trial).',
        sharesAxis ? ' The gray tick and its band are the paper’s mean and deviation on clean images.' : '',
        ' Compare the order of the variants from panel to panel: what is best on clean images need not be best when they are disturbed.',
      ].join(''),
      panels: overviewPanels(benchmarks),
      columns: 3,
      csv: toCsv(resultData(benchmarks)),
    },
    {
      id: 'noise',
      heading: 'Uniform noise',
      caption: `Test error when U(0, β) is added to every pixel and the image is rescaled to [0, 1]. Look at where the lines part, and whether they cross. ${band}`,
      panels: curvePanels(benchmarks, 'noise'),
      columns: 2,
      csv: curveCsv(benchmarks, 'noise'),
    },
    {
      id: 'fgsm',
      heading: 'FGSM attack',
      caption: `Test error after one step of size ε along the sign of the loss’s gradient, clipped to [0, 1]. Look at how steeply a line leaves its clean error, and at the dotted mark of 8/255, a change that people hardly see. ${band}`,
      panels: curvePanels(benchmarks, 'fgsm'),
      columns: 2,
      csv: curveCsv(benchmarks, 'fgsm'),
    },
    {
      id: 'history',
      heading: 'Training',
      caption:
        'Error on the validation part after each epoch; a mark is the epoch whose weights were measured. A line still falling at its end would gain from more epochs.',
      panels: historyPanels(benchmarks),
      columns: 2,
      csv: historyCsv(benchmarks),
    },
  ];
  return figures.filter(({ panels }) => panels.length > 0);
}
