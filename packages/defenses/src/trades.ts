import * as tf from '@tensorflow/tfjs';
import type { Defense } from '@weightmap/core';
import { z } from 'zod';
import { normalNoise } from './_draws.js';
import { ascend } from './_inner-ascent.js';
import { identityOf, optionsOf, relativeStep, size, steps } from './_options.js';

const id = 'trades';

/** Options of TRADES. */
export interface TradesOptions {
  /** L∞ radius of the adversarial images, in units of pixels of [0, 1]. */
  readonly epsilon: number;
  /** Weight β of the divergence. */
  readonly beta: number;
  /** Gradient steps of the inner attack. */
  readonly steps: number;
  /** Length of such a step as a share of ε. */
  readonly relativeStep: number;
}

const schema = z.strictObject({
  epsilon: size.default(0.3),
  beta: z.number().min(0).max(100).default(1),
  steps: steps.default(40),
  relativeStep: relativeStep.default(1 / 30),
});

/** Standard deviation of the start, in units of pixels. */
const START = 0.001;

/** KL(softmax a ‖ softmax b), mean over the batch. */
export const divergence = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Scalar => {
  const [p, q] = [a, b].map((logits) => logits.logSoftmax());
  return p.exp().mul(p.sub(q)).sum(1).mean();
};

/**
 * TRADES: the loss of the clean images, and how far the network's answers move within the ball,
 *
 *     J(x) + β · max_{‖δ‖∞ ≤ ε} KL(f(x) ‖ f(x + δ)),   β = 1, ε = 0.3
 *
 * The maximum is found by 40 steps of 0.01 on the divergence in inference mode, from x + 0.001 · N(0, 1). Without a weight or a
 * radius it is the plain loss.
 *
 * Source: Zhang, Yu, Jiao, Xing, El Ghaoui & Jordan, “Theoretically principled trade-off between robustness and accuracy”,
 * arXiv:1901.08573; code yaodongyu/TRADES. Published (✓, README): MNIST after 100 epochs clean 99.5 %, PGD 95.6, AutoAttack 92.8;
 * CIFAR-10 with ResNet-18 AutoAttack 49.5, where PGD training has 48.7.
 *
 * Known break: none.
 */
export const trades: Defense<TradesOptions> = {
  id,
  label: 'TRADES',
  source: 'Zhang et al., arXiv:1901.08573',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'beta',
  ...optionsOf<TradesOptions>(id, schema),
  gradients: ({ beta, epsilon, steps }) => (beta * epsilon === 0 ? 1 : steps + 2),
  objective({ options }) {
    const { beta, epsilon } = options;
    if (beta * epsilon === 0) return undefined;
    return {
      identity: identityOf(id, options),
      draws: { start: normalNoise },
      prepare(net, { images }, { start }) {
        const clean = net.frozen.logits(images);
        const moved = ascend(net, images, images.add(start.mul(START)), {
          lossOf: (x) => divergence(clean, net.frozen.logits(x)),
          radius: tf.scalar(epsilon),
          stepSize: options.relativeStep * epsilon,
          steps: options.steps,
        });
        return { moved };
      },
      loss(net, { images, labels }, { moved }) {
        const [clean, other] = [net.logits(images), net.logits(moved as tf.Tensor4D)];
        return net.crossEntropy(clean, labels).add(divergence(clean, other).mul(beta));
      },
    };
  },
  adaptive: [
    { attack: 'auto-attack', why: 'as for PGD training' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
