import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  randomStream,
  type Attack,
  type Classifier,
  type RandomStream,
} from '@weightmap/core';
import { pgd, type PgdOptions } from '../ascent/pgd.js';

/** The classifier, the images, and the effort of the checks. */
export interface ProbeOptions {
  readonly classifier: Classifier;
  /** [batch, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** [batch], int32 */
  readonly labels: tf.Tensor1D;
  /** L∞ radius at which robustness is claimed. */
  readonly epsilon: number;
  readonly seed: number;
  /** Gradient steps of the attacks that are compared. */
  readonly steps: number;
  /** Queries of the black-box attack for each image. */
  readonly queries: number;
  /** Other networks for the same task, whose adversarial images are tried on this one. */
  readonly surrogates: readonly Classifier[];
}

/** A classifier with images to check it on. Results that several checks need are computed once. */
export interface Probe extends ProbeOptions {
  readonly count: number;
  /** Highest minus lowest pixel. */
  readonly range: number;
  /** Which images are classified correctly without an attack. */
  readonly correct: readonly boolean[];
  /** PGD, by default with the number of steps of the options. */
  readonly pgd: (options?: PgdOptions) => Attack;
  /** A random stream for a name, the same at every call. */
  readonly random: (name: string) => RandomStream;
  /** The outcome of an attack on the images. Computed once for each name and strength. */
  readonly attacked: (name: string, attack: () => Attack, strength: number) => Attacked;
  /** Which images are misclassified under an attack: that part of `attacked`. */
  readonly fooled: (name: string, attack: () => Attack, strength: number) => readonly boolean[];
  /** Logits of the images without an attack, [batch][classes]. Computed once. */
  readonly clean: () => readonly (readonly number[])[];
  /** The same by a pass of its own. */
  readonly pass: () => number[][];
}

/** What the checks need of an attack's outcome, one entry for each image. */
export interface Attacked {
  readonly fooled: readonly boolean[];
  /** The largest change of a pixel. */
  readonly linf: readonly number[];
}

/** Prepares the checks of a classifier. */
export function openProbe(options: ProbeOptions): Probe {
  const { classifier, images, labels, seed, steps } = options;
  const truth = labels.dataSync();
  const known = new Map<string, Attacked>();
  const random = (name: string) => randomStream(seed, 'masking', name);
  const pass = () => tf.tidy(() => classifier.logits(images).arraySync());
  let clean: number[][] | undefined;
  const attacked: Probe['attacked'] = (name, attack, strength) => {
    const key = `${name}/${strength}`;
    const found = known.get(key);
    if (found) return found;
    const [outcome] = attack().run(classifier, images, labels, {
      strengths: [strength],
      random: random(name),
    });
    outcome.adversarial.dispose();
    const result = { fooled: [...outcome.misclassified].map(Boolean), linf: [...outcome.linf] };
    known.set(key, result);
    return result;
  };
  return {
    ...options,
    count: images.shape[0],
    range: classifier.bounds[1] - classifier.bounds[0],
    correct: [...predictClasses(classifier, images)].map((guess, i) => guess === truth[i]),
    random,
    attacked,
    fooled: (...asked) => attacked(...asked).fooled,
    pgd: (more = {}) => pgd({ steps, ...more }),
    clean: () => (clean ??= pass()),
    pass,
  };
}

/** The positions of the true flags. */
export const placesOf = (flags: readonly boolean[]): number[] =>
  flags.flatMap((flag, i) => (flag ? [i] : []));

/** The share of true flags. */
export const shareOf = (flags: readonly boolean[]): number =>
  flags.reduce((sum, flag) => sum + Number(flag), 0) / flags.length;

/** The positions where `these` are true and `those` are false. */
export const onlyIn = (these: readonly boolean[], those: readonly boolean[]): number[] =>
  these.flatMap((flag, i) => (flag && !those[i] ? [i] : []));

/** True where at least one of the lists is. */
export const anyOf = (...lists: readonly (readonly boolean[])[]): boolean[] =>
  lists[0].map((_, i) => lists.some((list) => list[i]));
