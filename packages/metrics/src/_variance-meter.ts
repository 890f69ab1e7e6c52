import * as tf from '@tensorflow/tfjs';
import { compiledSteps, WeightmapError, type Classifier } from '@weightmap/core';
import { productMoments } from './_product-moments.js';
import { momentsOf, momentsOfDifference, RunningMoments } from './_running-moments.js';
import { withEyesOn } from './_tap.js';
import type { LayerVariance, NoiseToSignal } from './activation-variance.js';

/** Activations that are looked at in one step. */
const MOST_NUMBERS = 2 ** 24;
const MOST_IMAGES = 64;

/** A layer whose variances are measured. */
export interface MeteredLayer {
  readonly layer: tf.layers.Layer;
  /** [height, width, Ci, Co], its weights w of equation 5; null if it has none. */
  readonly weightMap: tf.LayerVariable | null;
}

/** What is known of a layer so far. The weights are those that it had at first: the meter is for a model at rest. */
interface Meter {
  readonly input: RunningMoments;
  readonly output: RunningMoments;
  readonly product: RunningMoments;
  readonly weights: Float32Array | null;
}

/** What some layers are given and give for some images. */
export interface Activations {
  /** Number of images. */
  readonly count: number;
  /** [layers][count · inputs] */
  readonly inputs: readonly Float32Array[];
  /** [layers][count · outputs] */
  readonly outputs: readonly Float32Array[];
}

/** Reads layers' activations from the engine, for any number of images, in steps that fit into memory. */
export class ActivationReader {
  private readonly step: Step;
  private readonly imagesAtATime: number;

  constructor(model: tf.LayersModel, classifier: Classifier, layers: readonly MeteredLayer[]) {
    const watched = layers.map(({ layer }) => layer);
    this.step = steps(
      classifier,
      () =>
        ({ images }) =>
          activations(watched, () => classifier.logits(images)),
      model,
    );
    this.imagesAtATime = imagesAtATime(watched);
  }

  /** @param images [batch, height, width, channels]; they must live until the last step. */
  *read(images: tf.Tensor4D): Generator<Activations, void> {
    const [batch, ...image] = images.shape;
    for (let start = 0; start < batch; start += this.imagesAtATime) {
      const count = Math.min(this.imagesAtATime, batch - start);
      const values: Float32Array[] = [];
      tf.tidy(() => {
        const seen = this.step({ images: images.slice([start, 0, 0, 0], [count, ...image]) });
        values.push(...seen.map((tensor) => tensor.dataSync<'float32'>()));
      });
      yield {
        count,
        inputs: values.filter((_, i) => i % 2 === 0),
        outputs: values.filter((_, i) => i % 2 === 1),
      };
    }
  }
}

/** Measures layers' activation variances over images that come bit by bit; see `activationVariance` for what they are. */
export class VarianceMeter {
  private readonly meters: readonly Meter[];

  constructor(private readonly layers: readonly MeteredLayer[]) {
    this.meters = layers.map(({ weightMap }) => ({
      input: new RunningMoments(),
      output: new RunningMoments(),
      product: new RunningMoments(),
      weights: weightMap && weightMap.read().dataSync<'float32'>(),
    }));
  }

  add({ count, inputs, outputs }: Activations): void {
    this.meters.forEach((meter, i) => {
      meter.input.add(momentsOf(inputs[i], count));
      meter.output.add(momentsOf(outputs[i], count));
      if (meter.weights) meter.product.add(productMoments(inputs[i], count, meter.weights));
    });
  }

