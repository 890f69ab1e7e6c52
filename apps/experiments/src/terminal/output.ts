import { plainLines } from '@weightmap/core';
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

/** Writes text to a stream, harmless. All output of this command goes through here; a lint rule sees to it. */
export const writeTo = (stream: NodeJS.WritableStream, text: string): void =>
  void stream.write(harmless(text));

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
export const printJson = (value: unknown, { indent = 0 } = {}): void => print(jsonText(value, indent));
