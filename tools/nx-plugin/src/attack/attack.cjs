const { generateComponent } = require('../_component.cjs');
const { addModule, addProperty } = require('../_edits.cjs');

/** What a norm is called, its dual norm, and how that measures the slope of a function, in the test. */
const norms = {
  linf: { title: 'L∞', dual: 'L1', size: 'slope.reduce((sum, value) => sum + Math.abs(value), 0)' },
  l2: { title: 'L2', dual: 'L2', size: 'Math.hypot(...slope)' },
  l1: { title: 'L1', dual: 'L∞', size: 'Math.max(...slope.map(Math.abs))' },
};

/** `nx g @weightmap/nx-plugin:attack <name>`: one step along the gradient, in a norm. */
module.exports = async function attackGenerator(tree, options) {
  const { norm = 'linf' } = options;
  if (!Object.hasOwn(norms, norm))
    throw new Error(`There is no norm "${norm}" to step in: ${Object.keys(norms).join(', ')} are expected.`);
  return generateComponent(tree, options, {
    kind: 'attack',
    folder: 'attacks',
    room: 'ascent',
    registry: 'attacks',
    description: `One gradient step in ${norms[norm].title}`,
    names: ({ identifier }) => [identifier],
    substitutions: () => ({ norm, ...norms[norm] }),
    edits: ({ id, identifier, key }) => ({
      'src/registry.ts': [
        (text) => addModule(text, `import { ${identifier} } from './ascent/${id}.js';`),
        (text) => addProperty(text, 'attacks', id === identifier ? id : `${key}: ${identifier}`),
      ],
      'src/index.ts': [(text) => addModule(text, `export * from './ascent/${id}.js';`)],
    }),
  });
};
