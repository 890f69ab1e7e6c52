import * as tf from '@tensorflow/tfjs';
import {
  predictClasses,
  randomStream,
  type Attack,
  type Classifier,
  type RandomStream,
} from '@weightmap/core';
import { pgd, type PgdOptions } from '../ascent/pgd.js';

export interface ProbeOptions {
  readonly classifier: Classifier;
  /** [batch, height, width, channels] */
  readonly images: tf.Tensor4D;
  /** [batch], int32 */
  readonly labels: tf.Tensor1D;
  /** L∞ radius that robustness is claimed at. */
  readonly epsilon: number;
  readonly seed: number;
  /** Gradient steps of the attacks that are compared. */
  readonly steps: number;
  /** Queries an image of the black-box attack. */
  readonly queries: number;
  /** Other networks for the same task, whose adversarial images are tried on this one. */
  readonly surrogates: readonly Classifier[];
}

/** A classifier with images to try it on; what several checks need is computed once. */
export interface Probe extends ProbeOptions {
  readonly count: number;
  /** Highest minus lowest pixel. */
  readonly range: number;
  /** Which images are classified rightly without any attack. */
  readonly correct: readonly boolean[];
  /** PGD with the options' number of steps, unless told otherwise. */
  readonly pgd: (options?: PgdOptions) => Attack;
  /** A stream of random numbers of that name, the same at every call. */
  readonly random: (name: string) => RandomStream;
  /** Which images are misclassified under an attack; computed once for each name and strength. */
  readonly fooled: (name: string, attack: () => Attack, strength: number) => readonly boolean[];
  /** Logits of images, [batch][classes]. */
  readonly logits: (images: tf.Tensor4D) => number[][];
}

export function openProbe(options: ProbeOptions): Probe {
  const { classifier, images, labels, seed, steps } = options;
  const truth = labels.dataSync();
  const known = new Map<string, readonly boolean[]>();
  const random = (name: string) => randomStream(seed, 'masking', name);
  return {
    ...options,
    count: images.shape[0],
    range: classifier.bounds[1] - classifier.bounds[0],
    correct: [...predictClasses(classifier, images)].map((guess, i) => guess === truth[i]),
    random,
    fooled(name, attack, strength) {
      const key = `${name}/${strength}`;
      const found = known.get(key);
      if (found) return found;
      const [outcome] = attack().run(classifier, images, labels, {
        strengths: [strength],
        random: random(name),
      });
      outcome.adversarial.dispose();
      const fooled = [...outcome.misclassified].map(Boolean);
      known.set(key, fooled);
      return fooled;
    },
    pgd: (more = {}) => pgd({ steps, ...more }),
    logits: (at) => tf.tidy(() => classifier.logits(at).arraySync()),
  };
}

/** Where they are true. */
export const placesOf = (flags: readonly boolean[]): number[] =>
  flags.flatMap((flag, i) => (flag ? [i] : []));

/** Share of true ones. */
export const shareOf = (flags: readonly boolean[]): number =>
  flags.reduce((sum, flag) => sum + Number(flag), 0) / flags.length;

/** Where `these` are true and `those` aren't. */
export const onlyIn = (these: readonly boolean[], those: readonly boolean[]): number[] =>
  these.flatMap((flag, i) => (flag && !those[i] ? [i] : []));

/** True where one of them is. */
export const anyOf = (...lists: readonly (readonly boolean[])[]): boolean[] =>
  lists[0].map((_, i) => lists.some((list) => list[i]));
