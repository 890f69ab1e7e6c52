import * as tf from '@tensorflow/tfjs';
import { maskingReports } from '@weightmap/attacks';
import {
  countOf,
  firstOf,
  messageOf,
  tensorsOf,
  type Attack,
  type Classifier,
  type ImageSet,
} from '@weightmap/core';
import type { CompiledClassifier } from '@weightmap/engine';
import { MASKING_PASSES, passesOf, weightOf } from './costs.js';
import { attackImages, cleanFlags } from './network.js';
import { joinSlices } from './part-results.js';
import type { PlannedAttack } from './plan.js';
import type { AttackedCell } from './summary.js';
import { watched } from './workbench.js';

/** An attack, and the strengths that it runs at. */
export interface ReadyAttack {
  readonly attack: Attack;
  readonly planned: PlannedAttack;
}

/** Called now and then with the share of the work that is done, at most: images that are fooled early take less. */
export type OnShare = (stage: string, share: number) => void;

/** The strengths on L∞ at which masking is looked for. */
export const radiiOf = (attacks: readonly ReadyAttack[]): number[] =>
  [
    ...new Set(
      attacks
        .filter(({ planned: { norm, kind } }) => norm === 'linf' && kind !== 'noise')
        .flatMap(({ planned: { strengths } }) => strengths.filter((epsilon) => epsilon > 0)),
    ),
  ].sort((a, b) => a - b);

/**
 * Why the gradient of a classifier at an image can't be had; null if it can.
 *
 * @param set its first image is tried.
 */
export function withoutGradient(classifier: Classifier, set: ImageSet): string | null {
  const { images, labels } = tensorsOf(firstOf(set, 1), classifier);
  try {
    const slope = tf.tidy(() =>
      tf.grad((at: tf.Tensor) =>
        classifier
          .logits(at as tf.Tensor4D)
          .square()
          .sum(),
      )(images),
    );
    const isFinite = slope.dataSync().every(Number.isFinite);
    slope.dispose();
    return isFinite ? null : 'it is not finite';
  } catch (error) {
    return messageOf(error).replace(/\.+$/, '');
  } finally {
    tf.dispose([images, labels]);
  }
}

/** Attacks a network in this process, one attack after the other, and looks for signs of masking at each strength on L∞. */
export async function attackOwnNetwork(
  classifier: Classifier,
  set: ImageSet,
  attacks: readonly ReadyAttack[],
  { masking, seed, onShare }: { masking: number; seed: number; onShare: OnShare },
): Promise<Omit<AttackedCell, 'pictures'>> {
  const images = countOf(set);
  const radii = masking > 0 ? radiiOf(attacks) : [];
  const looked = Math.min(masking, images);
  const costs = attacks.map(({ planned }) => images * weightOf(passesOf(planned, planned.strengths.length)));
  const total = images + sum(costs) + radii.length * looked * weightOf(MASKING_PASSES);
  let [before, passed, most, stage] = [0, 0, images, 'images without an attack'];
  const seen = counted(classifier, (count) => {
    passed += count;
    onShare(stage, (before + Math.min(passed, most)) / total);
  });
  const begin = (next: string, cost: number) => {
    [before, passed, most, stage] = [before + most, 0, cost, next];
    onShare(stage, before / total);
  };

  const clean = cleanFlags(seen, set);
  const found = [];
  for (const [i, { attack, planned }] of attacks.entries()) {
    begin(`${planned.label} (${i + 1} of ${attacks.length})`, costs[i]);
    const slices = await attackImages(seen, set, attack, planned.strengths, {
      ...{ from: 0, to: images, seed },
      signal: new AbortController().signal,
    });
    found.push({ attack: planned, points: slices.map((slice) => joinSlices([slice])) });
  }
  const { images: pixels, labels } = tensorsOf(firstOf(set, looked));
  try {
    if (radii.length > 0) begin('checks for masking', radii.length * looked * weightOf(MASKING_PASSES));
    const reports = radii.length > 0 ? maskingReports(seen, pixels, labels, { epsilons: radii, seed }) : [];
    const masking = reports.map((report) => ({ ...report, believable: report.verdict === 'believable' }));
    const { classes } = classifier;
    return { clean, classes, attacks: found, masking: looked > 0 ? masking : null };
  } finally {
    tf.dispose([pixels, labels]);
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Calls `onPass` before each pass of images through a classifier. */
function counted(classifier: Classifier, onPass: (images: number) => void): Classifier {
  if (classifier.compile) return { ...classifier, ...watched(classifier as CompiledClassifier, onPass) };
  return {
    ...classifier,
    logits(images) {
      onPass(images.shape[0]);
      return classifier.logits(images);
    },
  };
}
