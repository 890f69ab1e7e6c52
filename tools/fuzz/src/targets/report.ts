import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { loadWeightMaps, type DrawnWeightMap } from '../../../../packages/report/src/figures/weight-maps.js';
import { refused, target, type Target } from '../target.js';
import { RECORD } from './records.js';
import { signTopology, wholeFile } from './weights.js';

const SOURCE = 'packages/report/src/figures/weight-maps.ts';

const BYTES = Buffer.from(Float32Array.from({ length: 1 + 3 * 2 * 2 * 4 }, (_, i) => (i % 7) - 3).buffer);

/** A network of two weights, as `saveModel` writes one: a weight map of 3 × 2 pixels, two inputs and four channels. */
function networkJson(): Buffer {
  const json = {
    format: 'layers-model',
    modelTopology: {
      class_name: 'Model',
      config: {
        layers: [
          { class_name: 'InputLayer', config: { name: 'images' } },
          { class_name: 'SmoothingWeightMap', config: { name: 'first' } },
          { class_name: 'UnsharpWeightMap', config: { name: 'second' } },
        ],
      },
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: [
          { name: 'scale/gain', shape: [1], dtype: 'float32' },
          { name: 'first/weightMap', shape: [3, 2, 2, 4], dtype: 'float32' },
        ],
      },
    ],
    userDefinedMetadata: { weightsSha256: createHash('sha256').update(BYTES).digest('hex') },
  };
  return Buffer.from(JSON.stringify(json));
}

const variants: Parameters<typeof loadWeightMaps>[1] = [
  {
    name: { long: 'CNN', short: 'CNN', kind: 'smoothing', alternating: false, architecture: 'CNN' },
    stored: [{ folder: 'network', record: RECORD }],
  } as never,
];

interface PlainJson {
  modelTopology: { config: { layers: { class_name: string; config: { name: string } }[] } };
  weightsManifest: { weights: { name: string; shape: number[] }[] }[];
}

/** The fault of a picture: it must show the map that the file describes, a square a channel. */
async function checkDrawn(drawn: DrawnWeightMap, bytes: Buffer, weights: Buffer): Promise<string | null> {
  const { modelTopology, weightsManifest } = JSON.parse(bytes.toString()) as PlainJson;
  const layer = modelTopology.config.layers.find((one) =>
    /^(Smoothing|Unsharp)WeightMap$/.test(one?.class_name),
  );
  if (layer?.config.name !== drawn.layer) return `draws the layer ${drawn.layer}`;
  let start = 0;
  for (const { name, shape } of weightsManifest[0].weights) {
    const size = shape.reduce((all, length) => all * length, 1);
    if (name !== `${drawn.layer}/weightMap`) {
      start += size;
      continue;
    }
    const [height, width, inputs, all] = shape;
    const { size: drawnSize, channels, limit } = drawn;
    if (drawnSize.join() !== `${height},${width}` || drawn.inputs !== inputs || channels[1] !== all)
      return `draws ${drawnSize.join(' × ')} of ${inputs} inputs, ${channels[1]} channels; the file has ${shape.join()}`;
    const mean = (y: number, x: number, channel: number) => {
      let sum = 0;
      for (let input = 0; input < inputs; input++)
        sum += weights.readFloatLE(4 * (start + ((y * width + x) * inputs + input) * all + channel));
      return sum / inputs;
    };
    const { data, info } = await sharp(drawn.png)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const across = (info.width + 1) / (width + 1);
    for (let channel = 0; channel < channels[0]; channel++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const value = mean(y, x, channel);
          // The drawn means are 32-bit numbers; these are not.
          if (Math.abs(value) > limit * (1 + 1e-6)) return `${value} is over the limit ${limit}`;
          const row = Math.floor(channel / across) * (height + 1) + y;
          const column = (channel % across) * (width + 1) + x;
          const [red, , blue] = data.subarray(3 * (row * info.width + column));
          if (Math.abs(value) > limit / 10 && red > blue !== value > 0)
            return `the colour of ${value} at ${y}, ${x} of channel ${channel} is that of the other sign`;
        }
    return null;
  }
  return 'draws a map that the file has not';
}

const opened = (filesOf: (input: Buffer) => { json: Buffer; weights: Buffer }) => async (work: string) => {
  const run = path.join(work, 'run');
  const folder = path.join(run, 'network', 'weights');
  await mkdir(folder, { recursive: true });
  const [{ stored, ...variant }] = variants;
  const inRun = [{ ...variant, stored: [{ ...stored[0], folder: path.join(run, 'network') }] }];
  return async (input: Buffer) => {
    const { json, weights } = filesOf(input);
    await writeFile(path.join(folder, 'model.json'), json);
    await writeFile(path.join(folder, 'weights.bin'), weights);
    return (await loadWeightMaps(run, inRun))[0] ?? refused;
  };
};

/** The description with the digest of these weights. */
const describing = (weights: Buffer): Buffer => {
  const json = JSON.parse(networkJson().toString()) as { userDefinedMetadata: object };
  const weightsSha256 = createHash('sha256').update(weights).digest('hex');
  return Buffer.from(JSON.stringify({ ...json, userDefinedMetadata: { weightsSha256 } }));
};

export const reportTargets: readonly Target[] = [
  target<DrawnWeightMap>({
    name: 'weight-map-picture',
    covers: [SOURCE],
    weight: 0.3,
    json: wholeFile,
    sign: signTopology,
    seeds: () => [networkJson(), signTopology(networkJson())!],
    open: opened((json) => ({ json, weights: BYTES })),
    check: (drawn, json) => checkDrawn(drawn, json, BYTES),
  }),
  target<DrawnWeightMap>({
    name: 'weight-map-weights',
    covers: [SOURCE],
    weight: 0.1,
    seeds: () => [BYTES],
    open: opened((weights) => ({ json: describing(weights), weights })),
    check: (drawn, weights) => checkDrawn(drawn, networkJson(), weights),
  }),
];
