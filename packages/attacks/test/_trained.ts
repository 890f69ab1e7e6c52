import * as tf from '@tensorflow/tfjs';
import { asClassifier, randomStream, type Classifier } from '@weightmap/core';

/** Three classes by where an 8 × 8 image is brighter; noisy, so that some are near the border. */
export function drawImages(count: number, name: string) {
  const random = randomStream(5, name);
  const classes = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = Float32Array.from({ length: count * 64 }, (_, i) => {
    const [label, column] = [classes[Math.floor(i / 64)], i % 8];
    const isBright = label === 2 || (label === 0 ? column < 4 : column >= 4);
    return random.uniform() * 0.7 + (isBright ? 0.3 : 0);
  });
  return { images: tf.tensor4d(pixels, [count, 8, 8, 1]), labels: tf.tensor1d(classes, 'int32') };
}

let known: ReturnType<typeof train> | undefined;

/** A small convolutional network, trained for `drawImages`, with 100 test images. Trained once; it is nobody's to free. */
export const trainedNetwork = () => (known ??= train());

function train(): { classifier: Classifier; images: tf.Tensor4D; labels: tf.Tensor1D } {
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [8, 8, 1], filters: 6, kernelSize: 3, activation: 'relu' as const },
        kernelInitializer: initial(1),
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, kernelInitializer: initial(2) }),
    ],
  });
  const { images, labels } = drawImages(240, 'train');
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < 60; step++)
    optimizer.minimize(() => {
      const logits = model.apply(images, { training: true }) as tf.Tensor2D;
      return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 3), logits);
    });
  optimizer.dispose();
  tf.dispose([images, labels]);
  return { classifier: asClassifier(model), ...drawImages(100, 'test') };
}
