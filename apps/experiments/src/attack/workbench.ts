import * as tf from '@tensorflow/tfjs';
import { maskingReport } from '@weightmap/attacks';
import {
  balancedSubset,
  firstOf,
  tensorsOf,
  type Attack,
  type Dataset,
  type ImageSet,
} from '@weightmap/core';
import { confine } from '@weightmap/core/files';
import { passesOnce, robustnessCurve } from '@weightmap/metrics';
import { cellPaths, type Manifest } from '@weightmap/records';
import { loadCellData } from '../cells/load-cell-data.js';
import { attackFactories, findVariant } from '../plugins/components.js';
import { withHeldOutSeeds } from './held-out-seeds.js';
import { attackImages, BATCH, cleanFlags, openNetwork } from './network.js';
import { attackedPoints, cacheOf } from './part-results.js';
import type { AttackPart } from './parts.js';
import { digestOfPictures, drawAttacked, strongestAt, type StoredPictures } from './pictures.js';
import type { AttackPlan } from './plan.js';
import { cleanScores, scorer, suspicionOf, type Score } from './rejection.js';
import { madeAgainst } from './static-attack.js';
import { imagesFor, networkKey, type Target } from './targets.js';
import { transferImages } from './transfer.js';
import type { StoredMasking } from './summary.js';

export interface WorkbenchOptions {
  readonly run: string;
  readonly plan: AttackPlan;
  readonly manifest: Manifest;
  /** Called before each pass of so many images through a network. It may throw to stop the part. */
  readonly onPass: (images: number) => void;
}

/** Does parts in one process: datasets, networks and attacks stay loaded from one part to the next. */
export interface Workbench {
  /** Does a part and stores its result. @throws the signal's reason when it is aborted. */
  doPart: (part: AttackPart, signal: AbortSignal) => Promise<void>;
  dispose: () => void;
}

interface Network extends Awaited<ReturnType<typeof openNetwork>> {
  /** How suspicious it finds images; null if it never abstains. */
  readonly suspicion: ReturnType<typeof suspicionOf>;
  /** Scores attacked images; undefined if it never abstains. */
  readonly score: Score | undefined;
}

/** The most networks that stay open. */
const MOST_OPEN = 4;

