import {
  apgdCe,
  apgdDlr,
  bim,
  carliniWagner,
  ddn,
  deepFool,
  fab,
  fgsm,
  fgsmL2,
  miFgsm,
  pgd,
  pgdL2,
  square,
} from '../dist/index.js';

const all = { stopWhenFooled: false };
const madry = { steps: 40, rel_stepsize: 1 / 30 };

/**
 * Without random numbers: image by image, pixel by pixel. `steps` says that the last iterate is compared, which others
 * give, instead of the worst on the way.
 */
export const EXACT = [
  { ours: fgsm(), epsilon: 0.1, peer: 'foolbox.FGSM', signs: true },
  { ours: fgsm(), epsilon: 0.1, peer: 'art.FastGradientMethod', signs: true },
  { ours: fgsmL2(), epsilon: 1, peer: 'foolbox.FGM' },
  { ours: fgsmL2(), epsilon: 1, peer: 'art.FastGradientMethod', options: { norm: 2 } },
  {
    ...{ ours: bim(all), epsilon: 0.1, steps: 10, signs: true },
    ...{ peer: 'foolbox.LinfBasicIterativeAttack', options: { rel_stepsize: 0.2, steps: 10 } },
  },
  {
    ...{
      ours: bim({ steps: 40, relativeStep: 1 / 30, ...all }),
      label: 'PGD, no random start',
      epsilon: 0.1,
    },
    ...{ steps: 40, signs: true, peer: 'foolbox.LinfPGD', options: { ...madry, random_start: false } },
  },
  {
    ...{ ours: miFgsm(all), epsilon: 0.1, steps: 10, signs: true, momentum: 1 },
    ...{ peer: 'torchattacks.MIFGSM', options: { alpha: 0.01, steps: 10, decay: 1 } },
  },
  {
    ...{ ours: deepFool(), epsilon: null, peer: 'foolbox.L2DeepFoolAttack' },
    options: { steps: 50, candidates: 10, overshoot: 0.02 },
  },
];

/** With random numbers, or with decisions that rounding errors swing: rates and lengths over all images. */
export const STATISTICAL = [
  {
    ...{ ours: pgd(all), epsilon: 0.03, steps: 40, seeds: 3, peer: 'foolbox.LinfPGD', options: madry },
  },
  {
    ...{ ours: pgdL2(all), epsilon: 0.3, steps: 50, seeds: 3, peer: 'foolbox.L2PGD' },
    options: { steps: 50, rel_stepsize: 0.025 },
  },
  { ours: apgdCe(), epsilon: 0.02, peer: 'torchattacks.APGD', options: { steps: 100, loss: 'ce' } },
  { ours: apgdDlr(), epsilon: 0.02, peer: 'torchattacks.APGD', options: { steps: 100, loss: 'dlr' } },
  {
    ours: square({ queries: 2000 }),
    epsilon: 0.1,
    peer: 'torchattacks.Square',
    options: { n_queries: 2000 },
  },
  { ours: ddn(), epsilon: null, peer: 'foolbox.DDNAttack', options: { steps: 100 } },
  {
    ...{ ours: carliniWagner({ searches: 6, steps: 200 }), epsilon: null },
    ...{ peer: 'foolbox.L2CarliniWagnerAttack', options: { binary_search_steps: 6, steps: 200 } },
  },
  // Its radius, of FAB, only bars results: 1 bars none.
  { ours: fab(), epsilon: null, peer: 'torchattacks.FAB', radius: 1, options: { steps: 100 } },
];

/** Timed against each other on the network `cnn-33`, all 40 steps for all 64 images. */
export const TIMED = {
  ...{ ours: bim({ steps: 40, relativeStep: 1 / 30, ...all }), epsilon: 0.3 },
  options: { ...madry, random_start: false },
};
