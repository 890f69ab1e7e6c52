/** The parts of a factory's docstring. */
export interface Docstring {
  /** The name of the attack, before the first colon: `Fast gradient sign method`. */
  readonly name: string;
  /** A summary in one line: the rest of the first sentence, with the formula that ends it. */
  readonly summary: string;
  /** Formula and steps, in Markdown: all paragraphs without a label. */
  readonly method: string;
  /** The labelled paragraphs, without their labels; empty if there is none. */
  readonly errors: string;
  readonly note: string;
  readonly source: string;
  readonly tested: string;
}

const LABELS = {
  errors: 'Its `run` throws',
  note: 'Note:',
  source: 'Source:',
  tested: 'Tested:',
} as const;

/** Splits a docstring into its parts. @param comment the whole comment as in the source. */
export function parseDocstring(comment: string): Docstring {
  const paragraphs: string[][] = [[]];
  for (const line of linesOf(comment)) {
    const labelled = Object.values(LABELS).some((label) => line.startsWith(label));
    if (line === '' || labelled) paragraphs.push([]);
    if (line !== '') paragraphs.at(-1)!.push(line);
  }
  const filled = paragraphs.filter((lines) => lines.length > 0);
  const labelOf = ([first]: string[]) => Object.values(LABELS).find((label) => first.startsWith(label));
  const of = (label: string) =>
    filled
      .filter((lines) => labelOf(lines) === label)
      .map((lines) => lines.join('\n').slice(label.length).trim())
      .join('\n\n');
  const method = filled.filter((lines) => !labelOf(lines));
  return {
    ...headOf(method),
    method: method.map(markdownOf).join('\n\n'),
    errors: of(LABELS.errors),
    note: of(LABELS.note),
    source: of(LABELS.source),
    tested: of(LABELS.tested),
  };
}

/** The lines without the marks of the comment; further indentation is kept. */
const linesOf = (comment: string): string[] =>
  comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());

const isFormula = (lines: readonly string[]) => lines.every((line) => line.startsWith('    '));

const markdownOf = (lines: string[]): string =>
  isFormula(lines) ? ['```text', ...lines.map((line) => line.slice(4)), '```'].join('\n') : lines.join('\n');

function headOf(paragraphs: string[][]): Pick<Docstring, 'name' | 'summary'> {
  const [first = [], second = []] = paragraphs;
  const text = first.join(' ');
  const [, name = text, rest = ''] = /^(.*?): (.*)$/s.exec(text) ?? [];
  const sentence = /^.*?[.](?=\s|$)/s.exec(rest)?.[0];
  if (sentence) return { name, summary: sentence.slice(0, -1) };
  // The sentence continues in the formula below.
  const formula = isFormula(second) ? second.map((line) => `\`${line.trim()}\``).join('; ') : '';
  return { name, summary: `${rest.replace(/[,:]$/, ':')} ${formula}`.trim() };
}
