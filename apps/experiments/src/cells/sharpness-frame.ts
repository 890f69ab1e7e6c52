import { WeightmapError, type ImageSpec } from '@weightmap/core';
import { commonFrame, framedPlaces, frameOf, mapGeometry, type MapGeometry } from '@weightmap/metrics';
import type { ImageFrame } from '@weightmap/records';
import { buildVariant, findVariant, variantsBeside } from '../plugins/components.js';

/**
 * The pixels that the Grad-CAM maps of a variant are compared on: those that the maps of all variants of its architecture
 * cover, whether they are run or not. All variants are the paper's and, for a plugin's variant, that plugin's. Variants that
 * can't be built for such images don't count.
 *
 * @returns undefined if no place of its maps lies there: the maps are then measured on all pixels that they cover.
 */
export function sharpnessFrame(variant: string, spec: ImageSpec): ImageFrame | undefined {
  const others = variantsBeside(variant).filter(({ id }) => id !== variant);
  const geometry = geometryOf(variant, spec);
  const geometries = [geometry, ...others.map(({ id }) => unlessImpossible(() => geometryOf(id, spec)))];
  const frames = geometries.map((one) => one && frameOf(one, spec));
  const frame = commonFrame(frames.filter((one) => one !== null));
  return frame && framedPlaces(geometry, frame, spec).places.length > 0 ? frame : undefined;
}

/** Geometries by variant, then by the images: to build a deep network takes a second, and each is compared with all of its kind. */
const known = new WeakMap<object, Map<string, MapGeometry>>();

function geometryOf(id: string, spec: ImageSpec): MapGeometry {
  const variant = findVariant(id);
  const key = JSON.stringify(spec);
  const ofVariant = known.get(variant) ?? new Map<string, MapGeometry>();
  known.set(variant, ofVariant);
  const geometry = ofVariant.get(key) ?? measured(id, spec, variant.gradCamLayer);
  ofVariant.set(key, geometry);
  return geometry;
}

function measured(id: string, spec: ImageSpec, layer: string): MapGeometry {
  const model = buildVariant(id, { spec, seed: 0 });
  try {
    return mapGeometry(model, layer);
  } finally {
    model.dispose();
  }
}

function unlessImpossible<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof WeightmapError) return null;
    throw error;
  }
}
