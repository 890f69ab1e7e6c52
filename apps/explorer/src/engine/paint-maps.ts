import type * as tf from '@tensorflow/tfjs';
import { divergingColour, weightMapsOf } from '@weightmap/metrics';
import { paint } from '../picture.js';
import type { PaintedMaps } from './protocol.js';

/** The layers with one weight for each pixel: the name of the weights, and the weight that is painted white. */
const LAYERS: Readonly<Record<string, { weights: string; neutral: number }>> = {
  SmoothingWeightMap: { weights: 'weightMap', neutral: 0 },
  UnsharpWeightMap: { weights: 'weightMap', neutral: 0 },
  InputScale: { weights: 'scale', neutral: 1 },
};

/** Colours of the scale, from one end to the other. */
const SCALE_STEPS = 65;

/** Paints the learned weights of the first layer that has one for each pixel; null if there is none. */
export function paintMaps(model: tf.LayersModel): PaintedMaps | null {
  const layer = model.layers.find((one) => Object.hasOwn(LAYERS, one.getClassName()));
  if (!layer) return null;
  const { weights: name, neutral } = LAYERS[layer.getClassName()];
  const weights = layer.weights.find((one) => one.originalName.endsWith(name))?.read();
  if (!weights) return null;
  const [height, width, inputs, channels] = weights.shape;
  // A scale has a weight for each pixel and channel of its input.
  const shape = [height, width, ...(weights.rank === 4 ? [inputs, channels] : [1, inputs])] as const;
  const maps = weightMapsOf(weights.dataSync(), shape as [number, number, number, number]);
  const limit = maps.values.reduce((most, value) => Math.max(most, Math.abs(value - neutral)), 0);
  const colourOf = (share: number) => divergingColour(limit === 0 ? 0 : share);
  return {
    layer: layer.name,
    inputs: maps.inputs,
    neutral,
    limit,
    channels: Array.from({ length: maps.channels }, (_, channel) => {
      const values = maps.values.subarray(channel * height * width, (channel + 1) * height * width);
      return {
        picture: paint({ height, width }, (place) => colourOf((values[place] - neutral) / limit)),
        range: [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const,
      };
    }),
    scale: paint({ height: 1, width: SCALE_STEPS }, (place) =>
      divergingColour((2 * place) / (SCALE_STEPS - 1) - 1),
    ),
  };
}
