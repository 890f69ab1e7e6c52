import * as tf from '@tensorflow/tfjs';
import { WeightmapError } from '@weightmap/core';
import { flopRules, type Flops, type LayerUse } from './_flop-rules.js';
import { graphOf } from './_tap.js';

export type { Flops } from './_flop-rules.js';

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
 * @throws WeightmapError naming the layer if its class has no rule, its data format is channels first or its shapes are not fixed.
 */
export function flopsByLayer(model: tf.LayersModel): LayerFlops[] {
  return usesOf(model).flatMap(({ layer, ...use }) => {
    if (layer instanceof tf.LayersModel) return flopsByLayer(layer);
    const className = layer.getClassName();
    const rule = flopRules[className];
    if (!rule)
      throw new WeightmapError(
        `There is no rule for the operations of the layer "${layer.name}", a ${className}.`,
        {
          expected: Object.keys(flopRules).join(', '),
          fix: 'add a row to the table of rules',
        },
      );
    const config = layer.getConfig() as LayerUse['config'];
    if (config.dataFormat === 'channelsFirst')
      throw new WeightmapError(`The layer "${layer.name}" has its channels first.`, {
        expected: 'channels last',
      });
    return [{ layer: layer.name, className, ...rule({ config, ...use }) }];
  });
}

/** Counts the floating-point operations of one image's way through a model: the sums of `flopsByLayer`. */
export function flops(model: tf.LayersModel): Flops {
  const layers = flopsByLayer(model);
  return {
    paper: layers.reduce((sum, { paper }) => sum + paper, 0),
    executed: layers.reduce((sum, { executed }) => sum + executed, 0),
  };
}

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
