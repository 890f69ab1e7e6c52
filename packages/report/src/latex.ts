import type { CsvValue } from './csv.js';
import { NONE, plain } from './format.js';

export interface LatexTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CsvValue[])[];
  readonly caption: string;
  /** For `\ref`: `tab:cnn-mnist`. */
  readonly label: string;
  /** How many columns at the left are words. Default: the first. */
  readonly words?: number;
}

/** A table by the rules of the booktabs package; every text in it is escaped. */
export function toLatex({ columns, rows, caption, label, words = 1 }: LatexTable): string {
  const line = (cells: readonly string[]) => `    ${cells.join(' & ')} \\\\`;
  const alignment = columns.map((_, i) => (i < words ? 'l' : 'r')).join('');
  return [
    '% needs \\usepackage{booktabs}',
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${escapeLatex(caption)}}`,
    `  \\label{${label}}`,
    `  \\begin{tabular}{${alignment}}`,
    '    \\toprule',
    line(columns.map(escapeLatex)),
    '    \\midrule',
    ...rows.map((row) => line(row.map((cell) => escapeLatex(cell === null ? NONE : String(cell))))),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n');
}

/** What isn't ASCII becomes a command, so that every engine sets it. */
const commands: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '±': '$\\pm$',
  '−': '$-$',
  '×': '$\\times$',
  '–': '--',
  '—': '---',
  '’': "'",
  '“': '``',
  '”': "''",
  β: '$\\beta$',
  ε: '$\\varepsilon$',
  '∞': '$\\infty$',
  '²': '\\textsuperscript{2}',
};

/** Text that LaTeX sets as it is. */
export const escapeLatex = (text: string): string =>
  plain(text).replace(/[\\{}&%$#_~^<>|"±−×–—’“”βε∞²]/g, (character) => commands[character]);
