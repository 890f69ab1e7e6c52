import type { Architecture, LayerKind } from './architecture.js';
import type { Attack } from './attack.js';
import type { DatasetLoader } from './dataset.js';
import type { Defense } from './defense.js';
import type { FlopRule } from './flops.js';
import type { Metric } from './metric.js';

/** A variant that the command can train: an architecture with options. */
export interface PluginVariant {
  /** Unique, in kebab-case. */
  readonly id: string;
  /** Id of an architecture, the plugin's own or one of the command's. */
  readonly architecture: string;
  /** What tables and sentences of a report call it: `CNN, smoothing 32`. */
  readonly label: string;
  /** Its name where the architecture is named beside it: `smoothing 32`. Default: `label`. */
  readonly shortLabel?: string;
  /**
   * What its feature layers are: decides its colour in figures. Two kinds alternate through the network.
   * Default: `kind` or `kinds` of its options, as the command's own architectures have them; else `['conv']`.
   */
  readonly kinds?: readonly LayerKind[];
  /** Ids of the datasets that it runs on unless others are asked for. */
  readonly datasets: readonly string[];
  /** The options that the architecture's `build` gets. */
  readonly options: unknown;
  /** Name of the layer that gives the last feature maps, after their activation: where Grad-CAM looks. */
  readonly gradCamLayer: string;
}

/** The components that your own module adds to `weightmap run --plugin <file>`; each by its id, in kebab-case. */
export interface Plugin {
  /** Dataset loaders, in addition to those of `@weightmap/datasets`. */
  readonly datasets?: Readonly<Record<string, DatasetLoader>>;
  /** Architectures for the variants of this or another plugin. */
  readonly architectures?: Readonly<Record<string, Architecture<unknown>>>;
  /** Networks that `--select` finds by their id. */
  readonly variants?: readonly PluginVariant[];
  /** Factories, which are called without arguments. */
  readonly attacks?: Readonly<Record<string, () => Attack>>;
  /** Defences, which `--defense` crosses with every variant: rows as those of `@weightmap/defenses`. */
  readonly defenses?: Readonly<Record<string, Defense>>;
  /** Measured on every network that is trained with the plugin: a finite number, or an object of them. The report shows them. */
  readonly metrics?: Readonly<Record<string, Metric<number | Readonly<Record<string, number>>>>>;
  /** Rules that count the operations of layers that `@weightmap/metrics` has none for, by the layers' class names. */
  readonly flops?: Readonly<Record<string, FlopRule>>;
}

/** Returns a plugin unchanged, and gives an editor its types, also in plain JavaScript. */
export const definePlugin = <Given extends Plugin>(plugin: Given): Given => plugin;
