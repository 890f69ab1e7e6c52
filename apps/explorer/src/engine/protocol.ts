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

export interface Started {
  readonly engine: EngineName;
  /** Why it is not the requested engine; null if it is. */
  readonly instead: string | null;
  /** The attacks that the page offers, in order. */
  readonly attacks: readonly AttackInfo[];
}

export interface LoadRequest {
  /** Its name in later requests. */
  readonly network: string;
  readonly stored: StoredNetwork;
  readonly gradCamLayer: string;
}

/** Facts about a loaded network. */
export interface NetworkFacts {
  readonly parameters: number;
  /** Of one forward pass of one image. */
  readonly flops: number;
}

export interface LookRequest {
  readonly network: string;
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** Index of the true class; null if nobody knows: what the network sees in the clean image counts as true. */
  readonly label: number | null;
  readonly attack: string;
  readonly strength: number;
  readonly seed: number;
}

/** What a network makes of an image that was tampered with. */
export interface Look {
  /** [height, width, channels], in [0, 1]. */
  readonly attacked: Float32Array;
  /** [classes], of the attacked image. */
  readonly probabilities: Float32Array;
  readonly predicted: number;
  /** The prediction on the clean image. */
  readonly cleanPredicted: number;
  /** Row-major in [0, 1]: where the prediction comes from, by Grad-CAM. */
  readonly heat: Float32Array;
  /** [height, width] of the heat map. */
  readonly heatShape: readonly [number, number];
  /** Tensors that the engine holds when it is done: the weights of the loaded networks. */
  readonly tensors: number;
  readonly milliseconds: number;
}

/** What the worker can be asked: argument and result. */
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

/** Worker to page. `problem`: what went wrong, for people. */
export type Reply =
  | { readonly id: number; readonly result: Calls[CallName]['result'] }
  | { readonly id: number; readonly problem: string };
