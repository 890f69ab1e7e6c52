import type { AttackInfo, StoredNetwork } from '@weightmap/core';

/** The tfjs backends for browsers, fastest first. */
export const ENGINES = ['webgl', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];

/** The labels of the engines. */
export const engineNames: Readonly<Record<EngineName, string>> = {
  webgl: 'WebGL',
  wasm: 'WebAssembly',
  cpu: 'JavaScript',
};

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

/** Facts about a loaded network. */
export interface NetworkFacts {
  readonly parameters: number;
  /** Of one forward pass of one image. */
  readonly flops: number | null;
}

/** A request to attack an image. */
export interface LookRequest {
  readonly network: string;
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** Index of the true class; null if unknown: then the prediction for the clean image counts as true. */
  readonly label: number | null;
  readonly attack: string;
  readonly strength: number;
  readonly seed: number;
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
  start: { argument: EngineName; result: Started };
  load: { argument: LoadRequest; result: NetworkFacts };
  look: { argument: LookRequest; result: Look };
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
