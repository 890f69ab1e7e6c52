import {
  countOf,
  firstOf,
  predictClasses,
  tensorsOf,
  wilsonInterval,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';
import * as tf from '@tensorflow/tfjs';
import { list } from '@weightmap/report/text';
import { preprocessed, type Preprocessing } from './own-model-network.js';

/** Images that other settings are tried on. */
const TRIED = 200;
/** A setting that is worth naming gets at least so many times as many images right as chance. */
const WORTH_NAMING = 2;

/**
 * Why the accuracy of a network on clean images can't be believed: it is no better than chance, or clearly better with other
 * bounds, another order of channels or of classes. These are tried, and named if they help.
 *
 * @param network for pixels within the bounds of the preprocessing.
 * @param clean for each image: `1` if it is misclassified.
 */
export function cleanWarnings(
  network: Classifier,
  set: ImageSet,
  clean: string,
  { bounds, mean, deviation }: Preprocessing,
): string[] {
  const { classes } = set.spec;
  const right = [...clean].filter((flag) => flag === '0').length;
  const [low, high] = wilsonInterval(right / clean.length, clean.length);
  const chance = 1 / classes.length;
  const isAtChance = low <= chance;
  const tried = firstOf(set, TRIED);
  const plain = { mean: [0], deviation: [1] };
  const settings: readonly (readonly [name: string, setting: Preprocessing, reversed: boolean])[] = [
    ['--bounds 0,1', { bounds: [0, 1], ...plain }, false],
    ['--bounds 0,255', { bounds: [0, 255], ...plain }, false],
    ['--bounds -1,1', { bounds: [-1, 1], ...plain }, false],
    ['the channels in the order blue, green, red', { bounds, mean, deviation }, true],
  ];
  const better = settings
    .filter(([, , reversed]) => !reversed || set.spec.channels === 3)
    .map(([name, setting, reversed]) => ({
      name,
      share: shareRight(preprocessed(network, setting), tried, reversed),
    }))
    .filter(({ share }) =>
      isAtChance
        ? share >= Math.min(Math.max(WORTH_NAMING * chance, high), 1)
        : wilsonInterval(share, countOf(tried))[0] > high,
    )
    .sort((a, b) => b.share - a.share);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  if (!isAtChance)
    return better
      .slice(0, 1)
      .map(
        ({ name, share }) =>
          `${right} of ${clean.length} clean images are classified correctly. With ${name} it would be ${percent(share)} of ${countOf(tried)}: is that how the network was trained?`,
      );
  const said = `Only ${right} of ${clean.length} clean images are classified correctly, which is no better than chance (${percent(chance)}): attacks on such a network say nothing.`;
  const order = orderOf(preprocessed(network, { bounds, mean, deviation }), tried);
  if (better.length > 0)
    return [
      `${said} With ${better[0].name} it would be ${percent(better[0].share)} of ${countOf(tried)} images.`,
    ];
  if (order) return [`${said} The network has the classes in another order: ${order}.`];
  return [
    `${said} Likely reasons: another normalisation (--normalise, --bounds), classes in another order (--classes), other channels, or images that the network was not trained for.`,
  ];
}

function predictionsOf(classifier: Classifier, set: ImageSet, reversed = false): Int32Array {
  const { images, labels } = tensorsOf(set);
  const given = reversed ? images.reverse(3) : images;
  try {
    return predictClasses(classifier, given);
  } finally {
    tf.dispose([images, labels, given]);
  }
}

const shareRight = (classifier: Classifier, set: ImageSet, reversed: boolean): number =>
  predictionsOf(classifier, set, reversed).filter((guess, i) => guess === set.labels[i]).length /
  countOf(set);

/** Tells where a network's outputs belong if each class has its own, another one than its label; null otherwise. */
function orderOf(classifier: Classifier, set: ImageSet): string | null {
  const { classes } = set.spec;
  const guesses = predictionsOf(classifier, set);
  const most = classes.map((_, label) => {
    const counts = new Array<number>(classes.length).fill(0);
    guesses.forEach((guess, i) => set.labels[i] === label && counts[guess]++);
    return counts.indexOf(Math.max(...counts));
  });
  if (new Set(most).size < classes.length) return null;
  const right = guesses.filter((guess, i) => guess === most[set.labels[i]]).length;
  if (right / countOf(set) < WORTH_NAMING / classes.length && right / countOf(set) < 0.9) return null;
  const places = classes.map((name, label) => `${name} is its output ${most[label] + 1}`);
  const names = classes.map((_, output) => classes[most.indexOf(output)]);
  return `${list(places.slice(0, 4))}${places.length > 4 ? ' …' : ''} (for a folder: --classes ${names.join(',')})`;
}
