import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { CURVE_MARGIN, errorMargin } from './margins.js';
import { fgsmError, noiseError, testError } from './measures.js';

const noise = on('mnist', noiseError());
const fgsm = on('mnist', fgsmError);
const cleanError = on('mnist', testError);
const cifar10Noise = on('cifar10', noiseError());

/** Claims on what protects, and what alone does not. */
export const controlClaims: readonly Claim[] = [
  comparedClaim({
    id: 'C13',
    statement:
      'Batch norm alone doesn’t protect: the CNN with batch norm has no lower error than the CNN without it, under uniform noise or FGSM on MNIST.',
    source: 'section 5',
    comparisons: [
      noise.notBelow('cnn-33-batchnorm', 'cnn-33', CURVE_MARGIN),
      fgsm.notBelow('cnn-33-batchnorm', 'cnn-33', CURVE_MARGIN),
    ],
  }),
  comparedClaim({
    id: 'C14',
    statement:
      'At least one weight map variant of each architecture has a lower error than its baseline: under uniform noise on MNIST and CIFAR-10, and under FGSM of the CNNs and DenseNets on MNIST.',
    source: 'section 5',
    comparisons: [
      noise.anyBelow(cnnPairs),
      noise.anyBelow(deepPairs('resnet')),
      noise.anyBelow(deepPairs('densenet')),
      cifar10Noise.anyBelow(alternatingPairs('resnet')),
      cifar10Noise.anyBelow(alternatingPairs('densenet')),
      fgsm.anyBelow(cnnPairs),
      fgsm.anyBelow(deepPairs('densenet')),
    ],
  }),
  comparedClaim({
    id: 'C15',
    statement:
      'Control: a weight map on the input alone is not enough. The input-scale CNN has about the same test error as the CNN without it, and no lower error under uniform noise or FGSM. (The paper prints its test error; it tests the network “to probe the effect of the input weight map on noise robustness” and has its curves in figure 2.)',
    source: 'section 4, table 4 and figure 2',
    comparisons: [
      cleanError.same('cnn-33-input-scale', 'cnn-33', errorMargin('mnist', 'cnn-33-input-scale', 'cnn-33')),
      noise.notBelow('cnn-33-input-scale', 'cnn-33', CURVE_MARGIN),
      fgsm.notBelow('cnn-33-input-scale', 'cnn-33', CURVE_MARGIN),
    ],
  }),
];
