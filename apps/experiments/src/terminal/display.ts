import { plainText, type OnProgress, type Progress } from '@weightmap/core';
import { count, duration } from '@weightmap/report/text';
import type { EpochReport } from '@weightmap/training';
import colours from 'picocolors';
import { liveLines } from './live-lines.js';
import { writeTo } from './output.js';
import { throttle } from './throttle.js';

/** The output of a run for people: lines that stay, and on a terminal a few that change. */
export interface Display {
  line: (text: string) => void;
  note: (text: string) => void;
  /** Progress before the first cell, such as of a download. */
  progress: OnProgress;
  /** Starts the count: so many items, which take so many units of time together (default: one each). */
  begin: (total: { count: number; noun: string; units?: number }) => void;
  /** Adds a cell that starts now; several can run at the same time. */
  cell: (name: string, epochs: number) => CellDisplay;
  /** Adds a worker that takes one part after another. */
  worker: (name: string) => WorkerDisplay;
  end: () => void;
}

export interface CellDisplay {
  epoch: (epoch: EpochReport) => void;
  progress: OnProgress;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
  stopped: () => void;
  /** Another process holds the cell. */
  left: () => void;
}

export interface WorkerDisplay {
  /** It starts a part that takes so many units of time. */
  begins: (part: string, units: number) => void;
  progress: OnProgress;
  ended: (part: string, outcome: string) => void;
  failed: (part: string, reason: string) => void;
  /** It leaves its part unfinished. */
  leaves: () => void;
  /** It ended: done or stopped. */
  left: () => void;
}

/** The progress of a cell, or of a worker's part. */
interface Row {
  readonly name: string;
  readonly epochs: number;
  /** Its units of time in the whole. */
  units: number;
  /** The finished share of its units, 0 … 1. */
  share: number;
  text: string;
  validation: string;
}

/** The share of training in a cell's time; the rest is measuring. */
const TRAINING_SHARE = 0.9;

/**
 * Starts the output.
 *
 * @param stream where it is written. On a terminal, running cells and the grid are shown live; otherwise each epoch is a line.
 */
