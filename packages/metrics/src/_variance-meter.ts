import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type Classifier, type LayerVariance } from '@weightmap/core';
import { RunningMoments } from './_running-moments.js';
import { compiledSteps } from './_step.js';
import { withEyesOn } from './_tap.js';

/** Numbers that one step may look at: the products w·x of a weight map are far more than its activations. */
const MOST_NUMBERS = 2 ** 25;
const MOST_IMAGES = 256;

/** A layer whose variances are measured. */
export interface MeteredLayer {
  readonly layer: tf.layers.Layer;
  /** [height, width, Ci, Co], its weights w of equation 5; null if it has none. */
  readonly weightMap: tf.LayerVariable | null;
}

/** Measures layers' activation variances over images that come bit by bit; see `activationVariance` for what they are. */
export class VarianceMeter {
  private readonly step: Step;
  private readonly chunk: number;
  private readonly meters: (Meter | undefined)[];

  constructor(
    model: tf.LayersModel,
    classifier: Classifier,
    private readonly layers: readonly MeteredLayer[],
  ) {
    this.step = steps(classifier, model, ({ images }) => look(layers, () => classifier.logits(images)));
    this.chunk = imagesAtATime(layers);
    this.meters = layers.map(() => undefined);
  }

  /** @param images [batch, height, width, channels]; any number of them. */
  add(images: tf.Tensor4D): void {
    const [batch, ...image] = images.shape;
    for (let start = 0; start < batch; start += this.chunk) {
      const count = Math.min(this.chunk, batch - start);
      tf.tidy(() => {
        const part = images.slice([start, 0, 0, 0], [count, ...image]);
        this.merge(count, this.step({ images: part }));
      });
    }
  }

  /** @returns one for each of the layers, in their order. */
  variances(): LayerVariance[] {
    return this.layers.map(({ layer, weightMap }, i) => {
      const variance = result(this.meters[i]!, weightMap);
      if (!Number.isFinite(variance.input + variance.output))
        throw new WeightmapError('Activations are not finite.', {
          where: `the input or the output of the layer "${layer.name}"`,
        });
      return variance;
    });
  }

  private merge(count: number, tensors: readonly tf.Tensor[]): void {
    const values = tensors.map((tensor) => tensor.dataSync<'float32'>());
    this.layers.forEach(({ weightMap }, i) => {
      const quantities = weightMap ? ALL : (['input', 'output'] as const);
      const pairs = quantities.map((name) => [name, values.splice(0, 2)] as const);
      const meter = (this.meters[i] ??= Object.fromEntries(
        pairs.map(([name, [mean]]) => [name, new RunningMoments(mean.length)]),
      ) as unknown as Meter);
      for (const [name, [mean, squares]] of pairs) meter[name]!.add({ count, mean, squares });
    });
  }
}

const ALL = ['input', 'output', 'product'] as const;
type Meter = { input: RunningMoments; output: RunningMoments; product?: RunningMoments };

type Step = (inputs: { images: tf.Tensor4D }) => tf.Tensor[];
const steps = compiledSteps<{ images: tf.Tensor4D }, tf.Tensor[]>();

/** A forward pass; gives for each layer the moments of its input, its output and its products: mean, squares, mean, … */
function look(layers: readonly MeteredLayer[], forward: () => tf.Tensor): tf.Tensor[] {
  const seen = new Map<tf.layers.Layer, tf.Tensor[]>();
  const weightMaps = new Map(layers.map(({ layer, weightMap }) => [layer, weightMap]));
  try {
    withEyesOn(
      [...weightMaps.keys()],
      (layer, output, input) => {
        const weights = weightMaps.get(layer)?.read();
        const products = weights ? [() => productsOf(input, weights)] : [];
        const moments = [() => input, () => output, ...products].flatMap((make) => momentsOf(make));
        // A model disposes what is made within a layer's call; kept, it outlives that.
        seen.set(layer, moments.map(tf.keep));
      },
      forward,
    );
    return layers.flatMap(({ layer }) => seen.get(layer)!.map((moment) => moment.clone()));
  } finally {
    tf.dispose([...seen.values()].flat());
  }
}

/** Mean over the batch, and sum over it of the squared deviations from that mean. */
const momentsOf = (make: () => tf.Tensor): tf.Tensor[] =>
  tf.tidy(() => {
    const x = make();
    const mean = x.mean(0, true);
    return [mean.squeeze([0]), x.squaredDifference(mean).sum(0)];
  });

/** w ⊙ x: [batch, height·width·Ci, Co] of x [batch, height, width, Ci] and w [height, width, Ci, Co]. */
function productsOf(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  const [, height, width, channels] = x.shape;
  const inputs = height * width * channels;
  return x.reshape([x.shape[0], inputs, 1]).mul(w.reshape([inputs, -1]));
}

function result({ input, output, product }: Meter, weightMap: tf.LayerVariable | null): LayerVariance {
  const [given, made] = [input.meanVariance(), output.meanVariance()];
  const varies = given > 0;
  const sides = product &&
    weightMap && {
      measured: product.meanVariance() / given,
      predicted: predictedVariance(weightMap, input.variances()) / given,
    };
  return {
    input: given,
    output: made,
    gain: varies ? made / given : null,
    amplification: varies && sides ? sides : null,
  };
}

/** The mean of w²·Var[x] over positions and pairs of channels. */
function predictedVariance(weightMap: tf.LayerVariable, variances: Float64Array): number {
  const weights = weightMap.read().dataSync<'float32'>();
  const outputs = weights.length / variances.length;
  let sum = 0;
  variances.forEach((variance, i) => {
    for (let o = 0; o < outputs; o++) sum += weights[i * outputs + o] ** 2 * variance;
  });
  return sum / weights.length;
}

/** As many as keep within MOST_NUMBERS, a power of two so that batches are cut into few different sizes. */
function imagesAtATime(layers: readonly MeteredLayer[]): number {
  const numbers = layers.reduce((sum, { layer, weightMap }) => {
    const [node] = layer.inboundNodes;
    const shapes = [node.inputShapes[0] as tf.Shape, node.outputShapes[0] as tf.Shape];
    return [...shapes.map(([, ...shape]) => shape), weightMap?.shape ?? [0]].reduce(
      (total, shape) => total + shape.reduce((size: number, length) => size * (length ?? 1), 1),
      sum,
    );
  }, 0);
  const most = Math.floor(Math.log2(MOST_NUMBERS / numbers));
  return Math.min(MOST_IMAGES, 2 ** Math.max(0, most));
}
