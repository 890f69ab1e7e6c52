import { z } from 'zod';
import { percent } from './_network-row.js';

const count = z.number().int().nonnegative();

/** The images of one attacker at one strength, and a network that may reject them. */
const detectedAttackSchema = z.object({
  /** `static`: made by somebody who doesn't know the defence; `adaptive`: the worst for each image of all attacks on L∞. */
  by: z.enum(['static', 'adaptive']),
  /** On L∞. */
  strength: z.number(),
  /** Test images that the shares are of, where one of the attacks got fewer: the first ones. */
  images: count.optional(),
  /** Images of which one is classified wrongly, the clean one among them, whether it is accepted or rejected. */
  wrongImages: count,
  /**
   * Area under the ROC curve that tells the least suspicious wrong image of each from the clean images, 0 … 1; null if none is classified
   * wrongly.
   */
  auc: z.number().min(0).max(1).nullable(),
  /** The curve: one for each threshold, in the order of `clean`. */
  points: z.array(
    z.object({
      /** Share of clean validation images that the threshold rejects at most. */
      falsePositivePercent: percent,
      /** Share of all images that are classified wrongly and accepted: SR@5 and SR@50 are those at 5 and 50 % false positives. */
      successPercent: percent,
      /** Share of the wrong images that are rejected; null if there is none. */
      detectedPercent: percent.nullable(),
    }),
  ),
});

/** How a network that may reject images does at thresholds that reject some share of clean validation images. */
export const rejectionSchema = z.object({
  /** Clean validation images that the thresholds are set on. */
  validationImages: count,
  /** Clean test images, one for each threshold. */
  clean: z.array(
    z.object({
      /** Share of clean validation images that the threshold rejects at most. */
      falsePositivePercent: percent,
      /** Share of clean test images that it rejects. */
      rejectedPercent: percent,
      /** Share of clean test images that are classified rightly and accepted. */
      accuracyPercent: percent,
    }),
  ),
  /** One for each attacker and strength. */
  attacked: z.array(detectedAttackSchema),
});

/** What `rejectionSchema` lets through. */
export type RejectionRecord = z.infer<typeof rejectionSchema>;

/** What a network of a run with defences has beside its attacks; files of earlier versions have none of it. */
export const defendedNetwork = {
  /** Gradients of single images that its training took, those of the networks that its defence needs before included. */
  trainingGradients: count.optional(),
  /** The attack of somebody who doesn't know its defence. */
  static: z
    .object({
      /** Id of the attack: `fgsm`. */
      attack: z.string(),
      /** Its name in a report. */
      label: z.string(),
      /** One for each strength on L∞. */
      points: z.array(
        z.object({
          /** On L∞. */
          strength: z.number(),
          /** Share classified correctly, 0 … 100; of a network that may abstain, also what it abstains from. */
          accuracyPercent: percent,
        }),
      ),
    })
    .optional(),
  /** The attacks that its defence must withstand, and whether each of them ran; absent for a plain network. */
  adaptive: z
    .array(
      z.object({
        /** Id of the attack. */
        attack: z.string(),
        /** Whether it is among the network's attacks. */
        ran: z.boolean(),
      }),
    )
    .optional(),
  /** Only of a network that may reject images. */
  rejection: rejectionSchema.optional(),
};
