import { plain } from './format.js';

/** How a table is laid out. */
export interface TableLayout {
  /** Columns that are flush right. */
  readonly right?: readonly number[];
  /** Columns that are left out where the table is wider than the terminal, the first of them first. */
  readonly optional?: readonly number[];
  /** Characters of a line. Default: those of the terminal, if the output goes to one; else without limit. */
  readonly width?: number;
}

/** Characters of a line of the terminal that the output goes to; without limit if it goes elsewhere. */
export const lineWidth = (): number => (process.stdout.isTTY && process.stdout.columns) || Infinity;

/** The last column is wrapped only if this many characters are left for it. */
const NARROWEST = 16;
const GAP = 2;

/**
 * Rows of cells as aligned text, the first of them the header. A row is a line whatever its cells hold, if the table is not wider than
 * the terminal. Otherwise optional columns are left out; then the words of the last column are wrapped; if that has no room either, each
 * row becomes a block, a line for each of its cells.
 */
export const alignColumns = (cells: readonly (readonly string[])[], layout: TableLayout = {}): string =>
  alignRows(cells, layout).join('\n');

/** The same, a text of one or more lines for each row; that of the header is empty if rows are blocks. */
export function alignRows(
  cells: readonly (readonly string[])[],
  { right = [], optional = [], width = lineWidth() }: TableLayout = {},
): string[] {
  const rows = cells.map((row) => row.map(plain));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const total = (columns: readonly number[]) =>
    columns.reduce((sum, column) => sum + widths[column] + GAP, -GAP);
  let columns = widths.map((_, column) => column);
  for (const out of optional) if (total(columns) > width) columns = columns.filter((one) => one !== out);

  const last = columns[columns.length - 1];
  const before = columns.slice(0, -1);
  const room = total(columns) <= width ? Infinity : width - (before.length > 0 ? total(before) + GAP : 0);
  if (room < NARROWEST) return blocks(rows, columns, width);
  return rows.map((row) => {
    const start = before.map((column) =>
      right.includes(column) ? row[column].padStart(widths[column]) : row[column].padEnd(widths[column]),
    );
    const text = right.includes(last) && room === Infinity ? row[last].padStart(widths[last]) : row[last];
    const [first, ...rest] = wrapWords(text, room);
    const indent = before.length > 0 ? ' '.repeat(total(before) + GAP) : '';
    return [[...start, first].join('  '), ...rest.map((line) => indent + line)]
      .map((line) => line.trimEnd())
      .join('\n');
  });
}

function blocks(rows: readonly (readonly string[])[], columns: readonly number[], width: number): string[] {
  const [header, ...body] = rows;
  const [first, ...others] = columns;
  return [
    '',
    ...body.map((row) =>
      [
        row[first],
        ...others
          .filter((column) => row[column] !== '')
          .flatMap((column) =>
            wrapWords(header[column] ? `${header[column]}: ${row[column]}` : row[column], width - 4).map(
              (line, i) => `${i === 0 ? '  ' : '    '}${line}`,
            ),
          ),
      ].join('\n'),
    ),
  ];
}

// eslint-disable-next-line no-control-regex -- colours have no width
const visible = (text: string) => text.replace(/\u001b\[[\d;]*m/g, '').length;

/** Text that is put around each line of a wrapped text. */
export interface Wrapping {
  /** Before the first line. */
  readonly first?: string;
  /** Before each later line. */
  readonly rest?: string;
  /** After each line that another follows. */
  readonly end?: string;
}

/**
 * Text as lines of at most that many characters, cut between words; a longer word is a line of its own. Colours don't count, and blanks
 * within a line stay as they are.
 */
export function wrapWords(
  text: string,
  width: number,
  { first = '', rest = '', end = '' }: Wrapping = {},
): string[] {
  if (visible(first + text) <= width) return [first + text];
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const [, blanks, word] of text.matchAll(/( *)([^ ]+)/g)) {
    if (!isEmpty && visible(line + blanks + word + end) > width) {
      lines.push(line + end);
      line = rest + word;
    } else line += blanks + word;
    isEmpty = false;
  }
  return [...lines, line];
}
