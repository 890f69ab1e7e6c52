import { plain } from './format.js';

/** Rows of cells as aligned text, each row a line whatever its cells hold; columns named in `right` are flush right. */
export function alignColumns(
  cells: readonly (readonly string[])[],
  { right = [] }: { right?: readonly number[] } = {},
): string {
  const rows = cells.map((row) => row.map(plain));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
