import * as tf from '@tensorflow/tfjs';
import { buildVariant, type VariantId } from '@weightmap/architectures';
import { fgsm, fgsmL2, uniformNoise } from '@weightmap/attacks';
import { asClassifier, imageSet, randomStream, tensorsOf } from '@weightmap/core';
import { flops, gradCam, testError } from '@weightmap/metrics';
import { smoothing, unsharp } from '@weightmap/wm-layers';

/** What each package computes, by the backend that runs: all of it follows from seeds. */
export function numbers(): Record<string, number[]> {
  return tf.tidy(() => ({
    ...layers('smoothing'),
    ...layers('unsharp'),
    ...network('cnn-smooth-32'),
  }));
}

const read = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

/** Forward, and the gradients by the image and by the weights of Σ c·o with random c. */
function layers(name: 'smoothing' | 'unsharp'): Record<string, number[]> {
  const random = randomStream(1, name);
  const of = <R extends tf.Rank>(...shape: number[]) =>
    tf.tensor<R>(random.uniforms(tf.util.sizeFromShape(shape), -1, 1), shape as tf.ShapeMap[R]);
  const [x, weights, bias] = [
    of<tf.Rank.R4>(2, 9, 8, 3),
    of<tf.Rank.R4>(9, 8, 3, 4),
    of<tf.Rank.R3>(9, 8, 4),
  ];
  const operation = { smoothing, unsharp }[name];
  const forward = (image: tf.Tensor, map: tf.Tensor) =>
    operation(image as tf.Tensor4D, map as tf.Tensor4D, bias, { kernelSize: 3, padding: 'same' });
  const output = forward(x, weights);
  const share = of(...output.shape);
  const [dx, dw] = tf.grads((image, map) => forward(image, map).mul(share).sum())([x, weights]);
  return {
    [`wm-layers: ${name}, output`]: read(output),
    [`wm-layers: ${name}, gradient by the image`]: read(dx),
    [`wm-layers: ${name}, gradient by the weight map`]: read(dw),
  };
}

function network(variant: VariantId): Record<string, number[]> {
  const spec = { height: 12, width: 12, channels: 1, classes: ['a', 'b', 'c'] };
  const random = randomStream(2, 'images');
  const set = imageSet(
    spec,
    Uint8Array.from(random.uniforms(4 * 144, 0, 256)),
    Uint8Array.from([0, 1, 2, 1]),
  );
  const model = buildVariant(variant, { spec, seed: 3 });
  try {
    const { images, labels } = tensorsOf(set);
    const classifier = asClassifier(model);
    const run = (attack: ReturnType<typeof fgsm>, strength: number) =>
      attack.run(classifier, images, labels, { strengths: [strength], random: randomStream(4, 'attack') })[0];
    const { heatmaps, probabilities } = gradCam(model, images, {
      layer: 'smoothing3',
      classIndex: [0, 1, 2, 0],
    });
    return {
      [`architectures: ${variant}, logits`]: read(classifier.logits(images)),
      [`attacks: FGSM on ${variant}`]: read(run(fgsm(), 0.1).adversarial),
      [`attacks: FGM on ${variant}, along the gradient`]: read(run(fgsmL2(), 2).adversarial),
      [`attacks: uniform noise on ${variant}`]: read(run(uniformNoise(), 0.5).adversarial),
      [`metrics: Grad-CAM of ${variant}`]: [...heatmaps, ...probabilities],
      [`metrics: test error and FLOPs of ${variant}`]: [testError(classifier, set), flops(model).executed],
    };
  } finally {
    model.dispose();
  }
}
