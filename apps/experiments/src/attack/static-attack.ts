import { predictClasses, type Attack, type Classifier } from '@weightmap/core';

/**
 * An attack whose images are made against one classifier and judged by another: by the one that it is run on.
 *
 * @param seen what the attacker sees, for images of the same shape and classes; the other may have one more, which abstains.
 */
export const madeAgainst = (seen: Classifier, attack: Attack): Attack => ({
  ...attack,
  run(classifier, images, labels, options) {
    const outcomes = attack.run(seen, images, labels, options);
    if (seen === classifier) return outcomes;
    const truth = labels.dataSync();
    const { answers = classifier.classes } = classifier;
    return outcomes.map((outcome) => {
      const predicted = predictClasses(classifier, outcome.adversarial);
      const misclassified = Uint8Array.from(predicted, (guess, i) =>
        Number(guess !== truth[i] && guess < answers),
      );
      return { ...outcome, predicted, misclassified, succeeded: misclassified };
    });
  },
});
