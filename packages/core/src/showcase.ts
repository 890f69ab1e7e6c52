/** What the feature layers of a network are; where they take turns, the ones that are no convolutions. */
export type NetworkKind = 'conv' | 'smoothing' | 'unsharp';

/** A trained network as `apps/explorer` lists it, before its weights are loaded. */
export interface ShownNetwork {
  /** Unique within its benchmark, such as `cnn-33`. */
  readonly id: string;
  /** What a report calls it. */
  readonly label: string;
  /** What its feature layers are. */
  readonly kind: NetworkKind;
  /** What gives the last feature maps: where Grad-CAM looks. */
  readonly gradCamLayer: string;
  /** Name of the data file that holds it as a `StoredNetwork`, such as `mnist/cnn-33`. */
  readonly file: string;
  /** In percent, on all of the test images; null if it was not measured. */
  readonly testErrorPercent: number | null;
  /** Classes that count as an answer, where it has one more, by which it abstains; absent without one. */
  readonly answers?: number;
  /** What is left out of its defence, and why, in a sentence; absent if nothing is. */
  readonly notice?: string;
  /** Its defence; absent for a network without one. */
  readonly defense?: ShownDefense;
}

/** The defence of a shown network, and the network to compare it with. */
export interface ShownDefense {
  /** Unique among the defences of a dataset: id and options, such as `pgd-training+epsilon-0.1`. */
  readonly id: string;
  /** What a report calls it, with its options. */
  readonly label: string;
  /** Id of the network of the same variant without a defence; null if the showcase has none. */
  readonly baseline: string | null;
}

/** An image to try networks on. */
export interface ShownImage {
  /** Index into the classes. */
  readonly label: number;
  /** [height, width, channels], row-major bytes, in base64. */
  readonly pixels: string;
}

/** Networks and images of one dataset. */
export interface ShownBenchmark {
  /** Id of the dataset. */
  readonly id: string;
  /** What a report calls the dataset. */
  readonly label: string;
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
  /** 1 for grayscale, 3 for RGB. */
  readonly channels: number;
  /** Class names. */
  readonly classes: readonly string[];
  /** In the order in which they stand side by side. */
  readonly networks: readonly ShownNetwork[];
  /** Of the test part: to choose one of, and the image set of the page's curves. */
  readonly images: readonly ShownImage[];
}

/** Trained networks with images to try them on: what `weightmap explore` writes and `apps/explorer` reads. */
export interface Showcase {
  /** Other versions are refused. */
  readonly schemaVersion: 1;
  /** Where the networks come from, for people. */
  readonly title: string;
  /** What to know about them, in a sentence. */
  readonly note: string;
  /** Address of the run's report, relative to the page; null if there is none. */
  readonly report: string | null;
  /** One for each dataset. */
  readonly benchmarks: readonly ShownBenchmark[];
}

/** A tfjs layers model in one object: the contents of `model.json`, and `weights.bin` in base64. */
export interface StoredNetwork {
  /** As in `model.json`: layers and how they are connected. */
  readonly modelTopology: object;
  /** As in `model.json`: name, shape and type of each weight, in the order of the bytes. */
  readonly weightSpecs: readonly object[];
  /** The bytes of `weights.bin`, in base64. */
  readonly weights: string;
}

/**
 * A data file of the page, as JavaScript: a page that is opened from a disk may load scripts and fetch nothing.
 *
 * @param name of the file below `networks/`, without `.js`: `showcase`, or a network's `file`.
 */
export const dataScript = (name: string, value: Showcase | StoredNetwork): string =>
  `(globalThis.weightmapData ??= {})[${JSON.stringify(name)}] = ${JSON.stringify(value)};\n`;
