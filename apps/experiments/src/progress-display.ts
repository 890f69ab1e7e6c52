import type { OnProgress, Progress } from '@weightmap/core';
import type { EpochReport } from '@weightmap/training';
import { createLogUpdate } from 'log-update';
import colours from 'picocolors';
import { duration } from './_duration.js';
import { throttle } from './_throttle.js';

/** What a person sees of a run: lines that stay, and on a terminal a few that change. */
export interface Display {
  line: (text: string) => void;
  note: (text: string) => void;
  /** For what happens before the first cell, such as a download. */
  progress: OnProgress;
  begin: (cells: number) => void;
  /** A cell that begins now; several may run at a time. */
  cell: (name: string, epochs: number) => CellDisplay;
  end: () => void;
}

export interface CellDisplay {
  epoch: (epoch: EpochReport) => void;
  progress: OnProgress;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
  stopped: () => void;
  /** Left to another process, for now. */
  left: () => void;
}

/** What is known of a running cell. */
interface Row {
  readonly name: string;
  readonly epochs: number;
  /** Of the whole cell, 0 … 1. */
  share: number;
  text: string;
  validation: string;
}

/** Of a cell's time, what training takes; the rest is attacks and measuring. */
const TRAINING_SHARE = 0.9;

/**
 * @param stream where it is written. On a terminal the running cells and the grid are shown live; elsewhere each
 *   epoch is one plain line.
 */
export function startDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  const live = stream.isTTY ? createLogUpdate(stream) : null;
  const running = new Set<Row>();
  let started = Date.now();
  let cells = 0;
  let finished = 0;
  let announced = { stage: '', quarter: 0 };

  const line = (text: string) => {
    live?.clear();
    stream.write(`${text}\n`);
  };
  const show = throttle(100, (text: () => string) => live?.(text()));
  const table = () => [...[...running].map(rowText), gridLine()].join('\n');

  const gridLine = () => {
    const shares = [...running].reduce((sum, { share }) => sum + share, 0);
    const done = (finished + shares) / Math.max(cells, 1);
    const left = done > 0.02 ? ((Date.now() - started) / 1000 / done) * (1 - done) : Number.NaN;
    return `${colours.dim('grid')}  ${bar(done)}  ${finished} of ${cells} cells done, ${running.size} running, ${duration(left)} left`;
  };

  return {
    line,
    note: (text) => line(colours.yellow(`  ${text}`)),
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
    begin(count) {
      cells = count;
      started = Date.now();
    },
    cell(name, epochs) {
      const row: Row = { name, epochs, share: 0, text: 'starting', validation: '' };
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
          row.validation = `  validation error ${epoch.validationErrorPercent.toFixed(2)} %`;
          if (!live) line(epochText(row, epoch));
        },
        done(outcome) {
          finished++;
          end(`${colours.green('✓')} ${name}: ${outcome}`);
        },
        failed(reason) {
          finished++;
          end(`${colours.red('✗')} ${name}: ${reason}`);
        },
        left: () => void running.delete(row),
        stopped: () => end(`${colours.yellow('·')} ${name}: stopped, continues from its last checkpoint`),
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

function epochText(
  { name, epochs }: Row,
  { epoch, trainLoss, validationErrorPercent, seconds, secondsLeft, resumed }: EpochReport,
): string {
  return (
    `${name}  epoch ${epoch}/${epochs}  loss ${trainLoss.toFixed(3)}  ` +
    `validation error ${validationErrorPercent.toFixed(2)} %  ${seconds.toFixed(1)} s` +
    (resumed ? '  (from the checkpoint)' : `  ${duration(secondsLeft)} left`)
  );
}

const bar = (share: number, width = 20): string => {
  const filled = Math.round(width * Math.min(Math.max(share, 0), 1));
  return colours.cyan('█'.repeat(filled)) + colours.dim('░'.repeat(width - filled));
};
