import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { noiseError } from './measures.js';

const mnist = on('mnist', noiseError());
const iwildcam = on('iwildcam', noiseError());
const weakNoise = on('cifar10', noiseError('weakest'));
const strongNoise = on('cifar10', noiseError('strongest'));

const worseThenBetter = (variant: string, baseline: string) => [
  weakNoise.aboveBeforeCrossing(variant, baseline),
  strongNoise.belowAfterCrossing(variant, baseline),
];

/** Claims on the curves of uniform noise: figures 2 (a), 3 (a) and 4 (a). */
export const uniformNoiseClaims: readonly Claim[] = [
  comparedClaim({
    id: 'C4',
    statement:
      'MNIST with uniform noise: every weight map variant has a lower error than its baseline, except the non-alternating smoothing ResNet.',
    source: 'section 4.4, figure 2 (a)',
    comparisons: [
      ...[...cnnPairs, ...deepPairs('resnet'), ...deepPairs('densenet')].map(([variant, baseline]) =>
        // The exception is the negation: not below 0, without a margin.
        variant === 'resnet-smoothing'
          ? mnist.notBelow(variant, baseline, 0)
          : mnist.below(variant, baseline),
      ),
    ],
  }),
  comparedClaim({
    id: 'C5',
    statement:
      'CIFAR-10 with uniform noise: the alternating unsharp ResNet and both alternating DenseNets have a higher error than their baselines under weak noise and a lower one under strong noise; the alternating smoothing ResNet has a higher error under both.',
    source: 'section 4.4, figure 3 (a)',
    comparisons: [
      ...worseThenBetter('resnet-alternating-unsharp', 'resnet-conv'),
      ...worseThenBetter('densenet-alternating-smoothing', 'densenet-conv'),
      ...worseThenBetter('densenet-alternating-unsharp', 'densenet-conv'),
      weakNoise.above('resnet-alternating-smoothing', 'resnet-conv'),
      strongNoise.above('resnet-alternating-smoothing', 'resnet-conv'),
    ],
  }),
  comparedClaim({
    id: 'C6',
    statement:
      'iWildCam with uniform noise: the weight map ResNets have a higher error than their baseline, the weight map DenseNets a lower one.',
    source: 'section 4.4, figure 4 (a)',
    comparisons: [
      ...alternatingPairs('resnet').map(([variant, baseline]) => iwildcam.above(variant, baseline)),
      ...alternatingPairs('densenet').map(([variant, baseline]) => iwildcam.below(variant, baseline)),
    ],
  }),
];
