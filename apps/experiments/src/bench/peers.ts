import { existsSync } from 'node:fs';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { networkCase } from './network-case.js';
import { StopwatchProcess, type Ready } from './_stopwatch-process.js';
import type { Sweep } from './measure-network.js';
import type { Workload } from './modes.js';

/** The implementations of the weight map layers in PyTorch; see the script. */
export const FORMS = ['tuned', 'einsum', 'paper'] as const;
export type Form = (typeof FORMS)[number];

/** How a PyTorch user runs a network. `bfloat16` computes with fewer digits: it is measured for information, and no ratio is to it. */
export const WAYS = ['eager', 'channels-last', 'compile', 'bfloat16'] as const;
export type Way = (typeof WAYS)[number];

/** A form and a way of running it. */
export interface Peer {
  readonly form: Form;
  readonly way: Way;
}

/** Its name in tables: the form, and the way unless it is eager. */
export const peerName = ({ form, way }: Peer): string =>
  way === 'eager' ? `pytorch-${form}` : `pytorch-${form}-${way}`;

const SCRIPT = 'bench/pytorch_peers.py';

/**
 * The ways in which PyTorch is timed on a case: each form eagerly, the tuned one in every way, and the einsum compiled, because the
 * compiler may choose the products itself. Plain convolutions have only one form.
 */
export function peersOf(name: string): readonly Peer[] {
  const { options } = networkCase(name).variant;
  const kinds = 'kinds' in options ? options.kinds : [options.kind];
  const tuned = WAYS.map((way) => ({ form: 'tuned', way }) as const);
  if (kinds.every((kind) => kind === 'conv')) return tuned;
  return [
    ...tuned,
    { form: 'einsum', way: 'eager' },
    { form: 'einsum', way: 'compile' },
    { form: 'paper', way: 'eager' },
  ];
}

/** The fastest of those that compute with float32, by their times; null if there is none. */
export function fastestOf<Value>(
  peers: readonly Peer[],
  times: ReadonlyMap<string, Value>,
  of: (times: Value) => number,
): { readonly name: string; readonly time: number } | null {
  const timed = peers
    .filter((peer) => peer.way !== 'bfloat16' && times.has(peerName(peer)))
    .map((peer) => ({ name: peerName(peer), time: of(times.get(peerName(peer))!) }));
  return timed.length === 0 ? null : timed.reduce((a, b) => (b.time < a.time ? b : a));
}

/** The workload of PyTorch. */
export interface PeerWorkload extends Workload, Peer {
  readonly task: 'step' | 'cell' | Sweep;
  /** Only for a sweep. */
  readonly images?: number;
  readonly strengths?: readonly number[];
  /** The sizes of a shortened cell. */
  readonly cell?: {
    /** Training steps of an epoch. */
    readonly steps: number;
    /** Of the validation, and of each sweep. */
    readonly images: number;
    /** Pixels by which a training image is shifted at most; 0 without augmentation. */
    readonly padding: number;
    /** Strengths of noise. */
    readonly betas: readonly number[];
    /** Strengths of FGSM. */
    readonly epsilons: readonly number[];
  };
}

/**
 * Starts PyTorch's version of a case.
 *
 * @param python the interpreter's name or path.
 * @param prefix words before the command, such as one that pins it to a core.
 * @returns its `ready` says why if PyTorch can't run in this way.
 * @throws WeightmapError if Python or PyTorch isn't there.
 */
export async function startPeer(
  { form, way, case: name, task, cell, ...sizes }: PeerWorkload,
  python: string,
  prefix: readonly string[] = [],
): Promise<{ process: StopwatchProcess; ready: Ready }> {
  const { variant, spec } = networkCase(name);
  const network = {
    architecture: variant.architecture,
    ...variant.options,
    image: [spec.height, spec.width, spec.channels],
    classes: spec.classes.length,
  };
  const options = {
    ...{ task, network: JSON.stringify(network), form, way, ...sizes },
    cell: cell && JSON.stringify(cell),
  };
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const fix = 'run `pip install torch`, and name its interpreter: --python <path>';
  const started = await StopwatchProcess.start(`PyTorch (${form}, ${way})`, [
    ...prefix,
    python,
    script(),
    ...args,
  ]).catch((error: unknown) => {
    if (!(error instanceof WeightmapError)) throw error;
    throw new WeightmapError(`PyTorch can't be measured with ${python}.`, {
      where: error.details.where,
      fix,
    });
  });
  const { missing, unable } = started.ready;
  if (missing !== undefined && unable !== true) {
    await started.process.end();
    throw new WeightmapError(`${python} has no PyTorch.`, { where: missing, fix });
  }
  return started;
}

/** Finds the script of the repository in a folder above this file. */
function script(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, SCRIPT))) {
    const above = path.dirname(folder);
    if (above === folder)
      throw new WeightmapError(`There is no ${SCRIPT}.`, {
        fix: 'compare with PyTorch from a clone of the repository',
      });
    folder = above;
  }
  return path.join(folder, SCRIPT);
}
