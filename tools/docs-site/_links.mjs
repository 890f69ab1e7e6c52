// Every link of a built site, followed to a file and a place in it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The links of all pages that lead nowhere within the site; those to other sites are not looked at.
 *
 * @returns `<page> → <link>` each.
 */
export function brokenLinks(site) {
  const pages = readdirSync(site, { recursive: true })
    .filter((file) => file.endsWith('.html'))
    .map((file) => path.join(site, file));
  const ids = new Map(pages.map((page) => [page, idsOf(page)]));
  return pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !leadsSomewhere(link, page, ids))
      .map((link) => `${path.relative(site, page)} → ${link}`),
  );
}

const attributes = (page, name) =>
  [...readFileSync(page, 'utf8').matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    value.replaceAll('&amp;', '&').replaceAll('&#39;', "'"),
  );

const idsOf = (page) => new Set(attributes(page, 'id'));

const linksOf = (page) => [
  ...new Set(
    [...attributes(page, 'href'), ...attributes(page, 'src')].filter(
      (link) => !/^(?:[a-z]+:|#$|$)/.test(link),
    ),
  ),
];

function leadsSomewhere(link, page, ids) {
  const [, file, anchor] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(link);
  const target = file ? path.resolve(path.dirname(page), decodeURIComponent(file)) : page;
  if (!existsSync(target) || !statSync(target).isFile()) return false;
  return !anchor || !ids.has(target) || ids.get(target).has(decodeURIComponent(anchor));
}