export function startDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  const live = stream.isTTY ? liveLines(stream) : null;
  const running = new Set<Row>();
  let started = Date.now();
  let total = { count: 0, noun: 'cell', units: 0 };
  let finished = { count: 0, units: 0 };
  let announced = { stage: '', quarter: 0 };

  const line = (text: string) => {
    live?.clear();
    writeTo(stream, `${text}\n`);
  };
  const show = throttle(100, (text: () => string) => live?.(text()));
  const table = () => [...[...running].map(rowText), gridLine()].join('\n');

  const shareDone = () => {
    const begun = [...running].reduce((sum, { share, units }) => sum + share * units, 0);
    return (finished.units + begun) / Math.max(total.units, 1);
  };
  const secondsLeft = () => {
    const done = shareDone();
    return done > 0.02 ? ((Date.now() - started) / 1000 / done) * (1 - done) : Number.NaN;
  };
  const gridLine = () => {
    const done = shareDone();
    return `${colours.dim('total')}  ${bar(done)}  ${finished.count} of ${count(total.count, total.noun)} done, ${running.size} running, ${duration(secondsLeft())} left`;
  };

  const finish = ({ units }: Row) => {
    finished = { count: finished.count + 1, units: finished.units + units };
  };

  return {
    line,
    note: (text) => line(colours.yellow(`  ${plainText(text)}`)),
    progress({ stage, done, total, figures }) {
      const left = figures?.secondsLeft === undefined ? '' : `  ${duration(figures.secondsLeft)} left`;
      if (live) show(() => `${stage}  ${bar(done / total)}${left}`);
      else {
        if (stage !== announced.stage) announced = { stage, quarter: 0 };
        const quarter = Math.floor((4 * done) / total);
        if (quarter <= announced.quarter) return;
        announced.quarter = quarter;
        line(`  ${stage} ${quarter * 25} %`);
      }
    },
    begin({ count: items, noun, units = items }) {
      total = { count: items, noun, units };
      finished = { count: 0, units: 0 };
      started = Date.now();
    },
    cell(name, epochs) {
      const row: Row = { name, epochs, units: 1, share: 0, text: 'starting', validation: '' };
      running.add(row);
      const end = (text: string) => {
        running.delete(row);
        line(text);
      };
      return {
        progress(progress) {
          if (!live) return;
          follow(row, progress);
          show(table);
        },
        epoch(epoch) {
          row.validation = `  ${validationText(epoch)}`;
          if (!live) line(epochText(row, epoch));
        },
        done(outcome) {
          finish(row);
          end(`${colours.green('✓')} ${name}: ${outcome}`);
        },
        failed(reason) {
          finish(row);
          end(`${colours.red('✗')} ${name}: ${reason}`);
        },
        left: () => void running.delete(row),
        stopped: () => end(`${colours.yellow('·')} ${name}: stopped, continues from its last checkpoint`),
      };
    },
    worker(name) {
      const row: Row = { name, epochs: 0, units: 0, share: 0, text: 'starting', validation: '' };
      running.add(row);
      const end = (mark: string, text: string) => {
        finish(row);
        Object.assign(row, { units: 0, share: 0, text: 'looking for the next part' });
        const left = live ? '' : `  (${finished.count} of ${total.count}, ${duration(secondsLeft())} left)`;
        line(`${mark} ${text}${left}`);
        show(table);
      };
      return {
        begins(part, units) {
          Object.assign(row, { units, share: 0, text: part });
          show(table);
        },
        progress({ stage, done, total: all }) {
          row.share = Math.min(done / Math.max(all, 1), 1);
          row.text = `${bar(row.share)}  ${stage}`;
          show(table);
        },
        leaves: () => void Object.assign(row, { units: 0, share: 0, text: 'stopped' }),
        ended: (part, outcome) => end(colours.green('✓'), `${part}: ${outcome}`),
        failed: (part, reason) => end(colours.red('✗'), `${part}: ${reason}`),
        left: () => void running.delete(row),
      };
    },
    end: () => live?.clear(),
  };
}

function follow(row: Row, { stage, done, total, figures = {} }: Progress): void {
  const { epoch, loss, imagesPerSecond, secondsLeft } = figures;
  const training = stage === 'train';
  row.share = training
    ? TRAINING_SHARE * (done / total)
    : TRAINING_SHARE + ((1 - TRAINING_SHARE) / 2) * (done / total);
  row.text = training
    ? `${bar(done / total)}  epoch ${epoch}/${row.epochs}  loss ${loss.toFixed(3)}${row.validation}  ${Math.round(imagesPerSecond)} images/s  ${duration(secondsLeft)} left`
    : `${bar(done / total)}  ${stage} ${done}/${total} images`;
}

const rowText = ({ name, text }: Row): string => `${name}  ${text}`;

const validationText = ({
  validationErrorPercent,
  validationRobustErrorPercent: robust,
}: Pick<EpochReport, 'validationErrorPercent' | 'validationRobustErrorPercent'>): string =>
  `validation error ${validationErrorPercent.toFixed(2)} %` +
  (robust === undefined ? '' : `, under attack ${robust.toFixed(2)} %`);

function epochText({ name, epochs }: Row, { seconds, secondsLeft, resumed, ...record }: EpochReport): string {
  return (
    `${name}  epoch ${record.epoch}/${epochs}  loss ${record.trainLoss.toFixed(3)}  ` +
    `${validationText(record)}  ${seconds.toFixed(1)} s` +
    (resumed ? '  (from the checkpoint)' : `  ${duration(secondsLeft)} left`)
  );
}

const bar = (share: number, width = 20): string => {
  const filled = Math.round(width * Math.min(Math.max(share, 0), 1));
  return colours.cyan('█'.repeat(filled)) + colours.dim('░'.repeat(width - filled));
};
