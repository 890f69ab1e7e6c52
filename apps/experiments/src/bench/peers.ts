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

const SCRIPT = 'bench/pytorch_peers.py';

/** The PyTorch implementations of a case: plain convolutions have only one. */
export function formsOf(name: string): readonly Form[] {
  const { options } = networkCase(name).variant;
  const kinds = 'kinds' in options ? options.kinds : [options.kind];
  return kinds.every((kind) => kind === 'conv') ? ['tuned'] : FORMS;
}

/** The workload of PyTorch. */
export interface PeerWorkload extends Workload {
  readonly task: 'step' | Sweep;
  readonly form: Form;
  /** Only for a sweep. */
  readonly images?: number;
  readonly strengths?: readonly number[];
}

/**
 * Starts PyTorch's version of a case.
 *
 * @param python the interpreter's name or path.
 * @throws WeightmapError if Python or PyTorch isn't there.
 */
export async function startPeer(
  { task, form, case: name, batch, threads, images, strengths }: PeerWorkload,
  python: string,
): Promise<{ process: StopwatchProcess; ready: Ready }> {
  const { variant, spec } = networkCase(name);
  const network = {
    architecture: variant.architecture,
    ...variant.options,
    image: [spec.height, spec.width, spec.channels],
    classes: spec.classes.length,
  };
  const options = { task, network: JSON.stringify(network), form, batch, threads, images, strengths };
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const fix = 'run `pip install torch`, and name its interpreter: --python <path>';
  const started = await StopwatchProcess.start(`PyTorch (${form})`, [python, script(), ...args]).catch(
    (error: unknown) => {
      if (!(error instanceof WeightmapError)) throw error;
      throw new WeightmapError(`PyTorch can't be measured with ${python}.`, {
        where: error.details.where,
        fix,
      });
    },
  );
  const { missing } = started.ready;
  if (missing !== undefined) {
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
