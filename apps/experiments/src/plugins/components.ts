import type * as tf from '@tensorflow/tfjs';
import {
  architectures as ownArchitectures,
  buildVariant as buildOwnVariant,
  isVariantId,
  variants as ownVariants,
} from '@weightmap/architectures';
import { attacks as ownAttacks } from '@weightmap/attacks';
import {
  imageSet,
  layerKinds,
  WeightmapError,
  type Architecture,
  type Attack,
  type Dataset,
  type DatasetLoader,
  type Defense,
  type FlopRule,
  type Flops,
  type ImageSpec,
  type LayerKind,
  type Metric,
  type MetricSubject,
  type PluginVariant,
} from '@weightmap/core';
import { datasets as ownDatasets } from '@weightmap/datasets';
import { defenseFlops, defenses as ownDefenses } from '@weightmap/defenses';
import { countedLayers, flops, metrics as ownMetrics, type CatalogueMetric } from '@weightmap/metrics';
import { plainVariant, type CellConfig, type SweptSettings } from '@weightmap/records';
import { settingLabel } from '@weightmap/report/text';
import { unknownName } from '../terminal/nearest.js';
import { blamed, type LoadedPlugin } from './load-plugin.js';

/** The plugins that this process uses, in addition to the packages' registries. */
const used: LoadedPlugin[] = [];

/** The plugins in use, in the order in which they were given. */
export const usedPlugins = (): readonly LoadedPlugin[] => used;

/**
 * Adds a plugin's components to those of this process. A plugin that is already in use is not added again.
 *
 * @throws WeightmapError if an id is taken, or a variant's architecture is not found.
 */
export function usePlugin(loaded: LoadedPlugin): void {
  const { file, plugin } = loaded;
  if (used.some((known) => known.file === file)) return;
  const taken = {
    datasets: Object.keys(datasetLoaders()),
    architectures: Object.keys(allArchitectures()),
    variants: allVariants().map(({ id }) => id),
    attacks: Object.keys(attackFactories()),
    defenses: Object.keys(defenseRows()),
    metrics: allMetrics().map(({ id }) => id),
    flops: [...countedLayers, ...Object.keys(flopRules())],
  };
  const given = {
    datasets: plugin.datasets,
    architectures: plugin.architectures,
    attacks: plugin.attacks,
    defenses: plugin.defenses,
    metrics: plugin.metrics,
    flops: plugin.flops,
  };
  const ids: readonly (readonly [part: keyof typeof taken, id: string])[] = [
    ...Object.entries(given).flatMap(([part, rows]) =>
      Object.keys(rows ?? {}).map((id) => [part as keyof typeof taken, id] as const),
    ),
    ...(plugin.variants ?? []).map(({ id }) => ['variants', id] as const),
  ];
  for (const [i, [part, id]] of ids.entries())
    if (taken[part].includes(id) || ids.slice(0, i).some((known) => known.join() === [part, id].join()))
      throw new WeightmapError(`The id "${id}" is taken by another of the ${part}.`, {
        where: file,
        expected: `an id other than ${taken[part].join(', ')}`,
        fix: 'use another id in the plugin',
      });
  const known = [...taken.architectures, ...Object.keys(plugin.architectures ?? {})];
  for (const { architecture } of plugin.variants ?? [])
    if (!known.includes(architecture)) throw unknownName('architecture', architecture, known, file);
  const knownAttacks = [...taken.attacks, ...Object.keys(plugin.attacks ?? {})];
  for (const [id, { adaptive }] of Object.entries(plugin.defenses ?? {}))
    for (const { attack } of adaptive)
      if (!knownAttacks.includes(attack))
        throw unknownName('attack', attack, knownAttacks, `${file}: adaptive attacks of the defence ${id}`);
  used.push(loaded);
}

/** A plugin's object with one method replaced by a checked one. */
const guarded = <T extends object>(
  row: T,
  method: keyof T & string,
  call: (...args: never[]) => unknown,
): T => Object.create(row, { [method]: { value: call, enumerable: true } }) as T;

