import * as tf from '@tensorflow/tfjs';
import { randomStream, type Defense, type ImageSpec } from '@weightmap/core';
import { z } from 'zod';
import { identityOf, optionsOf } from './_options.js';
import { sigmoidCrossEntropy, transposed } from './_transposed.js';

const id = 'hybrid-adversarial';

/** Options of hybrid adversarial networks. */
export interface HybridAdversarialOptions {
  /** Weight of the generator's loss. */
  readonly weight: number;
  /** Channels of the discriminator's first convolution; the second one has twice as many. */
  readonly channels: number;
}

const schema = z.strictObject({
  weight: z.number().min(0).max(1000).default(1),
  channels: z.number().int().min(1).max(1024).default(16),
});

/** TensorFlow's optimizer fails, with a warning, to fuse a leaky ReLU of its own into a convolution with a gradient. */
const leaky = (x: tf.Tensor) => x.maximum(x.mul(0.2));

/** Normalises by the batch's own mean and deviation, for each unit or channel. */
const normalised = (x: tf.Tensor) => {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const centred = x.sub(x.mean(axes, true));
  return centred.div(centred.square().mean(axes, true).add(1e-5).sqrt());
};

/** A value through which no gradient flows. */
const constant = <T extends tf.Tensor>(x: T): T =>
  tf.customGrad((given) => ({ value: (given as T).clone(), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) }))(
    x,
  ) as T;

/** Two convolutions of 4 × 4 with stride 2, and one unit. */
function discriminator({ height, width, channels }: ImageSpec, first: number, seed: number) {
  const random = randomStream(seed, 'discriminator');
  const normal = (...shape: number[]) =>
    tf.tidy(() => {
      const values = random.normals(shape.reduce((a, b) => a * b, 1)).map((value) => 0.02 * value);
      return tf.variable(tf.tensor(values, shape));
    });
  const zeros = (length: number) => tf.tidy(() => tf.variable(tf.zeros([length])));
  const quarter = [height, width].map((length) => Math.ceil(Math.ceil(length / 2) / 2));
  const size = quarter[0] * quarter[1] * 2 * first;
  const variables = [
    ...[normal(4, 4, channels, first), zeros(first)],
    ...[normal(4, 4, first, 2 * first), zeros(2 * first)],
    ...[normal(size, 1), zeros(1)],
  ];
  const logits = (images: tf.Tensor4D, [w1, b1, w2, b2, w3, b3]: readonly tf.Tensor[]) => {
    const maps = leaky(tf.conv2d(images, w1 as tf.Tensor4D, 2, 'same').add(b1)) as tf.Tensor4D;
    const smaller = leaky(tf.conv2d(maps, w2 as tf.Tensor4D, 2, 'same').add(b2));
    return smaller.reshape([-1, size]).matMul(w3).add(b3);
  };
  return { variables, logits };
}

/**
 * Hybrid adversarial network (HAN): the network's weights transposed generate images of random numbers, which a discriminator D is to
 * take for training images,
 *
 *     min_θ J(x) + w·H(1, D(G(z))),   min_D H(1, D(x)) + H(0, D(G(z))),   z ~ U(−1, 1) in the place of the logits, w = 1 (‡)
 *
 * with the cross-entropy H of a sigmoid. G is that of `bidirectionalLearning`, with batch normalisation between its layers; G's
 * biases and D are for training alone (✓). The authors take turns with three steps of Adam (2e-4 for J and D, 1e-3 for G, β₁ = 0.5,
 * batch 100, 500,000 steps, ✓); here one step takes the sum, in which D's weights are constants of G's loss and G(z) one of D's (‡). D is
 * two convolutions of 4 × 4 with stride 2, of 16 and 32 channels, and a unit, without normalisation (‡; authors' 64, 128 and 1024
 * units with it).
 *
 * Source: Pontes-Filho & Liwicki, “Bidirectional learning for robust neural networks”, arXiv:1805.08006; code sidneyp/bidirectional.
 * Published (✓, result tables): MNIST with convolutions of 64 and 128 channels and 1024 units, clean 98.2 %, FGSM 0.3 90.8; the plain
 * network after as many steps 68.9 under FGSM; CIFAR-10 clean 56.5, FGSM 24.5.
 *
 * Known break: only FGSM was tested, and the clean test normalised by the batch; masking is likely: PGD on the margin, other
 * networks' images, Square.
 */
export const hybridAdversarial: Defense<HybridAdversarialOptions> = {
  id,
  label: 'Hybrid adversarial network',
  source: 'Pontes-Filho & Liwicki, arXiv:1805.08006',
  kinds: ['objective'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'weight',
  ...optionsOf<HybridAdversarialOptions>(id, schema),
  gradients: ({ weight }) => (weight === 0 ? 1 : 2),
  objective({ options, model, spec, seed }) {
    const { weight, channels } = options;
    if (weight === 0) return undefined;
    const back = transposed(model);
    const judge = discriminator(spec, channels, seed);
    const classes = spec.classes.length;
    const generated = (codes: tf.Tensor) =>
      back.images(codes as tf.Tensor2D, (values) => normalised(values).relu()).sigmoid<tf.Tensor4D>();
    return {
      identity: identityOf(id, options),
      auxiliary: [...back.biases, ...judge.variables],
      draws: {
        codes: ({ shape: [batch] }, random) =>
          tf.tensor2d(random.uniforms(batch * classes, -1, 1), [batch, classes]),
      },
      loss(net, { images, labels }, { codes }) {
        const made = generated(codes);
        const fooled = sigmoidCrossEntropy(judge.logits(made, judge.variables.map(constant)), 1);
        const told = sigmoidCrossEntropy(judge.logits(images, judge.variables), 1).add(
          sigmoidCrossEntropy(judge.logits(constant(made), judge.variables), 0),
        );
        const plain = net.crossEntropy(net.logits(images), labels);
        return plain.add(fooled.mul(weight)).add(told);
      },
    };
  },
  adaptive: [
    { attack: 'apgd-margin', why: 'the margin has a slope where the cross-entropy is masked' },
    { attack: 'substitute', why: 'images of other networks don’t depend on its gradient' },
    { attack: 'square', why: 'it needs no gradient' },
  ],
};
