import { comparedClaim, on } from './_compared.js';
import type { Claim } from './claim.js';
import { gradCamFigure } from './measures.js';

const sparsity = on('mnist', gradCamFigure('hoyer'));
const entropy = on('mnist', gradCamFigure('entropy'));
const background = on('mnist', gradCamFigure('background'));

/** Sparser, more localised, less on the background: three figures of the same maps. */
const sharper = (variant: string, other: string) => [
  sparsity.above(variant, other),
  entropy.below(variant, other),
  background.below(variant, other),
];

/** The claim on figure 5. The paper judges by the eye; here the maps of clean test images are measured. */
export const gradCamClaim: Claim = comparedClaim({
  id: 'C10',
  statement:
    'Grad-CAM of the weight map CNNs is sparser, more localised and less on the background than that of the CNN, that of the unsharp one most.',
  source: 'section 5, figure 5',
  comparisons: [
    ...sharper('cnn-smooth-32', 'cnn-33'),
    ...sharper('cnn-unsharp-32', 'cnn-33'),
    ...sharper('cnn-unsharp-32', 'cnn-smooth-32'),
  ],
});
