import { buildVariant, findVariant, variants } from '@weightmap/architectures';
import { mapGeometry } from '@weightmap/metrics';
import { expectNoLeak, useEngine } from '@weightmap/test-utils';
import { describe, expect, it } from 'vitest';
import { sharpnessFrame } from '../src/cells/sharpness-frame.js';
import { usePlugin } from '../src/plugins/components.js';

useEngine();

const spec = { height: 28, width: 28, channels: 1, classes: ['a', 'b'] };

describe('the places of the maps', () => {
  it('of the paper’s networks on 28 × 28 pixels', () => {
    for (const { id, architecture } of variants) {
      const model = buildVariant(id, { spec, seed: 1 });
      const { rows, columns } = mapGeometry(model, findVariant(id).gradCamLayer);
      model.dispose();
      const expected = {
        cnn: id === 'cnn-unsharp-32' ? [0, 1, 28] : [3, 1, 22],

        resnet: [0, 8, 4],
        densenet: [3.5, 8, 3],
      };
      expect(columns).toEqual(rows);
      expect([rows.offset, rows.stride, rows.places], id).toEqual(expected[architecture]);
    }
  });
});

describe('the pixels that Grad-CAM is compared on', () => {
  it('are the same for all variants of an architecture', async () => {
    const expected = {
      cnn: { top: 3, left: 3, height: 22, width: 22 },
      resnet: { top: 0, left: 0, height: 28, width: 28 },
      densenet: { top: 0, left: 0, height: 24, width: 24 },
    };
    for (const architecture of ['cnn', 'resnet', 'densenet'] as const) {
      const ids = variants.filter((variant) => variant.architecture === architecture).map(({ id }) => id);
      for (const id of [ids[0], ids[ids.length - 1]])
        expect(await expectNoLeak(() => sharpnessFrame(id, spec)), id).toEqual(expected[architecture]);
    }
  });

  it('leave out variants that such images are too small for', () => {
    expect(sharpnessFrame('cnn-unsharp-32', { ...spec, height: 5, width: 9 })).toEqual({
      top: 0,
      left: 0,
      height: 5,
      width: 9,
    });
  });

  it('do not depend on plugins, whose variants are compared with the paper’s and with each other', () => {
    const variant = (id: string, kernelSize: number) => ({
      id,
      architecture: 'cnn',
      label: id,
      datasets: [],
      gradCamLayer: 'conv1',
      options: { kind: 'conv', channels: [4], kernelSize },
    });
    usePlugin({
      file: '/made/here.mjs',
      sha256: 'a'.repeat(64),
      plugin: { variants: [variant('one-layer', 3), variant('one-wide-layer', 5)] },
    });
    expect(sharpnessFrame('cnn-33', spec)).toEqual({ top: 3, left: 3, height: 22, width: 22 });
    expect(sharpnessFrame('one-layer', spec)).toEqual({ top: 3, left: 3, height: 22, width: 22 });
    expect(sharpnessFrame('one-layer', { ...spec, height: 4, width: 4 })).toEqual({
      top: 1,
      left: 1,
      height: 2,
      width: 2,
    });
  });
});
