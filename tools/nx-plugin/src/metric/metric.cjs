const { generateComponent } = require('../_component.cjs');
const { addModule, addProperty } = require('../_edits.cjs');

/** `nx g @weightmap/nx-plugin:metric <name>`: a number that is measured on every trained network, and kept in its record. */
module.exports = (tree, options) =>
  generateComponent(tree, options, {
    kind: 'metric',
    folder: 'metrics',
    registry: 'metrics',
    description: 'How sure a classifier is of what it predicts',
    names: ({ identifier }) => [identifier],
    edits: ({ id, identifier, key, label, source }) => ({
      'src/registry.ts': [
        (text) => addModule(text, `import { ${identifier} } from './${id}.js';`),
        (text) =>
          addProperty(
            text,
            'metrics',
            `${key}: {
              id: '${id}',
              label: ${label},
              unit: '%',
              source: ${source},
              measure: ({ classifier, test, batchSize }) => ${identifier}(classifier, test, { batchSize }),
            }`,
          ),
      ],
      'src/index.ts': [(text) => addModule(text, `export * from './${id}.js';`)],
    }),
  });
