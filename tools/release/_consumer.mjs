// What a user of the packages writes: every entry point, by import and by require, and with types.

/** Each entry point and something that it exports. */
export const entries = {
  '@weightmap/core': 'randomStream',
  '@weightmap/core/files': 'writeWhole',
  '@weightmap/engine': 'startEngine',
  '@weightmap/datasets': 'datasets',
  '@weightmap/wm-layers': 'smoothingWeightMap',
  '@weightmap/architectures': 'buildVariant',
  '@weightmap/architectures/variants': 'variants',
  '@weightmap/training': 'train',
  '@weightmap/attacks': 'fgsm',
  '@weightmap/defenses': 'createDefense',
  '@weightmap/metrics': 'robustnessCurve',
  '@weightmap/records': 'readRecords',
  '@weightmap/report': 'renderReport',
  '@weightmap/report/text': 'count',
  '@weightmap/zoo': 'loadPretrained',
};

const names = Object.entries(entries);
const line = names.map(([name, symbol]) => `'${name} ' + typeof ${symbol}`).join(', ');

/** Prints `<entry> function` or `<entry> object` for each, a line each. */
export const importing = `${names.map(([name, symbol]) => `import { ${symbol} } from '${name}';`).join('\n')}
console.log([${line}].join('\\n'));
`;
export const requiring = `${names.map(([name, symbol]) => `const { ${symbol} } = require('${name}');`).join('\n')}
console.log([${line}].join('\\n'));
`;

/** Uses types of several packages together: with one tfjs they fit, with two they don't. */
export const typed = `import * as tf from '@tensorflow/tfjs';
import { pgd } from '@weightmap/attacks';
import { buildVariant } from '@weightmap/architectures';
import { asClassifier, randomStream, type AttackOutcome } from '@weightmap/core';
import { flops } from '@weightmap/metrics';
import { smoothingWeightMap } from '@weightmap/wm-layers';

const spec = { height: 28, width: 28, channels: 1, classes: ['a', 'b', 'c'] };
const model: tf.LayersModel = buildVariant('cnn-33', { spec, seed: 1 });
const layer: tf.layers.Layer = smoothingWeightMap({ filters: 2, seed: 1 });
const outcomes: AttackOutcome[] = pgd({ steps: 3 }).run(
  asClassifier(model),
  tf.zeros([1, 28, 28, 1]) as tf.Tensor4D,
  tf.tensor1d([0], 'int32'),
  { strengths: [0.1], random: randomStream(1, 'pgd') },
);
const executed: number = flops(model).executed;
console.log(layer, outcomes, executed);
`;
