import type * as tf from '@tensorflow/tfjs';
import type { BuildOptions } from './architecture.js';
import type { Classifier } from './classifier.js';
import type { ImageSet, ImageSpec } from './dataset.js';
import type { Objective } from './objective.js';

/**
 * What a defence changes. One defence may be of several kinds:
 *
 * - `objective`: trains with another loss;
 * - `teacher`: needs networks that are trained before;
 * - `architecture`: inserts something into the network;
 * - `input`: transforms the images that the trained network gets;
 * - `post-hoc`: changes the trained network;
 * - `reject`: may abstain from an answer.
 */
export type DefenseKind = 'objective' | 'teacher' | 'architecture' | 'input' | 'post-hoc' | 'reject';

/** Id, label, source and kinds of a defence, and the attacks that it must withstand. */
export interface DefenseInfo {
  /** Registry name, such as `pgd-training`. */
  readonly id: string;
  /** What a report calls it. */
  readonly label: string;
  /** The article that it is from. */
  readonly source: string;
  /** What it changes. */
  readonly kinds: readonly [DefenseKind, ...DefenseKind[]];
  /** Whether classifying an image runs an optimisation, as a search for a latent code does. */
  readonly optimisesAtTest: boolean;
  /** Whether its answers depend on random numbers. */
  readonly isRandom: boolean;
  /** The attacks that know this defence, by their ids in `@weightmap/attacks`: never none. */
  readonly adaptive: readonly [AdaptiveAttack, ...AdaptiveAttack[]];
}

/** An attack that a defence must withstand, since it knows how the defence works. */
export interface AdaptiveAttack {
  /** Its id in `@weightmap/attacks`. */
  readonly attack: string;
  /** Which weakness of the defence it aims at. */
  readonly why: string;
}

/** A network that a defence needs to be trained before. */
export interface TeacherPlan {
  /** Its name among the teachers of the defence. */
  readonly id: string;
  /** Added to the names of its random streams, so that it has weights of its own. */
  readonly seedName: string;
  /** The loss to train it with; without, the cross-entropy. */
  objective?(): Objective;
}

/** What an objective is made for. */
export interface ObjectiveRequest<Options> {
  /** The checked options. */
  readonly options: Options;
  /** Shape and classes of the images. */
  readonly spec: ImageSpec;
  /** Seed of the initial values of what is trained along. */
  readonly seed: number;
  /** The trained teachers, in the order of `teachers`. */
  readonly teachers: readonly Classifier[];
  /**
   * The network that is trained, for a loss that needs more of it than its logits: the values between two layers, the weights of one.
   * It stays the caller's. Its layers are called in training mode once a step for each batch of images.
   */
  readonly model: tf.LayersModel;
}

/** A trained network with its defence: what is attacked, judged and measured. */
export interface Defended {
  /**
   * What is deployed. Its logits are the defence's answers, and its gradients those of an attacker who knows the defence:
   * through a stand-in where the defence has no useful gradient (BPDA), as a mean over draws where it is random (EOT). A
   * defence that may abstain has one class more than it has `answers`.
   */
  readonly classifier: Classifier;
  /** The network alone, which an attacker sees who doesn't know the defence; absent if the defence adds nothing to it. */
  readonly unaware?: Classifier;
  /** How the defence decides to abstain; absent if it never does by a threshold. */
  readonly rejection?: Rejection;
}

/** How a defence decides to abstain. */
export interface Rejection {
  /** An image is rejected if its suspicion is larger. */
  readonly threshold: number;
  /**
   * How suspicious each image is: [batch], higher is more suspicious. The images are [batch, height, width, channels] within the
   * bounds.
   */
  readonly suspicion: (images: tf.Tensor4D) => tf.Tensor1D;
}

/** Images that a defence may set its thresholds by: never those it is measured on. */
export interface DefenseData {
  /** The images that the network was trained on. */
  readonly train: ImageSet;
  /** The images that thresholds are set on. */
  readonly validation: ImageSet;
}

/** A defence: how a network is trained, wrapped and attacked with it. A row of the registry of `@weightmap/defenses`. */
export interface Defense<Options extends object = object> extends DefenseInfo {
  /** The options that are used unless others are given: plain JSON. */
  readonly defaults: Options;
  /** The option that is 0 where the defence is switched off: training is then the baseline's, bit for bit. Null if there is none. */
  readonly strength: string | null;
  /**
   * Checks options that come from outside, and fills in the defaults.
   *
   * @param given plain JSON.
   * @throws WeightmapError with the option that is wrong.
   */
  parse(given: unknown): Options;
  /** Gradients of a network that one image of a training step costs; 1 without a defence. */
  gradients(options: Options): number;
  /**
   * The classes of the network, where one more than those of the images abstains: the network is built for them, and trained on
   * images that name them. Default: those of the images. Teachers always have those of the images.
   */
  networkSpec?(spec: ImageSpec, options: Options): ImageSpec;
  /**
   * Builds the network to train, where the defence inserts something into it. Default: `plain()`. Teachers are always plain.
   *
   * @param plain builds the architecture's own network, for `request.spec` or for other images and classes; to be called once.
   * @param request the classes are those of `networkSpec`.
   * @returns the network, which the caller disposes. It takes the images of `request.spec`, and gives a logit for each class of it.
   */
  build?(plain: (spec?: ImageSpec) => tf.LayersModel, request: BuildOptions<Options>): tf.LayersModel;
  /** The networks that must be trained before, of the same architecture. Default: none. */
  teachers?(options: Options): readonly TeacherPlan[];
  /** The loss to train with; undefined for the cross-entropy of the batch. The caller disposes its auxiliary variables. */
  objective?(request: ObjectiveRequest<Options>): Objective | undefined;
  /**
   * Puts the defence around a trained network. Default: the network alone is the defended one.
   *
   * @param network the trained network, all of whose outputs count as classes; it stays the caller's.
   */
  wrap?(
    network: Classifier,
    request: { readonly data: DefenseData; readonly options: Options; readonly model: tf.LayersModel },
  ): Promise<Defended>;
}
