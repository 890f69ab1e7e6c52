const { generateComponent } = require('../_component.cjs');
const { addModule, addProperty } = require('../_edits.cjs');

/** `nx g @weightmap/nx-plugin:dataset <name>`: drawn stripes, until its own images are there. */
module.exports = (tree, options) =>
  generateComponent(tree, options, {
    kind: 'dataset',
    folder: 'datasets',
    registry: 'datasets',
    description: 'Stripes of four directions, drawn by this program',
    names: ({ identifier, type }) => [identifier, `${identifier}Loader`, `${type}LoaderOptions`],
    edits: ({ id, identifier, type, key }) => ({
      'src/registry.ts': [
        (text) => addModule(text, `import { ${identifier} } from './${id}.js';`),
        (text) => addProperty(text, 'datasets', id === identifier ? id : `${key}: ${identifier}`),
      ],
      'src/index.ts': [
        (text) =>
          addModule(
            text,
            `export { ${identifier}, ${identifier}Loader, type ${type}LoaderOptions } from './${id}.js';`,
          ),
      ],
      'test/registry.test.ts': [
        (text) => addProperty(text, 'made', `${key}: async () => datasets[${JSON.stringify(id)}]`),
      ],
    }),
  });
