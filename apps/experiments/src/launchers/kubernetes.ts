import { WeightmapError } from '@weightmap/core';
import { stringify } from 'yaml';
import { EXIT } from '../terminal/exit-codes.js';
import type { Launcher, Work } from './launcher.js';

/** Where a pod mounts the volume with the run's folder. */
const MOUNT = '/run-folder';

/**
 * Prints the manifest of an Indexed Job for `kubectl apply -f -`: one pod for each cell, or for each worker of a campaign.
 *
 * A pod whose worker stopped with a checkpoint (exit code 75), or whose node was lost, is restarted and that doesn't count as
 * a failure. A pod that failed (exit code 1) ends its cell.
 */
export const kubernetes: Launcher = {
  description: 'prints the manifest of an Indexed Job for `kubectl apply -f -`',
  launch({ command, items }, { workers, threads, image, claim }) {
    if (image === undefined || claim === undefined)
      throw new WeightmapError('A Kubernetes job needs an image and a volume claim.', {
        expected:
          '--image <image with the weightmap command> --claim <claim of the volume with the run folder>',
      });
    const completions = Math.max(0, ...items.map(({ index }) => index + 1));
    process.stdout.write(stringify(indexedJob({ command, completions, workers, threads, image, claim })));
    return Promise.resolve({ finished: false, failures: [] });
  },
};

interface JobOptions {
  readonly command: Work['command'];
  /** Cells, with finished ones: their pods end at once. */
  readonly completions: number;
  readonly workers?: number;
  readonly threads: number;
  readonly image: string;
  readonly claim: string;
}

/** The manifest as an object. Its fields are those of the Job API (batch/v1). */
export function indexedJob({ command, completions, workers, threads, image, claim }: JobOptions) {
  const { failed, 'stopped, continue with the same command': stopped } = EXIT;
  const onExit = (action: string, code: number) => ({
    action,
    onExitCodes: { containerName: 'cell', operator: 'In', values: [code] },
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { generateName: 'weightmap-' },
    spec: {
      completionMode: 'Indexed',
      completions,
      parallelism: Math.min(workers ?? completions, completions),
      backoffLimitPerIndex: 3,
      maxFailedIndexes: completions,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          onExit('Ignore', stopped),
          onExit('FailIndex', failed),
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          // Time to write the checkpoint between SIGTERM and SIGKILL.
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'cell',
              image,
              command: ['weightmap', command, '--run', MOUNT, '--index', '$(JOB_COMPLETION_INDEX)'],
              args: ['--threads', String(threads)],
              resources: { requests: { cpu: String(threads), memory: '2Gi' } },
              volumeMounts: [{ name: 'run', mountPath: MOUNT }],
            },
          ],
          volumes: [{ name: 'run', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}
