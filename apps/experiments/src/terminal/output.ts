import { plainLines } from '@weightmap/core';
import { wrapWords } from '@weightmap/report/text';
import colours from 'picocolors';

/** A colour or a weight, as this command sets them; nothing that hides text. */
// eslint-disable-next-line no-control-regex -- colours are what it is about
const STYLE = /(\u001b\[(?:0|[1-4]|2[2-4]|3[0-7]|39|9[0-7]|38;5;\d{1,3})?m)/;
const RESET = '\u001b[0m';
const ENDS = new Set(['\u001b[m', RESET, '\u001b[39m', '\u001b[22m']);

/**
 * Text that can't steer a terminal, whatever file it comes from: lines, tabs and colours stay, everything else that acts becomes
 * a space. A colour that isn't ended is ended.
 *
 * @param colour whether colours stay. Default: whether the terminal shows them.
 */
export function harmless(text: string, { colour = colours.isColorSupported } = {}): string {
  // Every second part is a style.
  const parts = text.split(STYLE);
  const styles = colour ? parts.filter((_, i) => i % 2 === 1) : [];
  const shown = parts.map((part, i) => (i % 2 === 0 ? plainLines(part) : colour ? part : ''));
  return shown.join('') + (styles.length > 0 && !ENDS.has(styles[styles.length - 1]) ? RESET : '');
}

/**
 * Text whose lines fit a terminal of that many columns: longer ones are cut between words and go on indented. A command line that is
 * cut goes on after a backslash, so that it can be copied.
 */
export function foldLines(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [first] = /^ */.exec(line)!;
      const end = line.startsWith('weightmap ', first.length) ? ' \\' : '';
      const rest = ' '.repeat(Math.min(first.length + (end ? 4 : 2), columns >> 1));
      return wrapWords(line.slice(first.length), columns, { first, rest, end });
    })
    .join('\n');
}

/**
 * Writes text to a stream, harmless, and on a terminal without cutting words. All output of this command goes through here; a lint rule
 * sees to it.
 */
export function writeTo(stream: NodeJS.WritableStream, text: string, { fold = true } = {}): void {
  const { isTTY, columns } = stream as Partial<NodeJS.WriteStream>;
  stream.write(fold && isTTY && columns ? foldLines(harmless(text), columns) : harmless(text));
}

/** Prints lines on standard output. */
export const print = (text = ''): void => writeTo(process.stdout, `${text}\n`);

/** Prints lines on standard error. */
export const printError = (text: string): void => writeTo(process.stderr, `${text}\n`);

/** JSON in which characters that act are escaped: a program still gets them, a terminal doesn't. */
export const jsonText = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(/[^\n -~]/g, (one) =>
    plainLines(one) === one ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Prints a value as JSON on standard output. */
export const printJson = (value: unknown, { indent = 0 } = {}): void =>
  writeTo(process.stdout, `${jsonText(value, indent)}\n`, { fold: false });
