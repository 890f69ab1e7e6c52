import { count, plain } from '../format.js';
import { conditionLabel } from './overview.js';
import { resultCells } from './result-table.js';
import type { Summary } from './summary.js';
import type { LayerKind } from '../variant-names.js';

const ansi: Readonly<Record<LayerKind, string>> = { conv: '1', smoothing: '38;5;32', unsharp: '38;5;166' };

/**
 * The result as plain text, the paper's value beside each, aligned at the decimal point.
 *
 * @param colour whether the terminal shows colours.
 */
export function terminalTable({ benchmarks, damaged }: Summary, { colour = false } = {}): string {
  const paint = (text: string, codes: string) => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text);
  const blocks = benchmarks.map((benchmark) => {
    const { title, conditions, likeness, variants } = benchmark;
    const body = variants.map(resultCells);
    const header = ['test error %', 'paper', 'diff', 'noise', 'FGSM', 'n'];
    const columns = header.map((heading, column) =>
      alignDecimals([heading, ...body.map((row) => row[column])]),
    );
    const names = padAll(['', ...variants.map(({ name }) => plain(name.long))], 'end');
    const lines = names.map((name, line) => {
      const cells = columns.map((column) => column[line]).join('   ');
      if (line === 0) return paint(`${name}   ${cells}`.trimEnd(), '2');
      return `${paint(name, ansi[variants[line - 1].name.kind])}   ${cells}`.trimEnd();
    });
    const about = `${plain(title)} · ${count(conditions.training.epochs, 'epoch')} · noise and FGSM: ${plain(
      (['noise', 'fgsm'] as const)
        .map((condition) => conditionLabel(benchmark, condition).split(', ').at(-1))
        .join(', '),
    )}`;
    const caveat =
      likeness.caveats.length > 0
        ? [`Not like for like with the paper: ${plain(likeness.caveats.join('; '))}.`]
        : [];
    return [paint(about, '1'), ...lines, ...caveat].join('\n');
  });
  if (damaged.length > 0)
    blocks.push(
      `${count(damaged.length, 'damaged record')} left out:\n${damaged.map(({ file, reason }) => `  ${plain(file)}: ${plain(reason)}`).join('\n')}`,
    );
  return blocks.join('\n\n');
}

/** Pads a heading and its values so that the first decimal point of each is at one place. */
function alignDecimals([heading, ...values]: readonly string[]): string[] {
  const before = (value: string) => (/^[^.]*/.exec(value) ?? [''])[0].length;
  const most = Math.max(...values.map(before));
  return padAll(
    [
      heading,
      ...padAll(
        values.map((value) => ' '.repeat(most - before(value)) + value),
        'end',
      ),
    ],
    'start',
  );
}

function padAll(texts: readonly string[], side: 'start' | 'end'): string[] {
  const width = Math.max(...texts.map((text) => text.length));
  return texts.map((text) => (side === 'start' ? text.padStart(width) : text.padEnd(width)));
}
