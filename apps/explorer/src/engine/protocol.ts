import type { AttackInfo, StoredNetwork } from '@weightmap/core';
import type { Picture } from '../picture.js';

/**
 * The tfjs backends for browsers, those that are usually faster first. WebGPU is none of them: attacks and metrics read their results
 * synchronously, which tfjs does there through a canvas, and in Chromium it gives zeros.
 */
export const ENGINES = ['webgl', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];

/** The labels of the engines. */
export const engineNames: Readonly<Record<EngineName, string>> = {
  webgl: 'WebGL',
  wasm: 'WebAssembly',
  cpu: 'JavaScript',
};

/** A request to start an engine. */
export interface StartRequest {
  readonly engine: EngineName;
  /** Whether a slower engine may replace it if it is not available. */
  readonly orSlower: boolean;
}

/** A started engine. */
export interface Started {
  readonly engine: EngineName;
  /** Why it is not the requested engine; null if it is. */
  readonly instead: string | null;
  /** The attacks that the page offers, in order. */
  readonly attacks: readonly AttackInfo[];
}

/** A request to load a network. */
export interface LoadRequest {
  /** Its name in later requests. */
  readonly network: string;
  readonly stored: StoredNetwork;
  readonly gradCamLayer: string;
  /** Classes that count as an answer; all of them if it is not given. */
  readonly answers?: number;
}

/** The learned weights of a network's first weight map layer, painted. */
export interface PaintedMaps {
  /** Name of the layer. */
  readonly layer: string;
  /** Channels of the layer's input, over which weights are averaged. */
  readonly inputs: number;
  /** The weight that is painted white: 0, or for a layer that starts as a scale of 1, 1. */
  readonly neutral: number;
  /** The largest distance of a weight from the neutral one: the ends of the colour scale. */
  readonly limit: number;
  /** One for each output channel, a pixel a weight, with the smallest and the largest weight. */
  readonly channels: readonly {
    readonly picture: Picture;
    readonly range: readonly [low: number, high: number];
  }[];
  /** The colours from one end of the scale to the other, in one row. */
  readonly scale: Picture;
}

/** Facts about a loaded network. */
export interface NetworkFacts {
  readonly parameters: number;
  /** Of one forward pass of one image. */
  readonly flops: number | null;
  /** null for a network without a weight map layer. */
  readonly maps: PaintedMaps | null;
}

/** An attack on an image, without its strength. */
export interface Aim {
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** Index of the true class; null if unknown: then the prediction for the clean image counts as true. */
  readonly label: number | null;
  /** The class that the attack aims at; null for any other than the true one. */
  readonly target: number | null;
  readonly attack: string;
  readonly seed: number;
}

/** A request to attack an image. */
export interface LookRequest extends Aim {
  readonly network: string;
  readonly strength: number;
}

/** A request to attack an image at several strengths, only to learn which succeed. */
export interface AttemptRequest extends Aim {
  readonly network: string;
  readonly strengths: readonly number[];
}

/** A point of a curve. */
export interface CurvePoint {
  readonly strength: number;
  /** Images that were attacked. */
  readonly count: number;
  /** Images that are misclassified under the attack, whether or not they were before. */
  readonly wrong: number;
  /** Wilson's 95 % interval of their share, in percent. */
  readonly interval: readonly [low: number, high: number];
}

/** A request to attack a few images of a set, and to add the result to a curve. */
export interface CurveRequest {
  readonly network: string;
  /** [images, height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** [images]: their true classes. */
  readonly labels: readonly number[];
  /** Position of the first of them in the set: names the random stream, as in the benchmark. */
  readonly start: number;
  readonly attack: string;
  readonly target: number | null;
  readonly seed: number;
  /** The points to add to, each of which gives its strength. */
  readonly points: readonly CurvePoint[];
}

/** The result of a network for an attacked image. */
export interface Look {
  /** [height, width, channels], in [0, 1]. */
  readonly attacked: Float32Array;
  /** [classes], of the attacked image. */
  readonly probabilities: Float32Array;
  readonly predicted: number;
  /** Whether the prediction is a class that abstains, beyond those of the data. */
  readonly abstains: boolean;
  /** The prediction on the clean image. */
  readonly cleanPredicted: number;
  /** Grad-CAM of the prediction, row-major in [0, 1]. */
  readonly heat: Float32Array;
  /** [height, width] of the heat map. */
  readonly heatShape: readonly [number, number];
  /** Number of tensors in the engine's memory afterwards: the weights of the loaded networks. */
  readonly tensors: number;
  readonly milliseconds: number;
}

/** The requests to the worker: argument and result. */
export interface Calls {
  start: { argument: StartRequest; result: Started };
  load: { argument: LoadRequest; result: NetworkFacts };
  look: { argument: LookRequest; result: Look };
  attempt: { argument: AttemptRequest; result: readonly boolean[] };
  curve: { argument: CurveRequest; result: readonly CurvePoint[] };
}

export type CallName = keyof Calls;

/** Page to worker. */
export type Request = {
  [Name in CallName]: {
    readonly id: number;
    readonly call: Name;
    readonly argument: Calls[Name]['argument'];
  };
}[CallName];

/** Worker to page. `problem`: the error message. */
export type Reply =
  | { readonly id: number; readonly result: Calls[CallName]['result'] }
  | { readonly id: number; readonly problem: string };
