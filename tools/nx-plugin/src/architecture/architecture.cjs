const { generateComponent } = require('../_component.cjs');
const { addBefore, addElement, addMember, addModule, addProperty } = require('../_edits.cjs');

/** Where registry.ts finds what a reader calls the architecture. */
const labelPlace = (id) => `architectureLabels${/-/.test(id) ? `['${id}']` : `.${id}`}`;

/** `nx g @weightmap/nx-plugin:architecture <name>`: a small network of strided convolutions, and a variant of it. */
module.exports = (tree, options) =>
  generateComponent(tree, options, {
    kind: 'architecture',
    folder: 'architectures',
    registry: 'architectures',
    description: 'Convolutions that halve the image',
    names: ({ type }) => [`build${type}`, `${type}Options`],
    edits: ({ id, identifier, type, key, label, source }) => ({
      'src/registry.ts': [
        (text) => addModule(text, `import { build${type} } from './${id}.js';`),
        (text) =>
          addProperty(
            text,
            'architectures',
            `${key}: { label: ${labelPlace(id)}, source: ${source}, build: build${type} }`,
          ),
      ],
      'src/variants.ts': [
        (text) => addModule(text, `import type { ${type}Options } from './${id}.js';`),
        (text) => addMember(text, 'ArchitectureOptions', `${key}: ${type}Options;`),
        (text) => addProperty(text, 'architectureLabels', `${key}: ${label}`),
        (text) =>
          addBefore(
            text,
            'rows',
            `/** No row of the paper: run it on a dataset by name, \`--select '${id}-*' --dataset digits\`. */
            const ${identifier}Variants = [
              {
                id: '${id}-16',
                architecture: '${id}',
                label: ${JSON.stringify(`${JSON.parse(label)}, conv 16`)},
                shortLabel: 'conv 16',
                kinds: ['conv'],
                datasets: [],
                options: { kind: 'conv', channels: [16, 16, 16] },
                gradCamLayer: 'conv3',
              },
            ] as const satisfies readonly Variant<'${id}'>[];`,
          ),
        (text) => addElement(text, 'rows', `...${identifier}Variants`),
      ],
      'src/index.ts': [
        (text) => addModule(text, `export { build${type}, type ${type}Options } from './${id}.js';`),
      ],
    }),
  });
