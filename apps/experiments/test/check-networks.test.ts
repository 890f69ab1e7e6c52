import * as tf from '@tensorflow/tfjs';
import type { Architecture, PluginVariant } from '@weightmap/core';
import type { CellConfig } from '@weightmap/records';
import { useEngine } from '@weightmap/test-utils';
import { makeRecord } from '@weightmap/test-utils/records';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkNetworks } from '../src/plan/check-networks.js';
import { usePlugin } from '../src/plugins/components.js';

useEngine();

const spec = { height: 8, width: 8, channels: 1, classes: ['a', 'b'] };

/** A layer that nobody has a rule for. */
class Cube extends tf.layers.Layer {
  static readonly className = 'Cube';
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }
}
const network = (layers: tf.layers.Layer[]) =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv1', inputShape: [8, 8, 1], filters: 2, kernelSize: 3 }),
      ...layers,
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ],
  });
const architecture = (build: () => tf.LayersModel): Architecture<unknown> =>
  ({ id: '', label: 'x', source: 'test', build }) as never;
const variant = (id: string, gradCamLayer: string): PluginVariant => ({
  id,
  architecture: id,
  label: id,
  datasets: [],
  options: {},
  gradCamLayer,
});
const cellOf = (id: string, trial = 1) => ({ ...makeRecord().cell, variant: id, trial });

describe('a network of a plugin', () => {
  beforeAll(() =>
    usePlugin({
      file: '/there/networks.mjs',
      sha256: 'c'.repeat(64),
      plugin: {
        architectures: {
          'with-cube': architecture(() => network([new Cube({ name: 'cube' })])),
          'other-layer': architecture(() => network([])),
          broken: architecture(() => {
            throw new Error('no such thing');
          }),
        },
        variants: [
          variant('with-cube', 'conv1'),
          variant('other-layer', 'conv7'),
          variant('broken', 'conv1'),
        ],
        flops: { Square: () => ({ paper: 0, executed: 0 }) },
      },
    }),
  );
  const check = (...cells: CellConfig[]) => {
    const notes: string[] = [];
    checkNetworks(cells, new Map(cells.map(({ dataset }) => [dataset.id, spec])), (note) => notes.push(note));
    return notes;
  };

  it('is built once before the work: figures that it will lack are noted', () => {
    expect(check(cellOf('with-cube'), cellOf('with-cube', 2))).toEqual([
      expect.stringMatching(/^with-cube on \w+: FLOPs will be missing: .*"cube", a Cube/),
    ]);
  });

  it('is refused without the layer that Grad-CAM uses, or if it cannot be built', () => {
    expect(() => check(cellOf('other-layer'))).toThrow(/names a layer for Grad-CAM.*conv7/);
    expect(() => check(cellOf('broken'))).toThrow(/can't be built: no such thing/);
  });
});

describe('FLOP rules of a plugin', () => {
  it.each(['Conv2D', 'Square'])('for %s are refused: there is one already', (className) =>
    expect(() =>
      usePlugin({
        file: '/there/again.mjs',
        sha256: 'd'.repeat(64),
        plugin: { flops: { [className]: () => ({ paper: 0, executed: 0 }) } },
      }),
    ).toThrow(`The id "${className}" is taken by another of the flops`),
  );
});
