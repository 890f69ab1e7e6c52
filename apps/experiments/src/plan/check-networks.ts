import { messageOf, WeightmapError, type ImageSpec } from '@weightmap/core';
import { isVariantId } from '@weightmap/architectures';
import { layerNamed, mapGeometry } from '@weightmap/metrics';
import { plainVariant, type CellConfig } from '@weightmap/records';
import { buildVariant, countFlops, findVariant } from '../plugins/components.js';

/**
 * Builds each network of a plugin once, before hours of work: it must fit the images, and have the layer that Grad-CAM uses. The
 * benchmark's own networks are not checked.
 *
 * @param specs shape and classes of the images, by dataset id.
 * @param onNote is called with each figure that will be missing.
 * @throws WeightmapError if a network can't be built, or has no such layer.
 */
export function checkNetworks(
  cells: readonly CellConfig[],
  specs: ReadonlyMap<string, ImageSpec>,
  onNote: (note: string) => void,
): void {
  const seen = new Set<string>();
  for (const { variant, dataset } of cells) {
    const name = `${variant} on ${dataset.id}`;
    const spec = specs.get(dataset.id);
    if (isVariantId(plainVariant(variant)) || !spec || seen.has(name)) continue;
    seen.add(name);
    const { gradCamLayer } = findVariant(variant);
    const model = buildVariant(variant, { spec, seed: 0 });
    const note = (figures: string, check: () => unknown) => {
      try {
        check();
      } catch (error) {
        onNote(`${name}: ${figures} will be missing: ${messageOf(error)}`);
      }
    };
    try {
      try {
        layerNamed(model, gradCamLayer);
      } catch (error) {
        throw new WeightmapError(
          `The variant "${variant}" of a plugin names a layer for Grad-CAM that its network doesn't have: ${messageOf(error)}`,
          {
            where: `gradCamLayer: "${gradCamLayer}"`,
            expected: error instanceof WeightmapError ? error.details.expected : undefined,
            fix: 'correct the plugin',
          },
        );
      }
      note('Grad-CAM', () => mapGeometry(model, gradCamLayer));
      note('FLOPs', () => countFlops(model));
    } finally {
      model.dispose();
    }
  }
}
