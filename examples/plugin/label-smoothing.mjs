// A defence of your own: training with smoothed labels.
//
//     weightmap list --defenses --plugin examples/plugin/label-smoothing.mjs
//     weightmap run quick --plugin examples/plugin/label-smoothing.mjs --select cnn-33 --defense none,label-smoothing
import * as tf from '@tensorflow/tfjs';
import { definePlugin, WeightmapError } from '@weightmap/core';

const defaults = { smoothing: 0.1 };

/** @returns the options with the defaults filled in: plain JSON. */
function parse(given = {}) {
  const { smoothing = defaults.smoothing, ...others } = given;
  const unknown = Object.keys(others);
  if (unknown.length > 0 || !(smoothing >= 0 && smoothing <= 1))
    throw new WeightmapError('The options of the defence label-smoothing are not valid.', {
      where: unknown.length > 0 ? `at ${unknown.join(', ')}` : `at smoothing: ${smoothing}`,
      expected: 'smoothing=0.1: a share from 0 to 1',
    });
  return { smoothing };
}

/** −Σ_c q_c · log softmax(z)_c with q_c = (1 − s)·[c = y] + s/K, mean over the batch. */
const objective = ({ options: { smoothing } }) =>
  smoothing === 0
    ? undefined
    : {
        identity: `label-smoothing ${smoothing}`,
        loss(net, { images, labels }) {
          const logits = net.logits(images);
          const [, classes] = logits.shape;
          const soft = tf
            .oneHot(labels, classes)
            .mul(1 - smoothing)
            .add(smoothing / classes);
          return soft.mul(logits.logSoftmax()).sum(1).mean().neg();
        },
      };

export default definePlugin({
  defenses: {
    'label-smoothing': {
      id: 'label-smoothing',
      label: 'Label smoothing',
      source: 'Szegedy et al., arXiv:1512.00567',
      kinds: ['objective'],
      optimisesAtTest: false,
      isRandom: false,
      defaults,
      strength: 'smoothing',
      parse,
      gradients: () => 1,
      objective,
      adaptive: [{ attack: 'apgd-margin', why: 'it follows the logits, whose scale smoothing changes' }],
    },
  },
});
