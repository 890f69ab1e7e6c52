const { generateComponent } = require('../_component.cjs');
const { addBefore, addElement, addMember, addModule, addProperty } = require('../_edits.cjs');

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
            `${key}: { label: ${label}, source: ${source}, build: build${type} }`,
          ),
      ],
      'src/variants.ts': [
        (text) => addModule(text, `import type { ${type}Options } from './${id}.js';`),
        (text) => addMember(text, 'ArchitectureOptions', `${key}: ${type}Options;`),
        (text) =>
          addBefore(
            text,
            'variants',
            `/** No row of the paper: run it on a dataset by name, \`--select '${id}-*' --dataset digits\`. */
            const ${identifier}Variants: readonly Variant<'${id}'>[] = [
              {
                id: '${id}-16',
                architecture: '${id}',
                label: ${JSON.stringify(`${JSON.parse(label)} 16 channels`)},
                datasets: [],
                options: { kind: 'conv', channels: [16, 16, 16] },
                gradCamLayer: 'conv3',
              },
            ];`,
          ),
        (text) => addElement(text, 'variants', `...${identifier}Variants`),
      ],
      'src/index.ts': [
        (text) => addModule(text, `export { build${type}, type ${type}Options } from './${id}.js';`),
      ],
    }),
  });
