import {
  apgdCe,
  apgdCeL2,
  apgdDlr,
  apgdDlrL2,
  bim,
  boundary,
  carliniWagner,
  ddn,
  deepFool,
  ead,
  fab,
  fabL2,
  fgsm,
  fgsmL2,
  hopSkipJump,
  jsma,
  miFgsm,
  pgd,
  pgdL1,
  pgdL2,
  spsa,
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
    ...{ ours: bim({ ...all, relativeStep: 0.2 }), epsilon: 0.1, steps: 10, signs: true },
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

/**
 * With `count`, of the first images alone. With `fromOthers` both sides begin at the nearest image of another class. With `aimed`
 * both aim at the class after the label. `alone`: theirs gets one image at a time. What an algorithm `differs` in makes its figures incomparable, but they are shown.
 *
 * With random numbers, or with decisions that rounding errors swing: rates and lengths over all images.
 */
export const STATISTICAL = [
  {
    ...{
      ours: pgd({ ...all, relativeStep: 1 / 30 }),
      epsilon: 0.03,
      steps: 40,
      seeds: 3,
      peer: 'foolbox.LinfPGD',
      options: madry,
    },
  },
  {
    ...{
      ours: pgdL2({ ...all, relativeStep: 0.025 }),
      epsilon: 0.3,
      steps: 50,
      seeds: 3,
      peer: 'foolbox.L2PGD',
    },
    options: { steps: 50, rel_stepsize: 0.025 },
  },
  { ours: apgdCe(), epsilon: 0.02, peer: 'torchattacks.APGD', options: { steps: 100, loss: 'ce' } },
  { ours: apgdDlr(), epsilon: 0.02, peer: 'torchattacks.APGD', options: { steps: 100, loss: 'dlr' } },
  {
    ours: apgdCeL2(),
    epsilon: 0.2,
    peer: 'torchattacks.APGD',
    options: { norm: 'L2', steps: 100, loss: 'ce' },
  },
  {
    ours: apgdDlrL2(),
    epsilon: 0.2,
    peer: 'torchattacks.APGD',
    options: { norm: 'L2', steps: 100, loss: 'dlr' },
  },
  {
    ...{
      ours: pgdL1({ ...all, relativeStep: 0.025 }),
      epsilon: 2,
      steps: 50,
      seeds: 3,
      peer: 'foolbox.SparseL1DescentAttack',
    },
    options: { steps: 50, rel_stepsize: 0.025, quantile: 0.99, random_start: true },
  },
  // Theirs counts pairs.
  {
    ...{ ours: spsa({ steps: 20, samples: 256 }), epsilon: 0.03, count: 50, peer: 'torchattacks.SPSA' },
    options: { nb_iter: 20, nb_sample: 128 },
    differs: 'theirs begins at the clean image and gives the last iterate',
  },
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
  { ours: fabL2(), epsilon: null, peer: 'torchattacks.FAB', radius: 14, options: { norm: 'L2', steps: 100 } },
  {
    ...{ ours: ead({ searches: 6, steps: 200 }), epsilon: null, peer: 'foolbox.EADAttack' },
    options: { binary_search_steps: 6, steps: 200, decision_rule: 'L1' },
  },
  // Of probabilities, as ours is.
  {
    ...{ ours: jsma(), epsilon: null, aimed: true, softmax: true, peer: 'art.SaliencyMapMethod' },
    options: { theta: 1, gamma: 1, verbose: false },
  },
  // Theirs divides by lengths taken over the whole batch: of several images at once each gets smaller steps.
  {
    alone: true,
    ...{ ours: (starts) => hopSkipJump({ steps: 10, starts }), epsilon: null, count: 100, fromOthers: true },
    ...{ peer: 'foolbox.HopSkipJumpAttack', options: { steps: 10 } },
  },
  {
    ...{ ours: (starts) => boundary({ steps: 1000, starts }), epsilon: null, count: 50, fromOthers: true },
    ...{ peer: 'foolbox.BoundaryAttack', options: { steps: 1000 } },
  },
];

/** Timed against each other on the network `cnn-33`, all 40 steps for all 64 images. */
export const TIMED = {
  ...{ ours: bim({ steps: 40, relativeStep: 1 / 30, ...all }), epsilon: 0.3 },
  options: { ...madry, random_start: false },
};