/** Whether a cell's images, network or defence come from a plugin, and not from the packages. */
export const isFromPlugin = ({
  dataset,
  variant,
  defense,
}: Pick<CellConfig, 'variant' | 'defense'> & { dataset: { id: string } }) =>
  needsPluginData({ dataset }) ||
  !isVariantId(plainVariant(variant)) ||
  (defense !== undefined && !Object.hasOwn(ownDefenses, defense.id));

/** Whether a cell's images come from a plugin. */
export const needsPluginData = ({ dataset }: { dataset: { id: string } }): boolean =>
  !Object.hasOwn(ownDatasets, dataset.id);

/** Every dataset by its id. */
export const datasetLoaders = (): Readonly<Record<string, DatasetLoader>> => ({
  ...ownDatasets,
  ...fromPlugins('datasets', (id, loader: DatasetLoader, file) =>
    guarded(loader, 'load', async (options: Parameters<DatasetLoader['load']>[0]) =>
      checkedDataset(
        await blamed(`The dataset "${id}" of a plugin can't be loaded`, file, async () =>
          loader.load(options),
        ),
        loader,
        file,
      ),
    ),
  ),
});

/** The loader of a dataset. @throws WeightmapError if there is no dataset with that id. */
export function datasetLoader(id: string): DatasetLoader {
  const loaders = datasetLoaders();
  if (!Object.hasOwn(loaders, id)) throw unknownName('dataset', id, Object.keys(loaders));
  return loaders[id];
}

/** @throws WeightmapError if a loader's result is not a valid dataset. */
function checkedDataset(dataset: Dataset, { id }: DatasetLoader, file: string): Dataset {
  const wrong = (what: string, expected: string) =>
    new WeightmapError(`The dataset "${id}" of a plugin ${what}.`, { where: file, expected });
  if (dataset?.id !== id) throw wrong(`has the id "${dataset?.id}"`, `"${id}"`);
  if (!/^[0-9a-f]{64}$/.test(dataset.checksum))
    throw wrong('has no checksum', 'a SHA-256 over the source bytes, in hex');
  for (const part of ['train', 'validation', 'test'] as const) {
    const { spec, pixels, labels } = dataset[part] ?? {};
    if (!(pixels instanceof Uint8Array) || !(labels instanceof Uint8Array) || labels.length === 0)
      throw wrong(`has no images to ${part}`, 'an `imageSet` of one image or more');
    imageSet(spec, pixels, labels);
  }
  return dataset;
}

const allArchitectures = (): Readonly<Record<string, Architecture<never>>> => ({
  ...ownArchitectures,
  ...fromPlugins('architectures', (_, architecture: Architecture<never>) => architecture),
});

/** All variants: the paper's rows, then those of plugins. */
export const allVariants = (): readonly PluginVariant[] => [
  ...ownVariants,
  ...used.flatMap(({ plugin }) => plugin.variants ?? []),
];

/** The variant with that id, or the one that it is a defended one of. @throws WeightmapError if there is none. */
export function findVariant(id: string): PluginVariant {
  const variants = allVariants();
  const found = variants.find((variant) => variant.id === plainVariant(id));
  if (found) return found;
  throw unknownName(
    'variant',
    id,
    variants.map((variant) => variant.id),
  );
}

/** How a plugin's variant is named and drawn, for its cells; nothing for the variants of the benchmark. */
export function namesOf(id: string): { names?: CellConfig['names'] } {
  return isVariantId(id) ? {} : { names: spelledNames(id) };
}

/** How a variant with a defence is named and drawn: as the plain one, with the defence's label behind it. */
export function namesWithDefense(id: string, defense: string): { names: NonNullable<CellConfig['names']> } {
  const { label, shortLabel, ...names } = spelledNames(id);
  return { names: { ...names, label: `${label} + ${defense}`, shortLabel: `${shortLabel} + ${defense}` } };
}

