import { alternatingPairs, cnnPairs, deepPairs } from './_baselines.js';
import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { CURVE_MARGIN, POOR_PERCENT } from './margins.js';
import { fgsmError, usualFgsmError } from './measures.js';

const mnist = on('mnist', fgsmError);
const cifar10 = on('cifar10', fgsmError);
const iwildcam = on('iwildcam', fgsmError);
const usual = on('iwildcam', usualFgsmError);

const alternating = (architecture: 'resnet' | 'densenet') =>
  alternatingPairs(architecture).map(([variant]) => variant);

/** Claims on the curves of FGSM: figures 2 (b), 3 (b) and 4 (b). “On average” is the mean of the weight map variants. */
export const fgsmClaims: readonly Claim[] = [
  comparedClaim({
    id: 'C7',
    statement:
      'MNIST under FGSM: the unsharp CNN has a lower error than its baseline, the other weight map CNNs about the same; no weight map ResNet has a lower error than its baseline; the weight map DenseNets have a lower one, except the alternating unsharp one, which has about the same.',
    source: 'section 4.4, figure 2 (b)',
    comparisons: [
      ...cnnPairs.map(([variant, baseline]) =>
        variant === 'cnn-unsharp-32'
          ? mnist.below(variant, baseline)
          : mnist.same(variant, baseline, CURVE_MARGIN),
      ),
      ...deepPairs('resnet').map(([variant, baseline]) => mnist.notBelow(variant, baseline, CURVE_MARGIN)),
      ...deepPairs('densenet').map(([variant, baseline]) =>
        variant === 'densenet-alternating-unsharp'
          ? mnist.same(variant, baseline, CURVE_MARGIN)
          : mnist.below(variant, baseline),
      ),
    ],
  }),
  comparedClaim({
    id: 'C8',
    statement:
      'CIFAR-10 under FGSM: on average the weight map ResNets have a higher error than their baseline, the weight map DenseNets a lower one.',
    source: 'section 4.4, figure 3 (b)',
    comparisons: [
      cifar10.above(alternating('resnet'), 'resnet-conv'),
      cifar10.below(alternating('densenet'), 'densenet-conv'),
    ],
  }),
  comparedClaim({
    id: 'C9',
    statement:
      'iWildCam under FGSM: every network performs poorly; the ResNets are alike; on average the weight map DenseNets have a higher error than their baseline.',
    source: 'section 4.4, figure 4 (b)',
    comparisons: [
      ...(['resnet', 'densenet'] as const)
        .flatMap((architecture) => [`${architecture}-conv`, ...alternating(architecture)])
        .map((variant) => usual.above(variant, POOR_PERCENT)),
      ...alternatingPairs('resnet').map(([variant, baseline]) =>
        iwildcam.same(variant, baseline, CURVE_MARGIN),
      ),
      iwildcam.same('resnet-alternating-unsharp', 'resnet-alternating-smoothing', CURVE_MARGIN),
      iwildcam.above(alternating('densenet'), 'densenet-conv'),
    ],
  }),
];
