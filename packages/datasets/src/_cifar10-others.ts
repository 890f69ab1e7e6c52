import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OtherForm } from './_locate.js';

const FETCH =
  'fetch the binary version, cifar-10-binary.tar.gz (170 MB, https://www.cs.toronto.edu/~kriz/cifar.html), or leave the folder out and let it be downloaded';
const other = (what: string): OtherForm => ({ other: what, fix: FETCH });

/** Folders and files of the other published forms, in the order in which they are looked for. */
const NAMES: readonly (readonly [names: readonly string[], form: OtherForm])[] = [
  [
    ['cifar-10-batches-py', 'cifar-10-python.tar.gz', 'data_batch_1', 'batches.meta'],
    other('the Python version of CIFAR-10 (pickle), as torchvision and Keras keep it'),
  ],
  [
    ['cifar-10-batches-mat', 'cifar-10-matlab.tar.gz', 'data_batch_1.mat'],
    other('the MATLAB version of CIFAR-10'),
  ],
  [
    [
      'cifar-100-binary',
      'cifar-100-python',
      'cifar-100-matlab',
      'cifar-100-binary.tar.gz',
      'cifar-100-python.tar.gz',
      'fine_label_names.txt',
    ],
    other('CIFAR-100, another dataset'),
  ],
];

/** Whether a folder holds another published form of CIFAR-10, or CIFAR-100. */
export async function otherFormIn(folder: string): Promise<OtherForm | null> {
  for (const [names, form] of NAMES)
    for (const name of names)
      if (
        await stat(join(folder, name)).then(
          () => true,
          () => false,
        )
      )
        return form;
  return null;
}

/** The published form that a path of an archive belongs to, if it is another than the binary version of CIFAR-10. */
export function formOfArchivedPath(path: string): OtherForm | null {
  const parts = path.split('/');
  for (const [names, form] of NAMES) if (names.some((name) => parts.includes(name))) return form;
  const name = parts.at(-1)!;
  if (/^(data_batch_[1-5]|test_batch)$/.test(name)) return NAMES[0][1];
  if (/^(data_batch_[1-5]|test_batch)\.mat$/.test(name)) return NAMES[1][1];
  return /^(coarse|fine)_label_names\.txt$/.test(name) ? NAMES[2][1] : null;
}

const RECORD_OF_100 = 2 + 3 * 32 * 32;

/**
 * What the content of a file is that should hold records of CIFAR-10, if it is a known form.
 *
 * @returns null if it is none.
 */
export function formOfBatch(bytes: Uint8Array): OtherForm | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 300)).toString('latin1');
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
    return other('a file of the Python version of CIFAR-10 (pickle)');
  if (start.startsWith('MATLAB 5.0 MAT-file')) return other('a file of the MATLAB version of CIFAR-10');
  if (start.startsWith('\x1f\x8b')) return { other: 'a gzip file', fix: 'unpack it' };
  if (start.startsWith('PK\x03\x04')) return { other: 'a ZIP archive', fix: 'unpack it' };
  if (start.slice(257, 262) === 'ustar') return { other: 'a tar archive', fix: 'unpack it' };
  if (start.startsWith('version https://git-lfs'))
    return { other: 'a Git LFS pointer', fix: 'fetch the file itself by `git lfs pull`' };
  if (/^\s*<(!doctype|html)/i.test(start)) return other('a web page');
  const isOf100 =
    bytes.length > 0 &&
    bytes.length % RECORD_OF_100 === 0 &&
    Array.from({ length: bytes.length / RECORD_OF_100 }, (_, i) => i * RECORD_OF_100).every(
      (place) => bytes[place] < 20 && bytes[place + 1] < 100,
    );
  return isOf100 ? other('a file of CIFAR-100, another dataset') : null;
}