/** How a cell's variant with swept settings is named and drawn: as without them, with the settings behind it. */
export function namesWithSettings(
  { variant, names }: Pick<CellConfig, 'variant' | 'names'>,
  settings: SweptSettings,
): { names: NonNullable<CellConfig['names']> } {
  const { label, shortLabel, ...others } = names ?? spelledNames(variant);
  const values = Object.entries(settings).map(([name, value]) => `${settingLabel(name)} ${value}`);
  const suffix = ` (${values.join(', ')})`;
  return { names: { ...others, label: label + suffix, shortLabel: shortLabel + suffix } };
}

function spelledNames(id: string): NonNullable<CellConfig['names']> {
  const { label, shortLabel = label, kinds, architecture, options } = findVariant(id);
  return {
    label,
    shortLabel,
    kinds: [...(kinds ?? kindsIn(options))],
    architecture: allArchitectures()[architecture].label,
  };
}

/** The kinds of layers that options of the benchmark's architectures choose; convolutions where they choose none. */
function kindsIn(options: unknown): LayerKind[] {
  const { kind, kinds } = (options ?? {}) as { kind?: unknown; kinds?: unknown };
  const chosen = [kinds ?? kind].flat().filter((one) => layerKinds.some((known) => known === one));
  return chosen.length > 0 ? (chosen as LayerKind[]) : ['conv'];
}

/**
 * The variants of the same architecture that a variant is compared with: the paper's and those of its own plugin, not those
 * of other plugins.
 */
export function variantsBeside(id: string): readonly PluginVariant[] {
  const { architecture } = findVariant(id);
  const origin = originOf('variants', plainVariant(id));
  return [...ownVariants, ...(origin?.plugin.variants ?? [])].filter(
    (variant) => variant.architecture === architecture,
  );
}

/**
 * Builds the network of a variant for images of this shape, freshly initialised. The caller disposes it.
 *
 * @throws WeightmapError if there is no such variant, the images don't fit it, or a plugin's network has other logits.
 */
export function buildVariant(
  variant: string,
  { spec, seed }: { spec: ImageSpec; seed: number },
): tf.LayersModel {
  const id = plainVariant(variant);
  if (isVariantId(id)) return buildOwnVariant(id, { spec, seed });
  const { architecture, options } = findVariant(id);
  const family = allArchitectures()[architecture];
  const { file } = originOf('variants', id)!;
  const model = blamed(`The network "${id}" of a plugin can't be built`, file, () =>
    family.build({ spec, options: options as never, seed, name: id }),
  );
  const [, ...logits] = model.outputs[0].shape;
  if (logits.join() !== String(spec.classes.length))
    throw new WeightmapError(`The network "${id}" of a plugin gives [batch, ${logits.join(', ')}].`, {
      where: file,
      expected: `logits [batch, ${spec.classes.length}], one for each class`,
    });
  return model;
}

/** Every defence by its id. */
export const defenseRows = (): Readonly<Record<string, Defense>> => ({
  ...ownDefenses,
  ...fromPlugins('defenses', guardedDefense),
});

/** A plugin's defence, whose errors are the plugin's. */
const guardedDefense = (id: string, row: Defense, file: string): Defense =>
  (['parse', 'gradients', 'networkSpec', 'build', 'teachers', 'objective', 'wrap'] as const).reduce(
    (made, method) => {
      const call = (row as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>)[method];
      if (!call) return made;
      return guarded(made, method, (...args: unknown[]) =>
        blamed(`The defence "${id}" of a plugin failed`, file, () => call.apply(row, args)),
      );
    },
    row,
  );

/** The defence with that id. @throws WeightmapError if there is none. */
export function findDefense(id: string): Defense {
  const rows = defenseRows();
  if (!Object.hasOwn(rows, id)) throw unknownName('defence', id, Object.keys(rows));
  return rows[id];
}

/** Every attack's factory by its id. */
export const attackFactories = (): Readonly<Record<string, () => Attack>> => ({
  ...ownAttacks,
  ...fromPlugins('attacks', (id, create: () => Attack, file) => () => {
    const attack = create();
    return guarded(attack, 'run', (...args: Parameters<Attack['run']>) =>
      blamed(`The attack "${id}" of a plugin failed`, file, () => attack.run(...args)),
    );
  }),
});