  /** @returns one for each of the layers, in their order. */
  variances(): LayerVariance[] {
    return this.meters.map((meter, i) => {
      const [input, output] = [meter.input.meanVariance(), meter.output.meanVariance()];
      if (!Number.isFinite(input + output))
        throw new WeightmapError('Activations are not finite.', {
          where: `the input or the output of the layer "${this.layers[i].layer.name}"`,
          fix: 'the weights are probably not finite: look at how the training ended',
        });
      const varies = input > 0;
      return {
        input,
        output,
        gain: varies ? output / input : null,
        amplification:
          varies && meter.weights
            ? {
                measured: meter.product.meanVariance() / input,
                predicted: predictedVariance(meter.weights, meter.input.variances()) / input,
              }
            : null,
      };
    });
  }
}

/** Measures by how much a perturbation changes activations; see `noiseResponse`. */
export class ChangeMeter {
  private readonly meters: readonly Readonly<Record<'input' | 'output', RunningMoments>>[];

  constructor(layers: readonly MeteredLayer[]) {
    this.meters = layers.map(() => ({ input: new RunningMoments(), output: new RunningMoments() }));
  }

  /** @param noisy of the same images in the same order, perturbed. */
  add(clean: Activations, noisy: Activations): void {
    this.meters.forEach(({ input, output }, i) => {
      input.add(momentsOfDifference(noisy.inputs[i], clean.inputs[i], clean.count));
      output.add(momentsOfDifference(noisy.outputs[i], clean.outputs[i], clean.count));
    });
  }

  /** @param clean the variances of the same layers without the perturbation. */
  noiseToSignal(clean: readonly LayerVariance[]): NoiseToSignal[] {
    return this.meters.map((meter, i) => {
      const share = (noise: number, signal: number) => (signal > 0 ? noise / signal : null);
      const input = share(meter.input.meanVariance(), clean[i].input);
      const output = share(meter.output.meanVariance(), clean[i].output);
      return { input, output, transfer: input && output !== null ? output / input : null };
    });
  }
}

type Step = (inputs: { images: tf.Tensor4D }) => tf.Tensor[];
const steps = compiledSteps<{ images: tf.Tensor4D }, tf.Tensor[]>();

/** What a forward pass gives to the layers and gets from them: input, output, input, … */
function activations(layers: readonly tf.layers.Layer[], forward: () => tf.Tensor): tf.Tensor[] {
  const seen: { layer: tf.layers.Layer; tensors: tf.Tensor[] }[] = [];
  try {
    // A model disposes what its layers give; kept copies outlive that, and copies of those are the caller's.
    const look = (layer: tf.layers.Layer, output: tf.Tensor, input: tf.Tensor) => {
      seen.push({ layer, tensors: [input, output].map((tensor) => tf.keep(tensor.clone())) });
    };
    withEyesOn(layers, look, forward);
    const inOrder = layers.map((layer) => seen.find((one) => one.layer === layer)!);
    return inOrder.flatMap(({ tensors }) => tensors.map((tensor) => tensor.clone()));
  } finally {
    tf.dispose(seen.flatMap(({ tensors }) => tensors));
  }
}

/** The mean of w²·Var[x] over positions and pairs of channels. */
function predictedVariance(weights: Float32Array, variances: Float64Array): number {
  const outputs = weights.length / variances.length;
  let sum = 0;
  variances.forEach((variance, i) => {
    for (let o = 0; o < outputs; o++) sum += weights[i * outputs + o] ** 2 * variance;
  });
  return sum / weights.length;
}

/** As many as keep within MOST_NUMBERS, a power of two so that batches are cut into few different sizes. */
function imagesAtATime(layers: readonly tf.layers.Layer[]): number {
  // Sizes that are open until there is an image count 1.
  const size = ([, ...shape]: tf.Shape) => shape.reduce((product: number, side) => product * (side ?? 1), 1);
  const numbers = layers.reduce((sum, layer) => {
    const { inputShapes, outputShapes } = layer.inboundNodes[0];
    return sum + size(inputShapes[0] as tf.Shape) + size(outputShapes[0] as tf.Shape);
  }, 0);
  const most = Math.floor(Math.log2(MOST_NUMBERS / numbers));
  return Math.min(MOST_IMAGES, 2 ** Math.max(0, most));
}
