import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseJson } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { divergingColour, weightMapsOf } from '@weightmap/metrics';
import { count } from '../format.js';
import type { VariantSummary } from '../model/summary.js';
import type { VariantName } from '../variant-names.js';

/** The learned weights of the first weight map layer of a trained network, as a picture. */
export interface DrawnWeightMap {
  /** Of its network. */
  readonly name: VariantName;
  /** Its trial. */
  readonly trial: number;
  /** Of the layer. */
  readonly layer: string;
  /** Rows and columns of a map, in weights. */
  readonly size: readonly [height: number, width: number];
  /** Channels drawn, of all that the layer has. */
  readonly channels: readonly [drawn: number, all: number];
  /** Channels of the layer's input, over which weights are averaged. */
  readonly inputs: number;
  /** The largest absolute weight drawn: the end of the colour scale. */
  readonly limit: number;
  /** All channels side by side, in rows: blue is below 0, orange above. */
  readonly png: Buffer;
}

const CLASSES: readonly unknown[] = ['SmoothingWeightMap', 'UnsharpWeightMap'];

/** Bytes of a network's files that are read for a picture, weights along a side of a map, and characters of a layer's name. */
const LARGEST = { json: 2 ** 24, weights: 2 ** 26, side: 512, name: 100 };

/** Pixels of a sheet from left to right, and its rows of channels. */
const SHEET = { width: 256, rows: 4 };

/**
 * Draws what each network has learned, if its weights lie in the run: of the first trial that has them. A file that is missing,
 * too large or damaged gives no picture.
 *
 * @param run the run's folder; nothing outside it is read.
 */
export async function loadWeightMaps(
  run: string,
  variants: readonly VariantSummary[],
): Promise<DrawnWeightMap[]> {
  const drawn: DrawnWeightMap[] = [];
  for (const { name, stored } of variants)
    for (const { folder, record } of stored) {
      const layer = await firstLayer(run, join(folder, 'weights')).catch(() => null);
      const picture = layer && (await sheet(layer).catch(() => null));
      if (!picture) continue;
      drawn.push({ name, trial: record.cell.trial, ...picture });
      break;
    }
  return drawn;
}

interface Layer {
  readonly layer: string;
  readonly shape: readonly number[];
  /** [height, width, inputs, channels] */
  readonly values: Float32Array;
}

/** What is read of a `model.json`; the fields of a damaged one may be anything. */
interface ModelJson {
  modelTopology?: { config?: { layers?: unknown } };
  weightsManifest?: unknown;
  userDefinedMetadata?: { weightsSha256?: unknown; topologySha256?: unknown };
}

type Fields = Readonly<Record<string, unknown>> | null | undefined;

/** A stored weight map, and where its bytes are. */
interface Place extends Omit<Layer, 'values'> {
  /** Of the weights, in the folder. */
  readonly file: string;
  /** Byte at which it begins. */
  readonly start: number;
  /** Bytes of all weights together. */
  readonly bytes: number;
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

const sizeOf = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

/** The first weight map layer of a stored network; null if there is none, or a file isn't what `saveModel` writes. */
async function firstLayer(run: string, folder: string): Promise<Layer | null> {
  const text = await readIfThere(join(folder, 'model.json'), { within: run, largest: LARGEST.json });
  if (!text) return null;
  const json = parseJson(text.toString()) as ModelJson | null;
  const place = json && placeOf(json);
  if (!place) return null;
  const weights = await readIfThere(join(folder, place.file), { within: run, largest: LARGEST.weights });
  if (weights?.length !== place.bytes || sha256(weights) !== json.userDefinedMetadata?.weightsSha256)
    return null;
  const { layer, shape, start } = place;
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => weights.readFloatLE(start + 4 * i));
  return values.every(Number.isFinite) ? { layer, shape, values } : null;
}

