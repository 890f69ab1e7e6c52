import type { OnProgress } from '@weightmap/core';
import type { EpochReport } from '@weightmap/training';
import { createLogUpdate } from 'log-update';
import colours from 'picocolors';

/** What a person sees of a run: lines that stay, and on a terminal a few that change. */
export interface Display {
  line: (text: string) => void;
  note: (text: string) => void;
  /** For what happens before the first cell, such as a download. */
  progress: OnProgress;
  begin: (cells: number) => void;
  cell: (name: string, epochs: number) => CellDisplay;
  end: () => void;
}

export interface CellDisplay {
  epoch: (epoch: EpochReport) => void;
  progress: OnProgress;
  done: (outcome: string) => void;
  failed: (reason: string) => void;
}

/**
 * @param stream where it is written. On a terminal the running cell and the grid are shown live; elsewhere each
 *   epoch is one plain line.
 */
export function startDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  const live = stream.isTTY ? createLogUpdate(stream) : null;
  let started = Date.now();
  let cells = 0;
  let finished = 0;
  let announced = -1;

  const line = (text: string) => {
    live?.clear();
    stream.write(`${text}\n`);
  };
  const show = throttle(100, (text: string) => live?.(text));

  /** `share` of the running cell that is done. */
  const gridLine = (share: number) => {
    const done = (finished + share) / Math.max(cells, 1);
    const left = done > 0.02 ? ((Date.now() - started) / 1000 / done) * (1 - done) : Number.NaN;
    return `${colours.dim('grid')}  ${bar(done)}  cell ${Math.min(finished + 1, cells)} of ${cells}, ${duration(left)} left`;
  };

  return {
    line,
    note: (text) => line(colours.yellow(`  ${text}`)),
    progress({ stage, done, total }) {
      if (live) show(`${stage}  ${bar(done / total)}`);
      else if (Math.floor((4 * done) / total) > announced) {
        announced = Math.floor((4 * done) / total);
        if (announced > 0) line(`  ${stage} ${announced * 25} %`);
      }
    },
    begin(count) {
      cells = count;
      started = Date.now();
    },
    cell(name, epochs) {
      let validation = '';
      return {
        progress({ stage, done, total, figures = {} }) {
          if (!live) return;
          const { epoch, loss, imagesPerSecond, secondsLeft } = figures;
          const training = stage === 'train';
          const share = training ? 0.9 * (done / total) : 0.9 + 0.05 * (done / total);
          const detail = training
            ? `epoch ${epoch}/${epochs}  loss ${loss.toFixed(3)}${validation}  ${Math.round(imagesPerSecond)} images/s  ${duration(secondsLeft)} left`
            : `${stage} ${done}/${total} images`;
          show(`${name}  ${bar(done / total)}  ${detail}\n${gridLine(share)}`);
        },
        epoch({ epoch, trainLoss, validationErrorPercent, seconds, secondsLeft, resumed }) {
          const text =
            `${name}  epoch ${epoch}/${epochs}  loss ${trainLoss.toFixed(3)}  ` +
            `validation error ${validationErrorPercent.toFixed(2)} %  ${seconds.toFixed(1)} s` +
            (resumed ? '  (from the checkpoint)' : `  ${duration(secondsLeft)} left`);
          if (!live) line(text);
          validation = `  validation error ${validationErrorPercent.toFixed(2)} %`;
        },
        done(outcome) {
          finished++;
          line(`${colours.green('✓')} ${name}: ${outcome}`);
        },
        failed(reason) {
          finished++;
          line(`${colours.red('✗')} ${name}: ${reason}`);
        },
      };
    },
    end: () => live?.clear(),
  };
}

const bar = (share: number, width = 20): string => {
  const filled = Math.round(width * Math.min(Math.max(share, 0), 1));
  return colours.cyan('█'.repeat(filled)) + colours.dim('░'.repeat(width - filled));
};

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h ? `${h} h ${String(m).padStart(2, '0')} min` : `${m}:${String(s).padStart(2, '0')}`;
};

function throttle<Args extends unknown[]>(
  milliseconds: number,
  body: (...args: Args) => void,
): (...args: Args) => void {
  let last = 0;
  return (...args) => {
    if (Date.now() - last < milliseconds) return;
    last = Date.now();
    body(...args);
  };
}
