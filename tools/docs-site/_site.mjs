// The site as a typedoc program: one conversion of all public packages, so that links between them resolve.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Converter, MinimalSourceFile, ReflectionKind, normalizePath } from 'typedoc';
import { katex } from '@mdit/plugin-katex';
import { shelves, titleOf } from './_documents.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');

/** The public entry points, the way the data goes: what is needed first comes first. */
export const modules = {
  '@weightmap/core': 'packages/core/src/index.ts',
  '@weightmap/core/files': 'packages/core/src/files.ts',
  '@weightmap/engine': 'packages/engine/src/index.ts',
  '@weightmap/datasets': 'packages/datasets/src/index.ts',
  '@weightmap/wm-layers': 'packages/wm-layers/src/index.ts',
  '@weightmap/architectures': 'packages/architectures/src/index.ts',
  '@weightmap/architectures/variants': 'packages/architectures/src/variants.ts',
  '@weightmap/training': 'packages/training/src/index.ts',
  '@weightmap/attacks': 'packages/attacks/src/index.ts',
  '@weightmap/defenses': 'packages/defenses/src/index.ts',
  '@weightmap/metrics': 'packages/metrics/src/index.ts',
  '@weightmap/records': 'packages/records/src/index.ts',
  '@weightmap/report': 'packages/report/src/index.ts',
  '@weightmap/report/text': 'packages/report/src/text.ts',
  '@weightmap/zoo': 'packages/zoo/src/index.ts',
};

const inRoot = (file) => path.join(root, file);

/** typedoc with this site's options; `extra` goes over them. */
export async function site(extra = {}) {
  const app = await Application.bootstrap({
    name: 'Weight maps',
    entryPoints: Object.values(modules).map(inRoot),
    tsconfig: path.join(here, 'tsconfig.typedoc.json'),
    skipErrorChecking: true, // `nx typecheck` does that
    readme: inRoot('README.md'),
    projectDocuments: shelves.flatMap(({ documents }) => documents.map(inRoot)),
    alwaysCreateEntryPointModule: true,
    sortEntryPoints: false,
    basePath: root,
    // Where the sources are shown on the web is known to the workflow that publishes the site alone.
    disableGit: true,
    disableSources: !process.env.DOCS_SOURCES,
    sourceLinkTemplate: `${process.env.DOCS_SOURCES}/packages/{path}#L{line}`,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,

    requiredToBeDocumented: [
      'Variable',
      'Function',
      'Class',
      'Interface',
      'TypeAlias',
      'Enum',
      'EnumMember',
      'Property',
      'Method',
      'Accessor',
    ],
    packagesRequiringDocumentation: [
      ...new Set(Object.keys(modules).map((name) => name.split('/', 2).join('/'))),
    ],
    validation: {
      notExported: true,
      notDocumented: true,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
    },
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,

    highlightLanguages: ['bash', 'sh', 'js', 'ts', 'json', 'yaml', 'py', 'text'],
    markdownItLoader: (parser) => parser.use(katex, { output: 'mathml' }),
    customCss: path.join(here, 'site.css'),
    favicon: path.join(here, 'favicon.svg'),
    headings: { readme: false, document: false },
    navigation: { includeCategories: false, includeGroups: true, compactFolders: true },
    sort: ['kind', 'alphabetical'],
    groupOrder: ['Guides', 'Packages', 'Results', 'Attacks', 'Decisions', '*'],
    locales: { en: { kind_plural_module: 'Packages' } },
    includeHierarchySummary: false,
    hideGenerator: true,
    githubPages: true,
    includeVersion: true,
    ...extra,
  });
  nameDocuments(app);
  nameModules(app);
  orderShelves(app);
  return app;
}

/** What a registry holds is documented where it is defined; its rows only name it. */
const registries = ['attacks', 'architectures', 'corruptions', 'datasets', 'defenses', 'metrics'];

/** Holds the pages against the rules above: what is missing, or leads nowhere, is logged. */
export function validate(app, project) {
  const rows = project
    .getReflectionsByKind(ReflectionKind.Property)
    .filter((property) => !property.hasComment() && registries.includes(variableOf(property)?.name))
    .map((property) => property.getFriendlyFullName());
  app.options.setValue('intentionallyNotDocumented', rows);
  app.validate(project);
}

function variableOf(reflection) {
  for (let at = reflection; at; at = at.parent) if (at.kindOf(ReflectionKind.Variable)) return at;
  return null;
}

/** A document is called what its first heading says, and stands on its folder's shelf. */
function nameDocuments(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const file = path.relative(root, document.project.files.getReflectionPath(document));
    document.name = titleOf(inRoot(file));
    document.frontmatter.group = shelves.find(({ documents }) => documents.includes(file)).title;
  });
}

/** Documents stand as they are listed, not by the alphabet: what is read first comes first. */
function orderShelves(app) {
  const place = new Map(
    shelves.flatMap(({ documents }) => documents).map((file, i) => [titleOf(inRoot(file)), i]),
  );
  app.converter.on(Converter.EVENT_END, ({ project }) => {
    for (const { title, children } of project.groups)
      if (shelves.some((shelf) => shelf.title === title))
        children.sort((a, b) => place.get(a.name) - place.get(b.name));
  });
}

/** An entry point is called as it is imported, and begins with its package's README. */
function nameModules(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const source = path.relative(
        root,
        project.files.getReflectionPath(module) ?? module.sources[0].fullFileName,
      );
      const name = Object.keys(modules).find((key) => modules[key] === source);
      if (!name) continue;
      module.name = name;
      if (!source.endsWith('index.ts')) continue;
      const readme = normalizePath(inRoot(path.join(source, '../../README.md')));
      const text = readFileSync(readme, 'utf8').replace(/^# .*\n/, ''); // the page has that heading
      module.readme = app.converter.parseRawComment(
        new MinimalSourceFile(text, readme),
        project.files,
      ).content;
      project.files.registerReflectionPath(readme, module);
    }
  });
}
