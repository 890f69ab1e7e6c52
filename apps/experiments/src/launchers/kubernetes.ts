import { WeightmapError } from '@weightmap/core';
import { stringify } from 'yaml';
import { EXIT } from '../terminal/exit-codes.js';
import type { Launcher, Work } from './launcher.js';

/** Where the volume with the run's folder is mounted in a pod. */
const MOUNT = '/run-folder';

/**
 * Prints the manifest of an Indexed Job, one pod a cell or a worker that attacks, for `kubectl apply -f -`.
 *
 * A pod whose worker stopped with a checkpoint (exit code 75) is begun again and doesn't count; one that failed for good ends
 * its cell; one whose node was lost is begun again.
 */
export const kubernetes: Launcher = {
  description: 'prints the manifest of an Indexed Job for `kubectl apply -f -`',
  launch({ command, items }, { workers, threads, image, claim }) {
    if (image === undefined || claim === undefined)
      throw new WeightmapError('A Kubernetes job needs an image and a volume claim.', {
        expected:
          '--image <image with the weightmap command> --claim <claim of the volume that the run folder is on>',
      });
    const completions = Math.max(0, ...items.map(({ index }) => index + 1));
    process.stdout.write(stringify(indexedJob({ command, completions, workers, threads, image, claim })));
    return Promise.resolve({ finished: false, failures: [] });
  },
};

interface JobOptions {
  readonly command: Work['command'];
  /** Cells, finished ones included: their pods end at once. */
  readonly completions: number;
  readonly workers?: number;
  readonly threads: number;
  readonly image: string;
  readonly claim: string;
}

/** The manifest as an object; field names are those of the Job API (batch/v1). */
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
          // Time for the checkpoint between SIGTERM and SIGKILL.
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
