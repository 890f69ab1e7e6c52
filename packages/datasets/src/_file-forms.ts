import { open } from 'node:fs/promises';

/** What a file is whose content is not of the form that its name announces. */
export interface FileForm {
  /** Completes "The file is …". */
  readonly is: string;
  readonly fix: string;
}

/** Forms by the bytes that such a file begins with, one of several, as Latin-1. */
const BEGINNINGS: readonly (readonly [begins: readonly string[], form: FileForm])[] = [
  [['\x1f\x8b'], { is: 'a gzip file', fix: 'unpack it' }],
  [['PK\x03\x04'], { is: 'a ZIP archive', fix: 'unpack it' }],
  [['7z\xbc\xaf', 'BZh', '\xfd7zXZ', '\x28\xb5\x2f\xfd'], { is: 'a packed file', fix: 'unpack it' }],
  [['PAR1'], { is: 'a Parquet file', fix: 'write it as CSV: pandas.read_parquet(…).to_csv(…, index=False)' }],
  [['SQLite format 3'], { is: 'a SQLite database', fix: 'export its table as CSV' }],
  [['\x89HDF'], { is: 'an HDF5 file', fix: 'export its table as CSV' }],
  [
    ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'],
    { is: 'a Python pickle', fix: 'write its table as CSV' },
  ],
  [
    ['version https://git-lfs'],
    { is: 'a Git LFS pointer, not the file itself', fix: 'fetch the file by `git lfs pull`' },
  ],
];

/** Forms of texts, after a byte order mark and blanks. */
const TEXTS: readonly (readonly [RegExp, FileForm])[] = [
  [
    /^<(!doctype html|html|head|body)/i,
    { is: 'a web page, perhaps the error page of a server', fix: 'fetch the file itself in its place' },
  ],
  [
    /^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<annotations?\b/i,
    { is: 'an XML of annotations, as CVAT or Pascal VOC have them', fix: 'export it as COCO' },
  ],
  [/^<\?xml/i, { is: 'an XML', fix: 'export it as COCO' }],
];

/** The form of a file by its first bytes; null where it could be the text that it should be. */
export async function formByBeginning(file: string): Promise<FileForm | null> {
  const start = (await bytesOf(file, 0, 2048)).toString('latin1');
  if (start.startsWith('PK') && start.includes('[Content_Types].xml'))
    return { is: 'an Excel workbook', fix: 'save it as CSV, with commas' };
  if (start.slice(257, 262) === 'ustar') return { is: 'a tar archive', fix: 'unpack it' };
  const bytes = BEGINNINGS.find(([begins]) => begins.some((begin) => start.startsWith(begin)));
  const text = start.replace(/^\xef\xbb\xbf/, '').trimStart();
  return bytes?.[1] ?? TEXTS.find(([begins]) => begins.test(text))?.[1] ?? null;
}

/** At most so many bytes of a file from a place on. */
export async function bytesOf(file: string, place: number, count: number): Promise<Buffer> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(count), 0, count, place)
    .finally(() => handle.close());
  return buffer.subarray(0, bytesRead);
}

/** The beginning of a text, decoded as its byte order mark says (UTF-8 without one), without the mark. */
export async function textOfBeginning(file: string, count: number): Promise<string> {
  const bytes = await bytesOf(file, 0, count);
  const mark = bytes.toString('hex', 0, 2);
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
