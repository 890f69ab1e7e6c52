const { generateComponent } = require('../_component.cjs');
const { addModule, addProperty } = require('../_edits.cjs');

/** `nx g @weightmap/nx-plugin:defense <name>`: trains on images that one gradient step moves. */
module.exports = (tree, options) =>
  generateComponent(tree, options, {
    kind: 'defense',
    folder: 'defenses',
    registry: 'defenses',
    description: 'Trains on images that one gradient step moves',
    names: ({ identifier, type }) => [identifier, `${type}Options`],
    edits: ({ id, identifier, key, description }) => ({
      'src/registry.ts': [
        (text) => addModule(text, `import { ${identifier} } from './${id}.js';`),
        (text) =>
          addProperty(
            text,
            'defenses',
            `/** ${description}. */\n${id === identifier ? id : `${key}: ${identifier}`}`,
          ),
      ],
      'src/index.ts': [(text) => addModule(text, `export * from './${id}.js';`)],
    }),
  });
