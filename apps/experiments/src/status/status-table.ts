import { cellName } from '@weightmap/records';
import colours from 'picocolors';
import { alignRows, count, duration, NONE } from '@weightmap/report/text';
import { cellStateNames, type CellStateName, type CellStatus } from './cell-states.js';

const painted: Readonly<Record<CellStateName, (text: string) => string>> = {
  done: colours.green,
  running: colours.cyan,
  queued: colours.blue,
  waiting: colours.dim,
  stopped: colours.yellow,
  failed: colours.red,
  stale: colours.magenta,
};

/** Cells in these states are only counted, unless all are listed: a grid has many of them. */
const ONLY_COUNTED: ReadonlySet<CellStateName> = new Set(['done', 'waiting', 'queued']);

export const countStates = (cells: readonly CellStatus[]): Record<CellStateName, number> =>
  Object.fromEntries(
    cellStateNames.map((name) => [name, cells.filter(({ state }) => state === name).length]),
  ) as Record<CellStateName, number>;

/** Seconds until the last cell ends, if as many run at the same time as now; null if none runs or its pace isn't known yet. */
export function secondsLeft(cells: readonly CellStatus[]): number | null {
  const running = cells.flatMap(({ running }) => (typeof running?.secondsLeft === 'number' ? [running] : []));
  if (running.length === 0) return null;
  const whole = running.map(({ secondsRunning, secondsLeft }) => secondsRunning + (secondsLeft ?? 0));
  const mean = whole.reduce((sum, seconds) => sum + seconds, 0) / whole.length;
  const { waiting, queued } = countStates(cells);
  const left = running.reduce((sum, { secondsLeft }) => sum + (secondsLeft ?? 0), 0);
  return (left + mean * (waiting + queued)) / running.length;
}

/** The state of a run as text: a line of counts, and a line for each cell that runs, stopped, failed or is stale. */
export function statusTable(cells: readonly CellStatus[], { all = false } = {}): string {
  const counts = countStates(cells);
  const summary = cellStateNames
    .filter((name) => counts[name] > 0)
    .map((name) => painted[name](`${counts[name]} ${name}`))
    .join(', ');
  const left = secondsLeft(cells);
  const shown = cells.filter(({ state }) => all || !ONLY_COUNTED.has(state));
  const rows = shown.map((status) => [
    String(status.index + 1),
    cellName(status.cell),
    status.state,
    detailOf(status),
  ]);
  const lines = rows.length ? alignRows([['#', 'cell', 'state', ''], ...rows], { right: [0] }) : [];
  const table = lines
    .map((line, i) => (i === 0 ? colours.dim(line) : paintState(line, shown[i - 1].state)))
    .filter((_, i) => lines[i] !== '');
  return [
    `${count(cells.length, 'cell')}: ${summary}${left === null ? '' : `; about ${duration(left)} left`}`,
    ...table,
  ].join('\n');
}

const paintState = (line: string, state: CellStateName) =>
  line.replace(`  ${state}`, `  ${painted[state](state)}`);

function detailOf({ running, reason, cell }: CellStatus): string {
  if (!running) return reason?.split('\n')[0] ?? '';
  const { host, pid, stage, share, epoch, loss, imagesPerSecond, validationErrorPercent } = running;
  return [
    stage === 'train' && epoch !== undefined
      ? `epoch ${epoch ?? NONE}/${cell.training.epochs}`
      : `${stage} ${percentText(share)}`,
    loss !== undefined && `loss ${loss?.toFixed(3) ?? NONE}`,
    validationErrorPercent !== undefined &&
      `validation error ${validationErrorPercent?.toFixed(2) ?? NONE} %`,
    imagesPerSecond !== undefined &&
      `${imagesPerSecond === null ? NONE : Math.round(imagesPerSecond)} images/s`,
    running.secondsLeft !== undefined && `${duration(running.secondsLeft ?? Number.NaN)} left`,
    `process ${pid} on ${host}`,
    running.secondsSinceBeat > 60 && `no heartbeat for ${duration(running.secondsSinceBeat)}`,
    running.oddLines !== undefined && `${count(running.oddLines, 'odd line')} in events.jsonl skipped`,
  ]
    .filter(Boolean)
    .join('  ');
}

/** `75 %` */
export const percentText = (share: number | null): string =>
  `${share === null ? NONE : Math.round(100 * share)} %`;