export function openWorkbench({ run, plan, manifest, onPass }: WorkbenchOptions): Workbench {
  const factories = attackFactories();
  const attacks = new Map<string, Attack>();
  const attackOf = (id: string): Attack => {
    const attack = attacks.get(id) ?? factories[id]();
    attacks.set(id, attack);
    return attack;
  };
  const datasets = new Map<string, Dataset>();
  const subsets = new Map<string, ImageSet>();
  const networks = new Map<string, Network>();

  async function dataOf(target: Target): Promise<{ dataset: Dataset; set: ImageSet }> {
    const { id } = target.cell.dataset;
    const dataset = datasets.get(id) ?? (await loadCellData(target.cell, manifest));
    datasets.set(id, dataset);
    const set =
      subsets.get(id) ?? balancedSubset(dataset.test, imagesFor(plan, target), { seed: plan.subset.seed });
    subsets.set(id, set);
    return { dataset, set };
  }

  /** Opens networks, and closes others if too many are open. */
  async function open(targets: readonly Target[]): Promise<Network[]> {
    const wanted = new Set(targets.map(networkKey));
    for (const [key, network] of networks)
      if (networks.size + wanted.size > MOST_OPEN && !wanted.has(key)) {
        network.dispose();
        networks.delete(key);
      }
    for (const target of targets)
      if (!networks.has(networkKey(target))) {
        const { cell } = target;
        const weights = confine(run, cellPaths(run, cell).weights);
        const network = await openNetwork(weights, cell.defense, async () => (await dataOf(target)).dataset);
        const { classifier: own, unaware: seen } = network;
        const classifier = { ...own, ...watched(own, onPass) };
        const unaware = seen === own ? classifier : { ...seen, ...watched(seen, onPass) };
        const suspicion = suspicionOf(classifier, network.rejection);
        networks.set(networkKey(target), {
          ...{ ...network, classifier, unaware, suspicion },
          score: suspicion ? scorer(classifier, suspicion) : undefined,
        });
      }
    return targets.map((target) => networks.get(networkKey(target))!);
  }

  async function doPart(part: AttackPart, signal: AbortSignal): Promise<void> {
    const { target, task, circumstances } = part;
    const cache = cacheOf(part);
    const { seed } = target.cell;
    const { dataset, set } = await dataOf(target);
    const [opened] = await open([target]);
    const { model, classifier, uncompiled, network, score } = opened;
    const store = <Key extends string | number>(
      compute: (missing: readonly Key[]) => Promise<readonly unknown[]>,
    ) => cache.entries('result', circumstances, part.keys as readonly Key[], compute);
    switch (task.kind) {
      case 'clean':
        await store(() => Promise.resolve([cleanFlags(classifier, set)]));
        break;
      case 'attack': {
        const held = withHeldOutSeeds(attackOf(task.attack.id), dataset, seed);
        try {
          await store<number>((missing) =>
            attackImages(classifier, set, held.attack, missing, {
              from: task.from,
              to: task.to,
              seed,
              signal,
              score,
              async kept(key, compute) {
                const [value] = await cache.entries('turns', circumstances, [key], () =>
                  Promise.resolve([compute()]),
                );
                return value;
              },
            }),
          );
        } finally {
          held.dispose();
        }
        await cache.forget('turns');
        break;
      }
      case 'static': {
        const attack = madeAgainst(opened.unaware, attackOf(task.id));
        await store<number>((missing) =>
          attackImages(classifier, set, attack, missing, {
            ...{ from: task.from, to: task.to },
            seed,
            signal,
            score,
          }),
        );
        break;
      }
      case 'rejection': {
        const { validation } = dataset;
        const { suspicion } = opened;
        await store(() =>
          Promise.resolve([
            suspicion && score && cleanScores(classifier, suspicion, { validation, test: set, score }),
          ]),
        );
        break;
      }
      case 'masking': {
        const all = await open([target, ...task.surrogates]);
        await store<number>(() =>
          Promise.resolve([
            lookForMasking(all, firstOf(set, plan.masking!.images), task.epsilon, { seed, signal }),
          ]),
        );
        break;
      }
      case 'pictures': {
        const attack = await strongest(part, task);
        const { folder } = cellPaths(run, target.cell);
        const { gradCamLayer: layer } = findVariant(target.cell.variant);
        // Grad-CAM explains the classes of the data, by what goes through the layer.
        const attacked = classifier.classes === network.classes ? classifier : network;
        const isExplained = attacked === classifier && passesOnce(model, layer, uncompiled);
        const { attack: label, looks } = await drawAttacked(model, attacked, dataset, attack, task.epsilon, {
          folder,
          layer,
          explained: isExplained ? classifier : network,
          seed,
          cache,
          circumstances,
          signal,
        });
        // A stored result may describe pictures that were lost since.
        await cache.forget('result');
        const sha256 = await digestOfPictures(folder, looks);
        await store(() => Promise.resolve([{ attack: label, looks, sha256 } satisfies StoredPictures]));
        break;
      }
      case 'corruption':
        await store<number>(async (severities) => {
          const curve = await robustnessCurve(classifier, set, attackOf(task.id), severities, {
            seed,
            batchSize: BATCH,
          });
          return curve.map(({ errorPercent }) => errorPercent);
        });
        break;
      case 'transfer': {
        const [source, ...others] = (await open([target, ...task.others])).map(
          (network) => network.classifier,
        );
        await store<number>((missing) =>
          transferImages(source, others, set, missing, { from: task.from, to: task.to, seed, signal }),
        );
      }
    }
  }

  async function strongest(
    { after }: AttackPart,
    { epsilon, attacks: bounded }: { epsilon: number; attacks: readonly { id: string }[] },
  ): Promise<Attack> {
    const attacked = await attackedPoints(after);
    return strongestAt(
      epsilon,
      bounded.map(({ id }) => attackOf(id)),
      attacked,
    )!;
  }

  return {
    doPart,
    dispose() {
      for (const network of networks.values()) network.dispose();
      networks.clear();
    },
  };
}

/** Calls `onPass` before each pass of images through a classifier, compiled or not. */
export function watched(
  classifier: Network['classifier'],
  onPass: (images: number) => void,
): Pick<Network['classifier'], 'logits' | 'compile'> {
  return {
    logits(images) {
      onPass(images.shape[0]);
      return classifier.logits(images);
    },
    compile(step) {
      const run = classifier.compile(step);
      return (inputs) => {
        const sizes = Object.values(inputs).map(({ shape }) => (shape.length === 4 ? shape[0] : 0));
        // A compiled step has a gradient, which costs about two more passes.
        onPass(3 * Math.max(...sizes));
        return run(inputs);
      };
    },
  };
}

function lookForMasking(
  [{ classifier }, ...others]: readonly Network[],
  set: ImageSet,
  epsilon: number,
  { seed, signal }: { seed: number; signal: AbortSignal },
): StoredMasking {
  const { images, labels } = tensorsOf(set);
  try {
    const report = maskingReport(classifier, images, labels, {
      epsilon,
      seed,
      surrogates: others.map((other) => other.classifier),
      onProgress: () => signal.throwIfAborted(),
    });
    return { ...report, believable: report.verdict === 'believable' };
  } finally {
    tf.dispose([images, labels]);
  }
}
