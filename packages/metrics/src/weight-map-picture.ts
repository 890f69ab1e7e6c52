/** The weights of a layer with one weight for each pixel, as maps. */
export interface WeightMaps {
  /** Of every map, in weights. */
  readonly size: readonly [height: number, width: number];
  /** Channels of the layer's input. */
  readonly inputs: number;
  /** Channels of the layer's output: the number of maps. */
  readonly channels: number;
  /** The mean over the channels of the input, of shape [channels, height, width]. */
  readonly values: Float32Array;
}

/**
 * Arranges the weights of a weight map layer as one map for each output channel. Weights of several input channels are averaged.
 *
 * @param weights row-major, of the given shape.
 * @param shape [height, width, inputs, channels].
 */
export function weightMapsOf(
  weights: ArrayLike<number>,
  [height, width, inputs, channels]: readonly [number, number, number, number],
): WeightMaps {
  const values = new Float32Array(channels * height * width);
  for (let place = 0; place < height * width; place++)
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let input = 0; input < inputs; input++)
        sum += weights[(place * inputs + input) * channels + channel];
      values[channel * height * width + place] = sum / inputs;
    }
  return { size: [height, width], inputs, channels, values };
}

const BELOW = [0, 114, 178] as const;
const ABOVE = [213, 94, 0] as const;

/**
 * A colour for a value around a neutral one: white at 0, blue at −1, orange at 1 (Okabe–Ito, safe for colour-blind readers).
 *
 * @param share in [−1, 1]; values outside get the colour of the nearer end.
 * @returns red, green and blue, 0…255.
 */
export function divergingColour(share: number): [red: number, green: number, blue: number] {
  const part = Math.min(Math.abs(share), 1);
  const [red, green, blue] = (share < 0 ? BELOW : ABOVE).map((end) => Math.round(255 + part * (end - 255)));
  return [red, green, blue];
}
