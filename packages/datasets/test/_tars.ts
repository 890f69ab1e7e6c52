/** One entry of a tar archive. */
export interface TarEntry {
  path: string;
  bytes?: Uint8Array;
  /** POSIX type flag: 0 file, 1 hard link, 2 symbolic link, 3 device, 5 folder. */
  type?: string;
  link?: string;
  /** Written into the header in place of the true size. */
  size?: number;
}

/** A tar archive (POSIX ustar), written out byte by byte. */
export function tarOf(entries: readonly TarEntry[], { end = true }: { end?: boolean } = {}): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => {
      const bytes = entry.bytes ?? new Uint8Array(0);
      const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
      return [headerOf({ size: bytes.length, ...entry }), bytes, padding];
    }),
    Buffer.alloc(end ? 1024 : 0),
  ]);
}

function headerOf({ path, type = '0', link = '', size = 0 }: TarEntry): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
  header.write(path, 0, 100);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
