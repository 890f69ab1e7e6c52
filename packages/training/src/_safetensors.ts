import { messageOf, parseJson, WeightmapError } from '@weightmap/core';
import { z } from 'zod';
import { formOfBytes } from './_model-form.js';
import { checkStrictly } from './_strict-json.js';

/** A tensor as a file keeps it: float32, row by row. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** A tensor of a file; of another type than float32 it has no values. */
export interface ReadTensor {
  /** As the format names it, such as `F32` or `I64`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | null;
}

const LENGTH_BYTES = 8;
/** The values begin at a multiple of this, so that they can be mapped into memory. */
const ALIGNMENT = 8;
/** The format's own limit. */
const LARGEST_HEADER = 100_000_000;

/** Bits of a number of each type that the format has. */
const BITS: Readonly<Record<string, number>> = {
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6, BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, C64: 64, F64: 64, I64: 64, U64: 64 },
};

const natural = z.number().int().nonnegative();
const entrySchema = z.looseObject({
  dtype: z.string(),
  shape: z.array(natural),
  data_offsets: z.tuple([natural, natural]),
});
/** Whether a value is an object whose values are all texts, `__proto__` among them, or null. */
const isMetadata = (value: unknown): boolean =>
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value ?? {}).every((text) => typeof text === 'string');

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
 * Reads a safetensors file by the rules of the format's own reader: the header begins with `{`, is UTF-8 and has no name twice;
 * the tensors fill the rest of the file, without a gap, an overlap or a byte more.
 *
 * @throws WeightmapError if a rule is broken, or the file is one of another form.
 */
export function decodeSafetensors(bytes: Buffer, where: string): Map<string, ReadTensor> {
  const damaged = (why: string) =>
    new WeightmapError(`The weights can't be read: ${why}.`, {
      where,
      expected: 'a safetensors file with float32 tensors',
      fix: 'save or copy the file again',
    });
  const length = bytes.length < LENGTH_BYTES ? null : bytes.readBigUInt64LE();
  const start = LENGTH_BYTES + Number(length);
  if (length === null || length > LARGEST_HEADER || start > bytes.length) {
    const form = formOfBytes(bytes, where);
    if (form)
      throw new WeightmapError(`This is ${form.is}.`, {
        where,
        expected: 'a safetensors file',
        fix: form.fix,
      });
    if (length === null) throw damaged(`it has only ${bytes.length} bytes`);
    throw damaged('it is not a safetensors file, or it is cut short within its header');
  }
  let header: Record<string, unknown>;
  try {
    header = parseHeader(bytes.subarray(LENGTH_BYTES, start));
  } catch (error) {
    throw damaged(`its header does not follow the format: ${messageOf(error)}`);
  }
  if (!isMetadata(header.__metadata__ ?? null))
    throw damaged('its __metadata__ holds something else than texts');
  const entries = Object.entries(header).flatMap(([name, value]) => {
    if (name === '__metadata__') return [];
    const entry = entrySchema.safeParse(value).data;
    if (!entry) throw damaged(`its header has no valid entry for ${name}`);
    return [{ name, ...entry }];
  });
  let place = 0;
  const inOrder = [...entries].sort(({ data_offsets: [a, b] }, { data_offsets: [c, d] }) => a - c || b - d);
  for (const { name, dtype, shape, data_offsets } of inOrder) {
    const [begin, end] = data_offsets;
    const bits = BITS[dtype];
    if (bits === undefined) throw damaged(`${name} has the unknown type ${dtype}`);
    if (begin > place) throw damaged(`${begin - place} bytes before ${name} belong to no tensor`);
    if (begin < place) throw damaged(`${name} overlaps the tensor before it`);
    if (8 * (end - begin) !== bits * sizeOf(shape))
      throw damaged(`the size of ${name} differs from its shape`);
    if (start + end > bytes.length) throw damaged(`it is cut short within ${name}`);
    place = end;
  }
  if (start + place !== bytes.length)
    throw damaged(`${bytes.length - start - place} bytes at its end belong to no tensor`);
  return new Map(
    entries.map(({ name, dtype, shape, data_offsets: [begin] }) => [
      name,
      { dtype, shape, values: dtype === 'F32' ? floatsAt(bytes, start + begin, sizeOf(shape)) : null },
    ]),
  );
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  if (!text.startsWith('{')) throw new Error('it does not begin with {');
  const header = parseJson(text) as Record<string, unknown>;
  checkStrictly(text);
  return header;
}

function floatsAt(bytes: Buffer, start: number, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = bytes.readFloatLE(start + 4 * i);
  return values;
}
