/**
 * Characters that don't show but act: control characters, line and paragraph separators, marks that turn the direction of text,
 * and code points that XML refuses.
 */
const ACTING = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+/gu;
const NOT_A_LINE = /[^\n\t]+/g;

/** Text on one line, of characters that only show: a label from a file can't steer a terminal, or break a line or a markup. */
export const plainText = (text: string): string => text.replace(ACTING, ' ');

/** The same of text in several lines: ends of lines and tabs stay. */
export const plainLines = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(NOT_A_LINE, (part) => part.replace(ACTING, ' '));
