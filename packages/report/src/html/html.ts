import { plainText } from '@weightmap/core';

/** Markup that is safe to put into a page as it is. */
export class Html {
  constructor(private readonly markup: string) {}

  toString(): string {
    return this.markup;
  }
}

export type Insertable = Html | string | number | null | undefined | false | readonly Insertable[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute, of HTML or XML: on one line, without characters that XML refuses. */
export const escapeHtml = (text: string): string =>
  plainText(text).replace(/[&<>"']/g, (character) => entities[character]);

/**
 * A template whose insertions are escaped, unless they are `Html` themselves.
 *
 * Lists are joined; `null`, `undefined` and `false` insert nothing.
 */
export function html(parts: TemplateStringsArray, ...insertions: readonly Insertable[]): Html {
  return new Html(parts.reduce((page, part, i) => page + render(insertions[i - 1]) + part));
}

/** Markup of our own making, such as an SVG. */
export const trusted = (markup: string): Html => new Html(markup);

function render(inserted: Insertable): string {
  if (inserted === null || inserted === undefined || inserted === false) return '';
  if (inserted instanceof Html) return inserted.toString();
  if (typeof inserted === 'string') return escapeHtml(inserted);
  return typeof inserted === 'number' ? String(inserted) : inserted.map(render).join('');
}