function placeOf({ modelTopology, weightsManifest, userDefinedMetadata }: ModelJson): Place | null {
  const { topologySha256 } = userDefinedMetadata ?? {};
  // Older networks have no digest of their layers.
  if (
    topologySha256 !== undefined &&
    topologySha256 !== sha256(JSON.stringify([modelTopology, weightsManifest]))
  )
    return null;
  const layers = listOf(modelTopology?.config?.layers);
  const groups = listOf(weightsManifest);
  const [file, ...others] = listOf(groups[0]?.paths);
  const weights = listOf(groups[0]?.weights);
  if (groups.length !== 1 || typeof file !== 'string' || others.length > 0 || !weights.every(isPlain))
    return null;
  const name = (layers.find((one) => CLASSES.includes(one?.class_name))?.config as Fields)?.name;
  if (typeof name !== 'string' || name.length > LARGEST.name) return null;
  const found = weights.filter((one) => one.name === `${name}/weightMap`);
  const shape = found[0]?.shape;
  if (found.length !== 1 || shape.length !== 4 || Math.max(shape[0], shape[1]) > LARGEST.side) return null;
  const bytesOf = (some: typeof weights) => 4 * some.reduce((sum, one) => sum + sizeOf(one.shape), 0);
  const start = bytesOf(weights.slice(0, weights.indexOf(found[0])));
  return { layer: name, shape, file, start, bytes: bytesOf(weights) };
}

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

/** A weight as `saveModel` lists it: its numbers as they are, and none of its lengths 0. */
const isPlain = (weight: Fields): weight is { name: unknown; shape: number[] } =>
  weight?.dtype === 'float32' &&
  weight.quantization === undefined &&
  Array.isArray(weight.shape) &&
  weight.shape.every((length) => Number.isSafeInteger(length) && length > 0);

/** Steps from 0 to the end of the colour scale: few, so that a sheet is small. */
const STEPS = 24;
const GAP = [128, 128, 128] as const;

async function sheet({ layer, shape, values }: Layer): Promise<Omit<DrawnWeightMap, 'name' | 'trial'>> {
  const [height, width, inputs, all] = shape as [number, number, number, number];
  const maps = weightMapsOf(values, [height, width, inputs, all]).values;
  const columns = Math.max(1, Math.min(all, Math.floor(SHEET.width / (width + 1))));
  const drawn = Math.min(all, columns * SHEET.rows);
  const weightAt = (y: number, x: number, channel: number) => maps[(channel * height + y) * width + x];
  const [across, down] = [columns * (width + 1) - 1, Math.ceil(drawn / columns) * (height + 1) - 1];
  let limit = 0;
  for (let channel = 0; channel < drawn; channel++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) limit = Math.max(limit, Math.abs(weightAt(y, x, channel)));
  const pixels = Buffer.alloc(across * down * 3);
  for (let row = 0; row < down; row++)
    for (let column = 0; column < across; column++) {
      const [y, x] = [row % (height + 1), column % (width + 1)];
      const channel = Math.floor(row / (height + 1)) * columns + Math.floor(column / (width + 1));
      const isGap = y === height || x === width || channel >= drawn;
      const colour = isGap ? GAP : colourOf(limit === 0 ? 0 : weightAt(y, x, channel) / limit);
      pixels.set(colour, (row * across + column) * 3);
    }
  const { default: sharp } = await import('sharp');
  const png = await sharp(pixels, { raw: { width: across, height: down, channels: 3 } })
    .png({ compressionLevel: 9, palette: true, colours: 2 * STEPS + 2, dither: 0 })
    .toBuffer();
  return { layer, size: [height, width], channels: [drawn, all], inputs, limit, png };
}

const colourOf = (share: number) =>
  divergingColour((Math.sign(share) * Math.round(Math.abs(share) * STEPS)) / STEPS);

/** What a picture of weight maps shows, for those who don't see it. */
export const mapText = ({
  name,
  trial,
  layer,
  size: [height, width],
  channels: [drawn, all],
}: DrawnWeightMap): string =>
  `Learned weight maps of ${name.long}, trial ${trial}, layer ${layer}: ${drawn === all ? '' : `${drawn} of `}${count(all, 'channel')} of ${height} × ${width} weights`;

/** `layer smoothing1, ±0.31` */
export const scaleText = ({ layer, channels: [drawn, all], inputs, limit }: DrawnWeightMap): string =>
  [
    `layer ${layer}`,
    `${drawn < all ? `${drawn} of ` : ''}${count(all, 'channel')}`,
    ...(inputs > 1 ? [`mean over ${inputs} input channels`] : []),
    `up to ±${Number(limit.toPrecision(2))}`,
  ].join(', ');

/** Its file in the folder of a report. */
export const weightMapFile = ({ name: { kind } }: DrawnWeightMap): string =>
  `figures/weight-maps-${kind}.png`;
