import * as tf from '@tensorflow/tfjs';
import { WeightmapError, type FlopRule, type Flops, type LayerUse } from '@weightmap/core';
import { flopRules } from './_flop-rules.js';
import { graphOf } from './_tap.js';

export type { FlopRule, Flops, LayerUse } from '@weightmap/core';

/** The class names of the layers whose operations can be counted without rules of your own. */
export const countedLayers: readonly string[] = Object.keys(flopRules);

/** Options of `flops` and `flopsByLayer`. */
export interface FlopsOptions {
  /** Rules for further classes of layers, by class name. The own rules take precedence. */
  readonly rules?: Readonly<Record<string, FlopRule>>;
}

/** One use of a layer, and what it costs for an image. */
export interface LayerFlops extends Flops {
  /** Name of the layer in the model. */
  readonly layer: string;
  /** As tfjs registers it, such as `Conv2D`. */
  readonly className: string;
}

/**
 * Counts the floating-point operations of one image's way through a model, layer by layer.
 *
 * - `paper`: the convention behind table 4, the k×k sums of convolutions and of the weight map layers' naive form and
 *   their biases, 2·k²·Ci·Co·Ho·Wo + Ho·Wo·Co (unsharp: and 2·Ci·Co·Ho·Wo); everything else is left out. The paper doesn't
 *   state it; truncated (not rounded) to the digits printed, it gives every figure of the table.
 * - `executed`: what this project runs at inference, multiplications and additions counted separately, with biases,
 *   activations, fully connected layers and the weight map layers' summed form (M = Σ x·W before the box).
 *
 * A layer used several times is counted each time; a model inside the model is counted by its layers.
 *
 * @throws WeightmapError naming the layer if its class has no rule, a rule gives no numbers, its data format is channels first or
 *   its shapes are not fixed.
 */
export function flopsByLayer(model: tf.LayersModel, { rules = {} }: FlopsOptions = {}): LayerFlops[] {
  return usesOf(model).flatMap(({ layer, ...use }) => {
    if (layer instanceof tf.LayersModel) return flopsByLayer(layer, { rules });
    const className = layer.getClassName();
    const rule = [flopRules, rules].find((table) => Object.hasOwn(table, className))?.[className];
    if (!rule)
      throw new WeightmapError(
        `There is no rule for the operations of the layer "${layer.name}", a ${className}.`,
        {
          expected: `one of ${[...countedLayers, ...Object.keys(rules)].join(', ')}`,
          fix: `give a rule for it: \`flops: { ${className}: ({ config, inputs, output }) => ({ paper, executed }) }\` in a plugin`,
        },
      );
    const config = layer.getConfig() as LayerUse['config'];
    if (config.dataFormat === 'channelsFirst')
      throw new WeightmapError(`The layer "${layer.name}" has its channels first.`, {
        expected: 'channels last',
      });
    const { paper, executed } = rule({ config: { ...hiddenOptions(layer), ...config }, ...use });
    if (!isCount(paper) || !isCount(executed))
      throw new WeightmapError(
        `The rule for ${className} counts ${String(paper)} and ${String(executed)} operations.`,
        { where: `the layer "${layer.name}"`, expected: '{ paper, executed }, finite numbers ≥ 0' },
      );
    return [{ layer: layer.name, className, paper, executed }];
  });
}

/** Counts the floating-point operations of one image's way through a model: the sums of `flopsByLayer`. */
export function flops(model: tf.LayersModel, options?: FlopsOptions): Flops {
  const layers = flopsByLayer(model, options);
  return {
    paper: layers.reduce((sum, { paper }) => sum + paper, 0),
    executed: layers.reduce((sum, { executed }) => sum + executed, 0),
  };
}

const isCount = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;

/** What tfjs leaves out of a configuration. */
const hiddenOptions = (layer: tf.layers.Layer) => ({
  depthMultiplier: (layer as { depthMultiplier?: number }).depthMultiplier,
});

type Use = Omit<LayerUse, 'config'> & { layer: tf.layers.Layer };

/** Every use of every layer that belongs to this model; a layer's other uses, in other models, don't count. */
function usesOf(model: tf.LayersModel): Use[] {
  const { layers, containerNodes } = graphOf(model);
  return layers.flatMap((layer) =>
    layer.inboundNodes
      .filter((_, index) => containerNodes.has(`${layer.name}_ib-${index}`))
      .map(({ inputShapes, outputShapes }) => ({
        layer,
        inputs: inputShapes.map((shape) => withoutBatch(shape as tf.Shape, layer)),
        output: withoutBatch(outputShapes[0] as tf.Shape, layer),
      })),
  );
}

function withoutBatch([, ...shape]: tf.Shape, { name }: tf.layers.Layer): number[] {
  if (shape.includes(null))
    throw new WeightmapError(`The layer "${name}" has no fixed shape: [${shape.join(', ')}].`, {
      fix: 'give the model an inputShape of fixed height and width',
    });
  return shape as number[];
}
