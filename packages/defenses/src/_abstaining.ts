import type { Classifier, Defended, ImageSpec } from '@weightmap/core';

/** Classes of which the last one abstains. */
export const withNull = (spec: ImageSpec): ImageSpec => ({ ...spec, classes: [...spec.classes, 'NULL'] });

/** A network whose last class abstains. An attacker who doesn't know that takes it for a class as any other. */
export const abstainingByLast = (network: Classifier): Defended => ({
  classifier: { ...network, answers: network.classes - 1 },
  unaware: network,
});
