import * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { momentsThrough } from './_moments.js';
import { noisyTraining } from './noisy-training.js';
import { identityOf, optionsOf } from './_options.js';

const id = 'stochastic-operators';

/** Options of stochastic operators. */
export interface StochasticOperatorsOptions {
  /** Standard deviation of the noise on the training images, in units of pixels of [0, 1]. */
  readonly sigma: number;
  /** Variance that each pixel of a classified image is taken to have. */
  readonly inputVariance: number;
}

const schema = z.strictObject({
  sigma: z.number().min(0).max(10).default(0.3),
  inputVariance: z.number().min(0).max(10).default(0.17),
});

/**
 * Noisy training with stochastic operators: the trained network classifies an image as if each pixel were normal with a variance
 * v, and passes means and variances through its layers instead of values,
 *
 *     linear: μ' = Σ w·μ + b, σ'² = Σ w²·σ²;   ReLU: the moments of max(x, 0);   max pooling: Clark's for pairs;   answer: the means
 *
 * Activations count as independent. v is 0.17, as in the authors' code (✓, for its own scaling of pixels). Layers must be a chain of
 * convolutions, dense layers, ReLU and max pooling. With `sigma` 0 the training is the baseline's, with `inputVariance` 0 the answers are
 * the network's own. It is deterministic and differentiable, so attacks follow its own gradient.
 *
 * Source: Jin, Dundar & Culurciello, “Robust convolutional neural networks under adversarial noise”, arXiv:1511.06306; code
 * jhjin/stochastic-cnn. Published (✓): ResNet-101 error 22.5 %, under FGSM from 82.5 to 40.8, by the gradient of the plain network.
 *
 * Known break: none published; it was never attacked with the gradient of the operators. PGD through them.
 */
export const stochasticOperators: Defense<StochasticOperatorsOptions> = {
  id,
  label: 'Stochastic operators',
  source: 'Jin et al., arXiv:1511.06306',
  kinds: ['objective', 'post-hoc'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'sigma',
  ...optionsOf<StochasticOperatorsOptions>(id, schema),
  gradients: () => 1,
  objective({ options, ...request }) {
    const noise = noisyTraining.objective!({ ...request, options: { sigma: options.sigma } })!;
    return { ...noise, identity: identityOf(id, { sigma: options.sigma }) };
  },
  async wrap(network, { model, options: { inputVariance } }) {
    if (inputVariance === 0) return { classifier: network }; // the means are then its own values
    const logits = (images: tf.Tensor4D) =>
      tf.tidy(() => {
        const input = { mean: images, variance: tf.fill(images.shape, inputVariance) };
        return momentsThrough(model, input).mean as tf.Tensor2D;
      });
    const zeros = tf.zeros<tf.Rank.R4>([1, ...network.inputShape]);
    try {
      logits(zeros).dispose(); // a layer without an operator shows now
    } finally {
      zeros.dispose();
    }
    return { classifier: { ...network, logits }, unaware: network };
  },
  adaptive: [
    {
      attack: 'pgd',
      why: 'the operators are differentiable: the article follows the plain network’s gradient',
    },
    { attack: 'auto-attack', why: 'as for every defence that claims robustness' },
  ],
};
