import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { errorMargin } from './margins.js';
import { testError } from './measures.js';

const mnist = on('mnist', testError);
const cifar10 = on('cifar10', testError);
const iwildcam = on('iwildcam', testError);

const similarOnMnist = (one: string, other: string) =>
  mnist.same(one, other, errorMargin('mnist', one, other));

/** Claims on the test error of clean images. */
export const cleanErrorClaims: readonly Claim[] = [
  comparedClaim({
    id: 'C1',
    statement:
      'The smoothing CNN has a lower test error than the 33-channel CNN with about as many FLOPs, the unsharp CNN a lower one still; the wide CNN with as many parameters has a higher one.',
    source: 'section 4.4, table 4',
    comparisons: [
      mnist.below('cnn-smooth-32', 'cnn-33'),
      mnist.below('cnn-unsharp-32', 'cnn-smooth-32'),
      mnist.above('cnn-wide', 'cnn-33'),
    ],
  }),
  comparedClaim({
    id: 'C2',
    statement: 'Batch norm lowers the error of the CNN and of the smoothing CNN, to about the same.',
    source: 'section 4.4, table 4',
    comparisons: [
      mnist.below('cnn-33-batchnorm', 'cnn-33'),
      mnist.below('cnn-smooth-32-batchnorm', 'cnn-smooth-32'),
      similarOnMnist('cnn-smooth-32-batchnorm', 'cnn-33-batchnorm'),
    ],
  }),
  comparedClaim({
    id: 'C3',
    statement: 'Kernels of 9×9 lower the error of the CNN and raise that of the smoothing CNN.',
    source: 'section 4.4, table 4',
    comparisons: [mnist.below('cnn-33-k9', 'cnn-33'), mnist.above('cnn-smooth-32-k9', 'cnn-smooth-32')],
  }),
];

/** The last of the paper's order: it speaks of the deep networks. */
export const deepErrorClaim: Claim = comparedClaim({
  id: 'C11',
  statement:
    'ResNet: the baseline has a lower test error than the weight map variants on MNIST and CIFAR-10, and a higher one on iWildCam. DenseNet: the baseline has a lower one than the non-alternating variants on MNIST and about the same as the alternating ones; a lower one than both on CIFAR-10; on iWildCam about the same as alternating smoothing and a higher one than alternating unsharp.',
  source: 'section 4.4, tables 5–7',
  comparisons: [
    ...['smoothing', 'unsharp', 'alternating-smoothing', 'alternating-unsharp'].map((kind) =>
      mnist.above(`resnet-${kind}`, 'resnet-conv'),
    ),
    cifar10.above('resnet-alternating-smoothing', 'resnet-conv'),
    cifar10.above('resnet-alternating-unsharp', 'resnet-conv'),
    iwildcam.below('resnet-alternating-smoothing', 'resnet-conv'),
    iwildcam.below('resnet-alternating-unsharp', 'resnet-conv'),
    mnist.above('densenet-smoothing', 'densenet-conv'),
    mnist.above('densenet-unsharp', 'densenet-conv'),
    similarOnMnist('densenet-alternating-smoothing', 'densenet-conv'),
    similarOnMnist('densenet-alternating-unsharp', 'densenet-conv'),
    cifar10.above('densenet-alternating-smoothing', 'densenet-conv'),
    cifar10.above('densenet-alternating-unsharp', 'densenet-conv'),
    iwildcam.same(
      'densenet-alternating-smoothing',
      'densenet-conv',
      errorMargin('iwildcam', 'densenet-alternating-smoothing', 'densenet-conv'),
    ),
    iwildcam.below('densenet-alternating-unsharp', 'densenet-conv'),
  ],
});
