import * as tf from '@tensorflow/tfjs';
import { messageOf, UsageError, WeightmapError } from '@weightmap/core';
// Registers the classes of weight map layers, by which tfjs builds a stored network.
import '@weightmap/wm-layers';
import { pretrained, type Card, type PretrainedId } from './cards.js';

/** A trained network and its card. */
export interface Pretrained {
  /** Maps [batch, height, width, channels] in [0, 1] to logits [batch, classes]. The caller disposes it. */
  readonly model: tf.LayersModel;
  /** What is known of it. */
  readonly card: Card;
}

/** Options of `loadPretrained`. */
export interface LoadPretrainedOptions {
  /**
   * The folder with a folder for each network: in Node a path or an address, in a browser an address, which may be relative to the
   * page. Default: the package's own folder `networks`, which a bundler doesn't copy: in a browser, serve a copy of it and name it.
   */
  readonly from?: string | URL;
}

/**
 * A trained network of the benchmark, ready to predict, to attack or to train further, and its card.
 *
 * Its files are checked against the checksums of the card. In a browser that works on pages of https and of localhost only, because
 * others have no SHA-256; there the length is checked.
 *
 * @param id one of the keys of `pretrained`, such as `cnn-unsharp-32`.
 * @throws UsageError if no network has this id.
 * @throws WeightmapError if a file can't be read or isn't the one that belongs to the card.
 */
export async function loadPretrained(
  id: PretrainedId,
  { from }: LoadPretrainedOptions = {},
): Promise<Pretrained> {
  if (!Object.hasOwn(pretrained, id))
    throw new UsageError(`No trained network is called "${id}".`, {
      expected: Object.keys(pretrained).join(', '),
    });
  const card = pretrained[id];
  const folder = new URL(`${id}/`, folderAddress(from));
  const [json, weightData] = await Promise.all(
    (['model.json', 'weights.bin'] as const).map((name) => readFile(new URL(name, folder), card.files[name])),
  );
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(json)) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return {
    model: await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData })),
    card,
  };
}

/** The modules of Node; nothing in a browser. */
const node = (): NodeJS.Process | undefined => {
  const { process } = globalThis as { process?: NodeJS.Process };
  return typeof process?.getBuiltinModule === 'function' ? process : undefined;
};

function folderAddress(from: string | URL | undefined): URL {
  if (from === undefined) return new URL('../networks/', import.meta.url);
  const text = String(from).replace(/\/*$/, '/');
  if (/^[a-z][a-z\d+.-]+:/i.test(text)) return new URL(text);
  const toUrl = node()?.getBuiltinModule('node:url').pathToFileURL;
  return toUrl ? toUrl(text) : new URL(text, (globalThis as { location?: { href: string } }).location?.href);
}

async function readFile(address: URL, { bytes, sha256 }: Card['files']['model.json']): Promise<ArrayBuffer> {
  let content: ArrayBuffer;
  try {
    content = await (address.protocol === 'file:' && node() ? readFromDisk(address) : download(address));
  } catch (error) {
    throw new WeightmapError(`A trained network can't be read: ${messageOf(error)}.`, {
      where: address.href,
      expected: 'a file of the folder networks of @weightmap/zoo',
      fix: 'serve a copy of that folder with the page, and name it: loadPretrained(id, { from: address })',
    });
  }
  const found = await digest(content);
  if (content.byteLength === bytes && (found === null || found === sha256)) return content;
  throw new WeightmapError('A file of a trained network is not the one that belongs to its card.', {
    where: address.href,
    expected: `${bytes} bytes with the SHA-256 ${sha256}; it has ${content.byteLength}${found === null ? '' : ` and ${found}`}`,
    fix: 'install @weightmap/zoo again, or copy its folder networks of the same version again',
  });
}

async function readFromDisk(address: URL): Promise<ArrayBuffer> {
  const { readFile } = node()!.getBuiltinModule('node:fs/promises');
  // A copy: a Buffer's memory may begin anywhere in a larger ArrayBuffer.
  return Uint8Array.from(await readFile(address)).buffer;
}

async function download(address: URL): Promise<ArrayBuffer> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return answer.arrayBuffer();
}

/** SHA-256 in hexadecimal digits; null where the page isn't secure. */
async function digest(content: ArrayBuffer): Promise<string | null> {
  const { subtle } = globalThis.crypto as { subtle?: typeof globalThis.crypto.subtle };
  if (!subtle) return null;
  return Array.from(new Uint8Array(await subtle.digest('SHA-256', content)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
