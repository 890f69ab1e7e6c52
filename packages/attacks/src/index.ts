export type { AscentOptions } from './ascent/_ascent.js';
export type { AutoAscentOptions } from './ascent/_auto-ascent.js';
export type { OutsideOptions } from './black-box/_outside.js';
export * from './ascent/apgd-ce.js';
export * from './ascent/apgd-dlr.js';
export * from './ascent/apgd-margin.js';
export * from './ascent/apgd-t.js';
export * from './ascent/bim.js';
export * from './ascent/detector-pgd.js';
export * from './ascent/fgsm-l2.js';
export * from './ascent/fgsm.js';
export * from './ascent/mi-fgsm.js';
export * from './ascent/pgd-l1.js';
export * from './ascent/pgd-l2.js';
export * from './ascent/pgd.js';
export * from './ascent/r-fgsm.js';
export * from './auto-attack.js';
export * from './black-box/boundary.js';
export * from './black-box/hop-skip-jump.js';
export * from './black-box/spsa.js';
export * from './black-box/square.js';
export * from './black-box/substitute.js';
export * from './harness/adaptive.js';
export * from './harness/evaluate-minimal.js';
export * from './harness/evaluate.js';
export * from './harness/losses.js';
export type {
  CheckedMasking,
  CheckVerdict,
  Estimate,
  Finding,
  MaskingCheck,
  MaskingInterval,
} from './masking/check.js';
export * from './masking/masking-report.js';
export * from './noise/brightness.js';
export * from './noise/contrast.js';
export * from './noise/corruptions.js';
export * from './noise/gaussian-blur.js';
export * from './noise/gaussian-noise.js';
export * from './noise/impulse-noise.js';
export * from './noise/pixelate.js';
export * from './noise/salt-and-pepper.js';
export * from './noise/shot-noise.js';
export * from './noise/speckle-noise.js';
export * from './noise/uniform-noise.js';
export * from './registry.js';
export * from './search/carlini-wagner.js';
export * from './search/ddn.js';
export * from './search/deepfool.js';
export * from './search/ead.js';
export * from './search/fab.js';
export * from './search/jsma.js';
export * from './strengths.js';
