import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { CURVE_MARGIN } from './margins.js';
import { noiseError } from './measures.js';

const mnist = on('mnist', noiseError());
const iwildcam = on('iwildcam', noiseError());
const weakNoise = on('cifar10', noiseError('low'));
const strongNoise = on('cifar10', noiseError('high'));

const worseThenBetter = (variant: string, baseline: string) => [
  weakNoise.above(variant, baseline),
  strongNoise.below(variant, baseline),
];

/** Claims on the curves of uniform noise: figures 2 (a), 3 (a) and 4 (a). */
export const uniformNoiseClaims: readonly Claim[] = [
  comparedClaim({
    id: 'C4',
    statement:
      'MNIST with uniform noise: every weight map variant errs less than its baseline, except the non-alternating smoothing ResNet.',
    source: 'section 4.4, figure 2 (a)',
    comparisons: [
      ...[...cnnPairs, ...deepPairs('resnet'), ...deepPairs('densenet')].map(([variant, baseline]) =>
        variant === 'resnet-smoothing'
          ? mnist.notBelow(variant, baseline, CURVE_MARGIN)
          : mnist.below(variant, baseline),
      ),
    ],
  }),
  comparedClaim({
    id: 'C5',
    statement:
      'CIFAR-10 with uniform noise: the alternating unsharp ResNet and both alternating DenseNets err more than their baselines under weak noise and less under strong noise; the alternating smoothing ResNet errs more under both.',
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
      'iWildCam with uniform noise: the weight map ResNets err more than their baseline, the weight map DenseNets less.',
    source: 'section 4.4, figure 4 (a)',
    comparisons: [
      ...alternatingPairs('resnet').map(([variant, baseline]) => iwildcam.above(variant, baseline)),
      ...alternatingPairs('densenet').map(([variant, baseline]) => iwildcam.below(variant, baseline)),
    ],
  }),
];
