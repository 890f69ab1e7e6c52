import { toCsv } from '../csv.js';
import { list, number } from '../format.js';
import { attackCsv } from '../model/attack-data.js';
import type { AttackModel } from '../model/attack-model.js';
import { comparedData } from '../model/compared-table.js';
import { concernsPaper, hasEvidence } from '../model/headline.js';
import { imagesOf } from '../model/intervals.js';
import type { ResultTable } from '../model/paper-tables.js';
import { resultData } from '../model/result-data.js';
import type { Benchmark, Summary } from '../model/summary.js';
import { claimsData } from '../model/verdicts.js';
import type { Panel } from '../plot/svg.js';
import { answerFigure } from './answer-curve.js';
import { attackCaption, attackPanels } from './attack-curves.js';
import { claimsPanels } from './claims-figure.js';
import { comparedCaption, comparedPanels } from './compared-defenses.js';
import { curveCsv, curvePanels } from './curves.js';
import { historyCsv, historyPanels } from './history.js';
import { overviewPanels } from './overview.js';
import { sharpnessCsv, sharpnessPanels } from './sharpness.js';
import { varianceCsv, variancePanels } from './variance.js';

/** A figure of the report: on the page, and as files of its own. */
export interface Figure {
  readonly id:
    | 'answer'
    | 'claims'
    | 'overview'
    | 'noise'
    | 'fgsm'
    | 'attacks'
    | 'defenses'
    | 'sharpness'
    | 'variance'
    | 'history';
  readonly heading: string;
  /** What to look at. */
  readonly caption: string;
  readonly panels: readonly Panel[];
  /** Panels side by side in the figure's own file. */
  readonly columns: number;
  /** The numbers in it. */
  readonly csv: string;
}

/** Every figure that there is data for, in the order of the page. */
export function figuresOf(
  { benchmarks, verification }: Summary,
  tables: readonly ResultTable[],
  attacks: AttackModel | null,
): Figure[] {
  const several = benchmarks.some(({ variants }) => variants.some(({ testError }) => testError.n > 1));
  const sharesAxis = benchmarks.some(({ variants }) =>
    variants.some(({ paper }) => paper && paper.difference !== null),
  );
  const single = benchmarks.some(({ variants }) => variants.some(({ testError }) => testError.n === 1));
  const band = [
    several && 'The band is ± one standard deviation over trials.',
    single &&
      `Thin bars are 95 % intervals over the ${imageCounts(benchmarks, 'noise')} test images of a single trial: they do not cover the randomness of training.`,
  ]
    .filter(Boolean)
    .join(' ');
  const first = answerFigure(benchmarks);
  const ofPaper = concernsPaper(benchmarks);
  const paperFigures = (part: string) =>
    ofPaper ? ` (the paper’s figures 2 (${part}), 3 (${part}), 4 (${part}))` : '';
  const figures: Figure[] = [
    ...(first ? [first] : []),
    {
      id: 'claims',
      heading: 'The claims',
      caption:
        'Each mark is a comparison: right of the gray band it agrees with the claim, left of it it disagrees (diamonds), within it it is inconclusive (rings). The unit is the distance at which it would just agree or disagree. A single trial has no interval: its ring only shows the direction. Marks beyond 4 are drawn at the edge.',
      panels: hasEvidence(benchmarks) && ofPaper ? claimsPanels(verification.claims) : [],
      columns: 1,
      csv: toCsv(claimsData(verification.claims)),
    },
    {
      id: 'overview',
      heading: hasEvidence(benchmarks) ? 'Lowest error' : 'Test error',
      caption: [
        'Further left is better; the axes need not begin at 0. Under noise and FGSM, the error is the mean over the strengths at which at least one variant is more than 10 points better than chance.',
        several &&
          'A filled mark is the mean, the thick bar ± one standard deviation over trials, the small rings the trials.',
        single &&
          `A thin bar with ends is the 95 % interval over the ${imageCounts(benchmarks, 'clean')} test images (noise and FGSM: ${imageCounts(benchmarks, 'noise')}) of a single trial.`,
        sharesAxis && 'The gray tick and its band are the paper’s mean and deviation on clean images.',
        hasEvidence(benchmarks) &&
          'Compare the order of the variants from panel to panel: the best on clean images need not be the best when they are disturbed.',
      ]
        .filter(Boolean)
        .join(' '),
      panels: overviewPanels(benchmarks),
      columns: 3,
      csv: toCsv(resultData(tables)),
    },
    {
      id: 'noise',
      heading: 'Uniform noise',
      caption: `Test error when U(0, β) is added to every pixel and the image is rescaled to [0, 1]${paperFigures('a')}. Look at where the lines part, and whether they cross. Dashed lines are networks that alternate weight maps with convolutions. ${band}`,
      panels: curvePanels(benchmarks, 'noise'),
      columns: 3,
      csv: curveCsv(benchmarks, 'noise'),
    },
    {
      id: 'fgsm',
      heading: 'FGSM attack',
      caption: `Test error after one step of L∞ size ε along the sign of the loss’s gradient, clipped to [0, 1]${paperFigures('b')}. Look at how steeply a line leaves its clean error, and at the dotted mark of 8/255, a change that people hardly see. ${band}`,
      panels: curvePanels(benchmarks, 'fgsm'),
      columns: 3,
      csv: curveCsv(benchmarks, 'fgsm'),
    },
    {
      id: 'attacks',
      heading: 'Under attack',
      caption: attackCaption(attacks?.groups ?? []),
      panels: attackPanels(attacks?.groups ?? []),
      columns: 3,
      csv: attacks ? attackCsv(attacks.results) : '',
    },
    {
      id: 'defenses',
      heading: 'Compared with other defences',
      caption: comparedCaption(attacks?.compared ?? []),
      panels: comparedPanels(attacks?.compared ?? []),
      columns: 2,
      csv: toCsv(comparedData(attacks?.compared ?? [])),
    },
    {
      id: 'sharpness',
      heading: 'How sharp Grad-CAM is',
      caption:
        'Figures of the Grad-CAM maps, means over test images: filled marks on clean images (with ± one standard deviation over trials, if there are several), rings under uniform noise, crosses under FGSM. Sparser and more localised is further right in the first panel and further left in the others; the background is known for digits alone.',
      panels: sharpnessPanels(benchmarks),
      columns: 3,
      csv: sharpnessCsv(benchmarks),
    },
    {
      id: 'variance',
      heading: 'Amplification of the variance',
      caption:
        'The paper’s equation 5, Var[w ⊙ x] = w²·Var[x], a point a weight map layer: lines are the right side (predicted), marks the left side (measured), both over the variance of the layer’s input; where marks lie on their line the equation holds. The last panel of each row is what convolutions have as well, the variance of a layer’s output over that of its input. Means over the trials, on a logarithmic axis.',
      panels: variancePanels(benchmarks),
      columns: 3,
      csv: varianceCsv(benchmarks),
    },
    {
      id: 'history',
      heading: 'Training',
      caption:
        'Error on the validation part after each epoch; a mark is the epoch whose weights were measured. A line still falling at its end would gain from more epochs.',
      panels: historyPanels(benchmarks),
      columns: 3,
      csv: historyCsv(benchmarks),
    },
  ];
  return figures.filter(({ panels }) => panels.length > 0);
}

/** `10,000`, or `10,000 and 1,000` where benchmarks differ. */
const imageCounts = (benchmarks: readonly Benchmark[], condition: 'clean' | 'noise'): string =>
  list([...new Set(benchmarks.map(({ conditions }) => number(imagesOf(conditions, condition))))]);
