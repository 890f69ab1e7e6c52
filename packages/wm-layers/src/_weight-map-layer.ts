import * as tf from '@tensorflow/tfjs';
import { argumentError, requireInteger, show } from './_argument-error.js';
import { fanIn, requireFanInRule, type FanInRule } from './_fan-in.js';
import { imageShape, soleTensor, type LayerArgs } from './_layer-shapes.js';
import type { Reduction } from './_reduction.js';
import { weightMapOp } from './_weight-map-op.js';
import {
  placeWindow,
  resolveWindow,
  type Padding,
  type WindowGeometry,
  type WindowOptions,
} from './window.js';

/** A name that `tf.layers.activation` knows: 'relu', 'linear', … */
export type ActivationName = Parameters<typeof tf.layers.activation>[0]['activation'];

export interface WeightMapLayerArgs extends LayerArgs, WindowOptions {
  /** Output channels Co. */
  filters: number;
  /** Applied to the output. Default 'linear'. */
  activation?: ActivationName;
  /** A bias for every output position and channel. Default true. */
  useBias?: boolean;
  /** What the initial weights' bound is computed from. Default 'window' (chosen: the paper doesn't say). */
  fanIn?: FanInRule;
  /** An integer; equal seeds give equal initial weights on every engine. */
  seed: number;
}

/** What the two weight map layers share: weights, their initial values, configuration. */
export abstract class WeightMapLayer extends tf.layers.Layer {
  private readonly reduction: Reduction;
  private readonly filters: number;
  private readonly window: Required<WindowOptions>;
  private readonly activation: tf.layers.Layer;
  private readonly activationName: ActivationName;
  private readonly useBias: boolean;
  private readonly fanInRule: FanInRule;
  private readonly seed: number;
  private weightMap!: tf.LayerVariable;
  private bias: tf.LayerVariable | null = null;

  constructor(args: WeightMapLayerArgs, reduction: Reduction, defaultPadding: Padding) {
    super(args);
    const { filters, kernelSize = 3, padding = defaultPadding, strides = 1 } = args;
    const { activation = 'linear', useBias = true, fanIn = 'window', seed } = args;
    const where = this.getClassName();
    requireInteger(`${where}: filters`, filters, 1);
    placeWindow(where, { kernelSize, padding, strides });
    requireFanInRule(where, fanIn);
    if (!Number.isSafeInteger(seed)) throw argumentError(`${where}: seed`, `got ${show(seed)}`, 'an integer');
    this.reduction = reduction;
    this.filters = filters;
    this.window = { kernelSize, padding, strides };
    this.activationName = activation;
    this.activation = tf.layers.activation({ name: `${this.name}-activation`, activation });
    this.useBias = useBias;
    this.fanInRule = fanIn;
    this.seed = seed;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = imageShape(this.getClassName(), inputShape);
    const { outputSize } = this.geometry(shape);
    const bound = 1 / Math.sqrt(fanIn(this.fanInRule, { inputShape: shape, ...this.window }));
    const uniform = (seed: number) => tf.initializers.randomUniform({ minval: -bound, maxval: bound, seed });

    this.weightMap = this.addWeight('weightMap', [...shape, this.filters], 'float32', uniform(this.seed));
    if (this.useBias)
      this.bias = this.addWeight(
        'bias',
        [...outputSize, this.filters],
        'float32',
        uniform(biasSeed(this.seed)),
      );
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const shape = imageShape(this.getClassName(), inputShape);
    const batch = Array.isArray(inputShape[0]) ? inputShape[0][0] : inputShape[0];
    return [batch, ...this.geometry(shape).outputSize, this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const x = soleTensor(this.getClassName(), inputs);
      const weightMap = this.weightMap.read() as tf.Tensor4D;
      const bias = this.bias ? (this.bias.read() as tf.Tensor3D) : null;
      const activation = this.activationName === 'relu' ? 'relu' : 'linear';
      const output = weightMapOp(this.reduction, x, weightMap, bias, { ...this.window, activation });
      return this.activationName === activation ? output : (this.activation.call(output, {}) as tf.Tensor);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const config = {
      filters: this.filters,
      ...this.window,
      activation: this.activationName,
      useBias: this.useBias,
      fanIn: this.fanInRule,
      seed: this.seed,
    };
    return { ...super.getConfig(), ...config };
  }

  private geometry([height, width]: readonly number[]): WindowGeometry {
    return resolveWindow(this.getClassName(), [height, width], this.window);
  }
}

/** The bias draws from a stream of its own: an odd constant times the seed, as 32 bits, is one to one. */
const biasSeed = (seed: number): number => (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
