import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger, LogLevel } from 'typedoc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shelves, titleOf } from '../_documents.mjs';
import { brokenLinks } from '../_links.mjs';
import { modules, root, site, validate } from '../_site.mjs';

let out;
beforeAll(() => {
  out = mkdtempSync(path.join(tmpdir(), 'weightmap-site-'));
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Keeps what typedoc finds fault with. */
class Complaints extends Logger {
  all = [];
  log(message, level) {
    if (level >= LogLevel.Warn) this.all.push(message);
  }
  addContext(message, _level, place, file) {
    return file ? `${file.fileName}: ${message}` : message;
  }
}

/** Converts and validates; typedoc's complaints, and what there is to render. */
async function convert(options) {
  const app = await site(options);
  app.logger = new Complaints();
  const project = await app.convert();
  if (project) validate(app, project);
  return { app, project, complaints: app.logger.all };
}

describe('the site', () => {
  let complaints;
  beforeAll(async () => {
    process.env.DOCS_SOURCES = 'https://example.org/blob/main';
    const { app, project, ...found } = await convert();
    await app.generateDocs(project, out);
    complaints = found.complaints;
  });

  it('documents every exported name, exports every name that is needed, and resolves every link', () => {
    expect(complaints).toEqual([]);
  });

  it('has a page for every entry point of every public package, which begins with the README', () => {
    const published = readdirSync(path.join(root, 'packages'))
      .map((folder) => JSON.parse(readFileSync(path.join(root, 'packages', folder, 'package.json'), 'utf8')))
      .filter((manifest) => !manifest.private)
      .flatMap(({ name, exports }) =>
        Object.keys(exports)
          .filter((entry) => entry !== './package.json')
          .map((entry) => name + entry.slice(1)),
      );
    expect(Object.keys(modules).sort()).toEqual(published.sort());
    for (const name of published) {
      const page = path.join(out, 'modules', `${name.replace('@', '_').replaceAll('/', '_')}.html`);
      expect(readFileSync(page, 'utf8')).toContain(`<h1>Module ${name}</h1>`);
    }
    const layers = readFileSync(path.join(out, 'modules/_weightmap_wm-layers.html'), 'utf8');
    expect(layers).toContain('What they compute');
  });

  it('has every document that is listed, under its heading', () => {
    const titles = shelves
      .flatMap(({ documents }) => documents)
      .map((file) => titleOf(path.join(root, file)));
    expect(new Set(titles).size).toBe(titles.length);
    expect(readdirSync(path.join(out, 'documents'))).toHaveLength(titles.length);
    const listed = shelves.flatMap(({ documents }) => documents);
    for (const folder of ['docs', 'docs/guides', 'docs/adr', 'docs/attacks'])
      for (const file of readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md')))
        expect(listed).toContain(`${folder}/${file}`);
  });

  it('has no link that leads nowhere', () => {
    expect(brokenLinks(out)).toEqual([]);
  });

  it('links to the sources, where they are shown on the web', () => {
    const page = readFileSync(path.join(out, 'functions/_weightmap_attacks.fgsm.html'), 'utf8');
    const [, file, line] = /"https:\/\/example\.org\/blob\/main\/(.*?)#L(\d+)"/.exec(page);
    expect(readFileSync(path.join(root, file), 'utf8').split('\n')[line - 1]).toContain('const fgsm =');
  });

  it('sets the formula of the README, and names no machine', () => {
    const index = readFileSync(path.join(out, 'index.html'), 'utf8');
    expect(index).toContain('<math');
    expect(index).not.toContain('$$');
    expect(index).not.toContain(root);
  });
});

describe('what it would refuse', () => {
  it('names without a docstring, and links to nothing', async () => {
    const fixture = path.join(import.meta.dirname, 'undocumented');
    const { complaints } = await convert({
      entryPoints: [path.join(fixture, 'index.ts')],
      tsconfig: path.join(fixture, 'tsconfig.json'),
      packagesRequiringDocumentation: ['@weightmap/docs-site'],
      projectDocuments: [],
      readme: 'none',
    });
    expect(complaints).toEqual([
      expect.stringContaining('Person.age'),
      expect.stringContaining('oldest'),
      expect.stringContaining('youngest'),
    ]);
  });

  it('links to pages and to places in them that are not there', () => {
    const folder = path.join(out, 'made');
    const page = (name, body) => writeFileSync(path.join(folder, name), body);
    mkdirSync(folder);
    page(
      'a.html',
      '<h1 id="top"></h1><a href="b.html#there">1</a><a href="c.html">2</a><a href="https://x.org/y">3</a>',
    );
    page('b.html', '<h2 id="here"></h2><a href="a.html#top">4</a><a href="#here">5</a><img src="no.png">');
    expect(brokenLinks(folder)).toEqual(['a.html → b.html#there', 'a.html → c.html', 'b.html → no.png']);
  });
});
