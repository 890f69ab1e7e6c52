import { createHash } from 'node:crypto';
import path from 'node:path';
import { messageOf, WeightmapError, type StoredNetwork } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { z } from 'zod';

const modelSchema = z.object({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(z.looseObject({})) })),
  userDefinedMetadata: z.object({ weightsSha256: z.string().optional() }).optional(),
});

/**
 * The model of a cell's `weights/` as the page takes it.
 *
 * @throws WeightmapError if a file is missing or damaged.
 */
export async function storedNetwork(folder: string): Promise<StoredNetwork> {
  const { modelTopology, weightsManifest, userDefinedMetadata } = parse(
    await part(folder, 'model.json'),
    folder,
  );
  const names = weightsManifest.flatMap(({ paths }) => paths);
  const weights = Buffer.concat(await Promise.all(names.map((name) => part(folder, name))));
  const expected = userDefinedMetadata?.weightsSha256;
  if (expected !== undefined && createHash('sha256').update(weights).digest('hex') !== expected)
    throw new WeightmapError('The weights are not those that model.json was written with.', {
      where: path.join(folder, names.join(', ')),
    });
  return {
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weights: weights.toString('base64'),
  };
}

async function part(folder: string, name: string): Promise<Buffer> {
  const bytes = await readIfThere(path.join(folder, name));
  if (bytes) return bytes;
  throw new WeightmapError('A part of a trained network is missing.', { where: path.join(folder, name) });
}

function parse(bytes: Buffer, folder: string): z.infer<typeof modelSchema> {
  try {
    return modelSchema.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new WeightmapError('A trained network is damaged.', {
      where: `${path.join(folder, 'model.json')}: ${error instanceof z.ZodError ? 'not a tfjs layers model' : messageOf(error)}`,
    });
  }
}
