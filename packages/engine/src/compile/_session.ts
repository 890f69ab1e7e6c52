import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { messageOf, WeightmapError } from '@weightmap/core';
import type { NativeBackend } from '../tensorflow/backend.js';
import type { Binding, Handle } from '../tensorflow/binding.js';
import * as graph from '../tensorflow/graph.js';
import { Slot } from './_slot.js';

/** The part of a captured step that a session is made of. */
export interface Program {
  readonly nodes: readonly graph.NodeDef[];
  readonly used: readonly tf.Variable[];
  readonly written: readonly tf.Variable[];
  /** Nodes whose first outputs are the results. */
  readonly fetches: readonly string[];
}

/**
 * A TensorFlow session that holds the variables of one or more captured steps.
 *
 * Outside, the variables behave as if the steps ran eagerly: assigned values go into the session before the next run,
 * and values that a run changed come back when they are read.
 */
export class Session {
  private readonly binding: Binding;
  private readonly id: number;
  private readonly slots = new Map<tf.Variable, Slot>();

  constructor(
    backend: NativeBackend,
    programs: readonly Program[],
    nodeOf: (variable: tf.Variable) => string,
  ) {
    this.binding = backend.binding;
    const variables = new Set(programs.flatMap(({ used }) => used));
    const pull = () => this.pull();
    for (const variable of variables)
      this.slots.set(variable, new Slot(backend, variable, nodeOf(variable), pull));
    const slots = [...this.slots.values()];
    const pushed = graph.node('pushed', 'Identity', ['nothing', ...slots.map(({ node }) => `^${node}/set`)], {
      T: graph.typeAttribute(graph.DataType.float32),
    });
    this.id = load(this.binding, [
      graph.constant('nothing', [], graph.DataType.float32, Float32Array.of(0)),
      ...slots.flatMap((slot) => slot.nodes()),
      pushed,
      ...programs.flatMap(({ nodes }) => nodes),
    ]);
  }

  /** @param feeds the values of placeholders. */
  run({ used, written, fetches }: Program, feeds: readonly { node: string; id: number }[]): Handle[] {
    this.push(used);
    const writing = written.map((variable) => this.slots.get(variable)!);
    for (const slot of writing) slot.beforeWrite();
    let handles: Handle[];
    try {
      handles = this.execute(feeds, fetches);
    } catch (error) {
      throw new WeightmapError(`TensorFlow could not run the compiled step: ${messageOf(error)}`, {
        fix: 'check the inputs for values that an operation refuses, such as a label outside the classes, and the free memory',
      });
    }
    for (const slot of writing) slot.afterWrite();
    return handles;
  }

  /** Frees the session; the variables keep their values. */
  dispose(): void {
    this.pull();
    this.binding.deleteSavedModel(this.id);
  }

  /** Copies variables that were assigned outside into the session. */
  private push(used: readonly tf.Variable[]): void {
    const changed = used.map((variable) => this.slots.get(variable)!).filter((slot) => slot.changedOutside());
    if (changed.length === 0) return;
    // TensorFlow prepares every combination of inputs and outputs once more, so use few: all at once, or one by one.
    const batches = changed.length === this.slots.size ? [changed] : changed.map((slot) => [slot]);
    for (const batch of batches) {
      const done = batches.length === 1 && batch.length > 1 ? 'pushed' : `${batch[0].node}/pushed`;
      const feeds = batch.map((slot) => ({ node: `${slot.node}/feed`, id: slot.outside() }));
      for (const { id } of this.execute(feeds, [done])) this.binding.deleteTensor(id);
      for (const slot of batch) slot.pushed();
    }
  }

  /** Copies what runs have changed back to the variables. */
  private pull(): void {
    const newer = [...this.slots.values()].filter((slot) => slot.isNewer);
    if (newer.length === 0) return;
    const handles = this.execute(
      [],
      newer.map(({ node }) => `${node}/read`),
    );
    newer.forEach((slot, i) => slot.pulled(handles[i].id));
  }

  private execute(feeds: readonly { node: string; id: number }[], fetches: readonly string[]): Handle[] {
    const names = (nodes: readonly string[]) => nodes.map((node) => `${node}:0`).join();
    const ids = feeds.map(({ id }) => id);
    return this.binding.runSavedModel(this.id, ids, names(feeds.map(({ node }) => node)), names(fetches));
  }
}

/** Loads a graph. The addon reads graphs from a folder only; a temporary one is written and removed. */
function load(binding: Binding, nodes: graph.NodeDef[]): number {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `weightmap-graph-${process.pid}-`));
  try {
    fs.writeFileSync(path.join(folder, 'saved_model.pb'), graph.savedModel(nodes));
    return binding.loadSavedModel(folder, graph.TAG);
  } catch (error) {
    throw new WeightmapError(`TensorFlow refuses the graph of the compiled step: ${messageOf(error)}`, {
      fix: 'run this step without compile',
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
