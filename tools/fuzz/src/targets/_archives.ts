import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a tar archive. */
export interface TarEntry {
  readonly path: string;
  readonly bytes?: Uint8Array;
  /** POSIX type flag: 0 file, 5 folder, L long name, x pax header. */
  readonly type?: string;
}

/** A tar archive (POSIX ustar), written out byte by byte. */
export const tarOf = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap(({ path, bytes = new Uint8Array(0), type = '0' }) => {
      const header = Buffer.alloc(512);
      const octal = (value: number, offset: number, length: number) =>
        header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
      header.write(path, 0, 100);
      octal(0o644, 100, 8);
      octal(0, 108, 8);
      octal(0, 116, 8);
      octal(bytes.length, 124, 12);
      octal(0, 136, 12);
      header.write(' '.repeat(8), 148);
      header.write(type, 156);
      header.write('ustar\u000000', 257);
      const sum = header.reduce((a, b) => a + b, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
    }),
    Buffer.alloc(1024),
  ]);

/** A gzip file with the optional fields of its header. */
export function gzipped(text: string, { name, comment }: { name: string; comment: string }): Buffer {
  const content = Buffer.from(text);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(content));
  end.writeUInt32LE(content.length, 4);
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0x18, 0, 0, 0, 0, 0, 3]),
    Buffer.from(`${name}\0${comment}\0`),
    deflateRawSync(content),
    end,
  ]);
}