/** The rules of plugins for the operations of layers, by class name. */
const flopRules = (): Readonly<Record<string, FlopRule>> =>
  fromPlugins(
    'flops',
    (className, rule: FlopRule, file) => (use) =>
      blamed(`The FLOP rule for ${className} of a plugin failed`, file, () => rule(use)),
  );

/**
 * Counts the operations of a network, also by the rules of plugins.
 *
 * @throws WeightmapError if a layer can't be counted.
 */
export const countFlops = (model: tf.LayersModel): Flops =>
  flops(model, { rules: { ...defenseFlops, ...flopRules() } });

type PluginMetric = Metric<number | Readonly<Record<string, number>>>;

/** The catalogue of metrics and the metrics of plugins: all that is measured on a trained network. */
export const allMetrics = (): readonly CatalogueMetric[] => [
  ...Object.values<CatalogueMetric>({
    ...ownMetrics,
    flops: { ...ownMetrics.flops, measure: ({ model }) => countFlops(model) },
  }),
  ...Object.values(
    fromPlugins('metrics', (id, metric: PluginMetric, file) => ({
      id,
      label: metric.label,
      unit: metric.unit,
      source: metric.source,
      measure: async (subject: MetricSubject) =>
        checkedFigures(
          await blamed(`The metric "${id}" of a plugin failed`, file, async () => metric.measure(subject)),
          id,
          file,
        ),
    })),
  ),
];

/** @throws WeightmapError if the result of a metric can't be kept in a record. */
function checkedFigures(value: Awaited<ReturnType<PluginMetric['measure']>>, id: string, file: string) {
  const figures = typeof value === 'object' && value !== null ? Object.values(value) : [value];
  if (figures.length > 0 && figures.every((figure) => Number.isFinite(figure))) return value;
  throw new WeightmapError(
    `The metric "${id}" of a plugin gave ${figures.map(String).join(', ') || 'nothing'}.`,
    {
      where: file,
      expected: 'a finite number, or an object of finite numbers',
    },
  );
}

function fromPlugins<Row>(
  part: 'datasets' | 'architectures' | 'attacks' | 'defenses' | 'metrics' | 'flops',
  guard: (id: string, row: Row, file: string) => Row,
): Record<string, Row> {
  return Object.fromEntries(
    used.flatMap(({ plugin, file }) =>
      Object.entries((plugin[part] ?? {}) as Record<string, Row>).map(([id, row]) => [
        id,
        guard(id, row, file),
      ]),
    ),
  );
}

function originOf(
  part: 'datasets' | 'architectures' | 'variants' | 'attacks' | 'defenses',
  id: string,
): LoadedPlugin | undefined {
  return used.find(({ plugin }) =>
    part === 'variants'
      ? plugin.variants?.some((variant) => variant.id === id)
      : Object.hasOwn(plugin[part] ?? {}, id),
  );
}

/** SHA-256 of the plugin that an attack is from; nothing for the packages' attacks. */
export const attackOrigin = (id: string): { plugin?: string } => {
  const origin = originOf('attacks', id);
  return origin ? { plugin: origin.sha256 } : {};
};

/** SHA-256 of every plugin that a cell's result depends on: by its images, its network, its defence, a metric or a FLOP rule. */
export function pluginsOf({
  dataset,
  variant,
  defense,
}: {
  dataset: string;
  variant: string;
  defense?: string;
}): {
  plugins?: string[];
} {
  const { architecture } = findVariant(variant);
  const origins = [
    ...[
      originOf('datasets', dataset),
      originOf('variants', plainVariant(variant)),
      originOf('architectures', architecture),
      defense === undefined ? undefined : originOf('defenses', defense),
    ],
    ...used.filter(({ plugin }) => Object.keys({ ...plugin.metrics, ...plugin.flops }).length > 0),
  ];
  const plugins = [...new Set(origins.flatMap((origin) => origin?.sha256 ?? []))].sort();
  return plugins.length > 0 ? { plugins } : {};
}
