import type { AttackInfo, ShownBenchmark, ShownNetwork } from '@weightmap/core';
import type { EngineName, Look, NetworkFacts, Started } from './engine/protocol.js';

/** The selected image. */
export interface ChosenImage {
  /** [height, width, channels], in [0, 1]. */
  readonly pixels: Float32Array;
  /** null for a drawing. */
  readonly label: number | null;
  /** Its position among the images; null for a drawing. */
  readonly index: number | null;
}

/** The current request to the networks: a new object after every change. */
export interface Wish {
  readonly image: ChosenImage;
  readonly attack: AttackInfo;
  readonly strength: number;
  readonly seed: number;
}

/** The last result of a network. */
export type Answer =
  | { readonly wish: Wish; readonly look: Look; readonly problem?: undefined }
  | { readonly wish: Wish; readonly problem: string };

/** Everything that the page shows. */
export interface State {
  readonly benchmark: ShownBenchmark;
  /** Ids of the networks that are shown. */
  readonly chosen: ReadonlySet<string>;
  readonly wish: Wish;
  readonly isDrawing: boolean;
  readonly engine: Started;
  readonly engineWish: EngineName;
  /** By the networks' files. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly facts: ReadonlyMap<string, NetworkFacts>;
}

/** What a user can do on the page. */
export interface Actions {
  showBenchmark(id: string): void;
  toggleNetwork(id: string): void;
  showImage(index: number): void;
  startDrawing(): void;
  draw(pixels: Float32Array): void;
  chooseAttack(id: string): void;
  setStrength(strength: number): void;
  setSeed(seed: number): void;
  chooseEngine(engine: EngineName): void;
}

/** The networks that are shown, in order. */
export const shownNetworks = ({ benchmark, chosen }: Pick<State, 'benchmark' | 'chosen'>): ShownNetwork[] =>
  benchmark.networks.filter(({ id }) => chosen.has(id));

/** The first network of each kind. */
export const firstChoice = ({ networks }: ShownBenchmark): Set<string> =>
  new Set(
    networks
      .filter(({ kind }, place) => networks.findIndex((other) => other.kind === kind) === place)
      .map(({ id }) => id),
  );

/** The number of values in an image. */
export const valuesOf = ({ height, width, channels }: ShownBenchmark): number => height * width * channels;
