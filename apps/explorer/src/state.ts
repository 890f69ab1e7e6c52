import type { ShownBenchmark, ShownNetwork } from '@weightmap/core';
import type { CurvePoint, EngineName, Look, NetworkFacts, Started } from './engine/protocol.js';
import type { Search } from './jobs/search-network.js';
import type { Measurement } from './jobs/choose-engine.js';
import type { Wish } from './wish.js';

/** The last result of a network. */
export type Answer =
  | { readonly wish: Wish; readonly look: Look; readonly problem?: undefined }
  | { readonly wish: Wish; readonly problem: string };

/** Where the image comes from. */
export type ImageSource = 'set' | 'drawing' | 'upload';

/** An own picture: what was done to it, or why it cannot be used. */
export interface Upload {
  readonly name: string;
  readonly steps: readonly string[];
  readonly problem: string | null;
}

/** Work on many requests, which can be cancelled. */
export interface Job {
  readonly kind: 'curve' | 'search';
  readonly done: number;
  readonly total: number;
}

/** An engine, or the one that is measured to be the fastest. */
export type EngineWish = EngineName | 'fastest';

/** Everything that the page shows. */
export interface State {
  readonly benchmark: ShownBenchmark;
  /** Ids of the networks that are shown; a network with a defence is shown with its baseline. */
  readonly chosen: ReadonlySet<string>;
  /** Id of the defence whose networks are shown beside their baselines; null for none. */
  readonly defense: string | null;
  readonly wish: Wish;
  readonly source: ImageSource;
  readonly upload: Upload | null;
  readonly engine: Started;
  readonly engineWish: EngineWish;
  /** What the choice of the fastest engine measured. */
  readonly measured: readonly Measurement[];
  /** By the networks' files. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly facts: ReadonlyMap<string, NetworkFacts>;
  /** By `curveKey`. */
  readonly curves: ReadonlyMap<string, readonly CurvePoint[]>;
  /** The smallest strengths, by the networks' files. */
  readonly searches: ReadonlyMap<string, Search>;
  readonly job: Job | null;
  /** Why the last job failed. */
  readonly jobProblem: { readonly kind: Job['kind']; readonly text: string } | null;
  /** What was ignored in the address, and why. */
  readonly notices: readonly string[];
  /** What became of the last request to copy the link. */
  readonly copied: { readonly link: string; readonly isCopied: boolean } | null;
}

/** What a user can do on the page. */
export interface Actions {
  showBenchmark(id: string): void;
  toggleNetwork(id: string): void;
  chooseDefense(id: string | null): void;
  showImage(index: number): void;
  startDrawing(): void;
  draw(pixels: Float32Array): void;
  startUpload(): void;
  upload(file: File): void;
  chooseAttack(id: string): void;
  setStrength(strength: number): void;
  chooseTarget(target: number | null): void;
  setSeed(seed: number): void;
  chooseEngine(engine: EngineWish): void;
  measureCurves(): void;
  search(): void;
  cancel(): void;
  copyLink(): void;
  dismissNotices(): void;
}

/** The networks that can be chosen: those without a defence, and those whose baseline isn't there. */
export const choices = ({ networks }: ShownBenchmark): ShownNetwork[] =>
  networks.filter(({ defense }) => (defense?.baseline ?? null) === null);

/** The defences that can be shown beside their baselines, each once. */
export const defensesOf = ({ networks }: ShownBenchmark): { id: string; label: string }[] => [
  ...new Map(
    networks.flatMap(({ defense }) => (defense && defense.baseline !== null ? [[defense.id, defense]] : [])),
  ).values(),
];

/** The networks that are shown, in order: each with the chosen defence behind its baseline. */
export const shownNetworks = ({
  benchmark,
  chosen,
  defense,
}: Pick<State, 'benchmark' | 'chosen' | 'defense'>): ShownNetwork[] =>
  choices(benchmark)
    .filter(({ id }) => chosen.has(id))
    .flatMap((network) => [
      network,
      ...benchmark.networks.filter(
        (other) => other.defense?.baseline === network.id && other.defense.id === defense,
      ),
    ]);

/** The first network of each kind, of those that can be chosen. */
export const firstChoice = (benchmark: ShownBenchmark): Set<string> =>
  new Set(
    choices(benchmark)
      .filter(({ kind }, place, all) => all.findIndex((other) => other.kind === kind) === place)
      .map(({ id }) => id),
  );

/** Whether the networks classify digits, so that drawings are possible. */
export const hasDigits = ({ height, width, channels, classes }: ShownBenchmark): boolean =>
  channels === 1 && height === width && classes.join('') === '0123456789';

/** The name of a network's curve under the current attack. */
export const curveKey = ({ attack, target, seed }: Wish, { file }: Pick<ShownNetwork, 'file'>): string =>
  [attack.id, target, seed, file].join(' ');
