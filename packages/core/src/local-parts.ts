import * as tf from '@tensorflow/tfjs';

/**
 * A classifier in two parts: maps of features, each place of which depends on one small window of the image in the same way
 * everywhere, and the rest. So the maps of a part of an image are that part of the image's maps.
 */
export interface LocalParts {
  /** Height and width of the window of pixels that a place depends on; the place is the window's first row and column. */
  readonly window: number;
  /**
   * @param images [batch, height, width, channels], also parts of images, no smaller than the window.
   * @returns [batch, height − window + 1, width − window + 1, features]
   */
  maps(images: tf.Tensor4D): tf.Tensor4D;
  /**
   * @param maps of whole images.
   * @returns [batch, classes], the logits.
   */
  head(maps: tf.Tensor4D): tf.Tensor2D;
}

type Logits = (images: tf.Tensor4D) => tf.Tensor2D;

/** By the function that gives the logits: whoever wraps a classifier to change its logits has none of its parts. */
const known = new WeakMap<Logits, LocalParts>();

/** The two parts of a classifier, if it is known to consist of them. */
export const localParts = ({ logits }: { readonly logits: Logits }): LocalParts | undefined =>
  known.get(logits);

/** Notes the two parts of what gives the logits; nothing without parts. @returns `logits` */
export function withLocalParts<T extends Logits>(logits: T, parts: LocalParts | undefined): T {
  if (parts) known.set(logits, parts);
  return logits;
}

/** Layers that change each pixel by itself, and in the same way everywhere. */
const POINTWISE = new Set(['ReLU', 'LeakyReLU', 'BatchNormalization']);

/** Activations that change each number by itself. */
const EACH_NUMBER = ['linear', 'relu', 'relu6', 'elu', 'selu', 'sigmoid', 'tanh', 'softplus'];

const isOfEachNumber = (activation: unknown): boolean => EACH_NUMBER.some((name) => name === activation);

/**
 * The two parts of a model that is one chain of layers and begins with convolutions without padding, of stride 1. Nothing for
 * any other model.
 */
export function partsOf(model: tf.LayersModel): LocalParts | undefined {
  const chain = chainOf(model);
  if (!chain) return undefined;
  let count = 0;
  let window = 1;
  for (const layer of chain) {
    const grown = growth(layer);
    if (grown === null) break;
    window += grown;
    count += 1;
  }
  if (window === 1 || count === chain.length) return undefined;
  const through = (layers: readonly tf.layers.Layer[], x: tf.Tensor) =>
    tf.tidy(() => layers.reduce((y, layer) => layer.apply(y, { training: false }) as tf.Tensor, x));
  return {
    window,
    maps: (images) => through(chain.slice(0, count), images) as tf.Tensor4D,
    head: (maps) => through(chain.slice(count), maps) as tf.Tensor2D,
  };
}

/** The layers after the input, each of which takes what the one before it gives; null if there is another path. */
function chainOf({ layers, inputs, outputs }: tf.LayersModel): tf.layers.Layer[] | null {
  if (inputs.length !== 1 || outputs.length !== 1 || inputs[0].shape.length !== 4) return null;
  const rest = layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  let before = inputs[0];
  for (const layer of rest) {
    if (layer instanceof tf.LayersModel || layer.inboundNodes.length !== 1) return null;
    const [node] = layer.inboundNodes;
    if (node.inputTensors.length !== 1 || node.inputTensors[0] !== before) return null;
    if (node.outputTensors.length !== 1) return null;
    before = node.outputTensors[0];
  }
  return before === outputs[0] ? rest : null;
}

/** Rows by which a layer's windows grow; null if it may treat places differently. */
function growth(layer: tf.layers.Layer): number | null {
  const name = layer.getClassName();
  const config = layer.getConfig();
  const sizes = (value: unknown) => [value].flat() as number[];
  if (name === 'Activation') return isOfEachNumber(config.activation) ? 0 : null;
  if (name === 'BatchNormalization' && ![-1, 3].includes(Number(config.axis ?? -1))) return null;
  if (POINTWISE.has(name)) return 0;
  if (name !== 'Conv2D' || config.padding !== 'valid' || config.dataFormat === 'channelsFirst') return null;
  const [height, width = height] = sizes(config.kernelSize);
  const isPlain =
    height === width &&
    sizes(config.strides ?? 1).every((stride) => stride === 1) &&
    sizes(config.dilationRate ?? 1).every((rate) => rate === 1) &&
    isOfEachNumber(config.activation);
  return isPlain ? height - 1 : null;
}
