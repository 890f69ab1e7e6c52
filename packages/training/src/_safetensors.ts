import { WeightmapError } from '@weightmap/core';
import { z } from 'zod';

/** A tensor as a file keeps it: float32, row by row. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type StoredTensors = ReadonlyMap<string, StoredTensor>;

const LENGTH_BYTES = 8;
/** The values begin at a multiple of this, so that they can be mapped into memory. */
const ALIGNMENT = 8;
/** The format's own limit. */
const LARGEST_HEADER = 100_000_000;

const natural = z.number().int().nonnegative();
const headerSchema = z.record(
  z.string(),
  z.union([
    z.object({ dtype: z.string(), shape: z.array(natural), data_offsets: z.tuple([natural, natural]) }),
    z.record(z.string(), z.string()), // __metadata__
  ]),
);

const sizeOf = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

/**
 * The bytes of a safetensors file: length of the header (8 bytes, little-endian), header in JSON, then the values of all tensors
 * without a gap. https://huggingface.co/docs/safetensors
 *
 * @param metadata text by name, kept in the header.
 */
export function encodeSafetensors(
  tensors: StoredTensors,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  let offset = 0;
  const entries = [...tensors].map(([name, { shape, values }]) => {
    const begin = offset;
    offset += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, offset] }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...(Object.fromEntries(entries) as object) });
  const length = Math.ceil(Buffer.byteLength(json) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(LENGTH_BYTES + length + offset, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.write(json, LENGTH_BYTES);
  let place = LENGTH_BYTES + length;
  for (const { values } of tensors.values())
    for (const value of values) place = bytes.writeFloatLE(value, place);
  return bytes;
}

/**
 * Reads a safetensors file, and checks every number in its header.
 *
 * @throws WeightmapError if it is cut short, its header is invalid, or a tensor isn't float32.
 */
export function decodeSafetensors(bytes: Buffer, where: string): Map<string, StoredTensor> {
  const damaged = (why: string) =>
    new WeightmapError(`The weights can't be read: ${why}.`, {
      where,
      expected: 'a safetensors file with float32 tensors',
    });
  if (bytes.length < LENGTH_BYTES) throw damaged(`it has only ${bytes.length} bytes`);
  const length = bytes.readBigUInt64LE();
  if (length > LARGEST_HEADER || Number(length) > bytes.length - LENGTH_BYTES)
    throw damaged('it is not a safetensors file, or it is cut short within its header');
  const start = LENGTH_BYTES + Number(length);
  let header: z.infer<typeof headerSchema>;
  try {
    header = headerSchema.parse(JSON.parse(bytes.toString('utf8', LENGTH_BYTES, start)));
  } catch {
    throw damaged('its header does not follow the format');
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (!Array.isArray(entry.shape) || typeof entry.dtype !== 'string')
      throw damaged(`its header has no valid entry for ${name}`);
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    if (dtype !== 'F32')
      throw new WeightmapError(`The weights of ${name} are ${dtype}.`, {
        where,
        expected: 'F32',
        fix: 'convert them before saving, in PyTorch by `tensor.float()`',
      });
    const [begin, end] = data_offsets;
    if (end - begin !== 4 * sizeOf(shape)) throw damaged(`the size of ${name} differs from its shape`);
    if (start + end > bytes.length) throw damaged(`it is cut short within ${name}`);
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(start + begin + 4 * i);
    tensors.set(name, { shape, values });
  }
  return tensors;
}
