import { html, trusted, type Html } from './html.js';
import { styles } from './styles.js';

/** A page that needs no other file. */
export function documentOf(title: string, body: Html): string {
  const whole = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title}</title>
      <link rel="icon" href="data:," />
      <style>
        ${trusted(styles)}
      </style>
    </head>
    <body>
      ${body}
    </body>
  </html>`;
  // Indentation is for those who read the source of the templates.
  return `<!doctype html>\n${whole.toString().replaceAll(/\n\s+/g, '\n')}\n`;
}
