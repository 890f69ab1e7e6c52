import { createHash } from 'node:crypto';
import path from 'node:path';
import { WeightmapError } from '@weightmap/core';
import { stringify } from 'yaml';
import { EXIT } from '../terminal/exit-codes.js';
import type { Launcher, Work } from './launcher.js';
import { writeTo } from '../terminal/output.js';

/** Where a pod mounts the volume with the run's folder. */
const MOUNT = '/run-folder';

/** `[registry[:port]/]path[:tag][@digest]`. */
const IMAGE =
  /^(?:[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d+)?\/)?[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*(?:\/[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*)*(?::\w[\w.-]{0,127})?(?:@[a-z\d.+_-]+:[a-f\d]{32,})?$/;

/** DNS-1123 names, joined by dots. */
const CLAIM = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/;

/**
 * Prints the manifest of an Indexed Job for `kubectl apply -f -`: one pod for each cell, or for each worker of a campaign. Nothing
 * else goes to standard output.
 *
 * A pod whose worker stopped with a checkpoint (exit code 75), or whose node was lost, is restarted and that doesn't count as
 * a failure. A pod that failed (exit code 1) ends its cell.
 */
export const kubernetes: Launcher = {
  description: 'prints the manifest of an Indexed Job for `kubectl apply -f -`',
  uses: ['image', 'claim'],
  check: checkedPod,
  launch({ kind, command, items }, { run, workers, threads, plugins, image, claim, display }) {
    if (items.length === 0) return Promise.resolve({ finished: true, failures: [] });
    const pod = checkedPod({ image, claim });
    const name = jobName(run, kind);
    const completions = Math.max(...items.map(({ index }) => index + 1));
    const job = indexedJob({ name, command, completions, workers, threads, plugins, ...pod });
    // Kubernetes reads YAML 1.1, where an unquoted yes or 1:30 is no text.
    writeTo(process.stdout, stringify(job, { version: '1.1', lineWidth: 0 }));
    display.line(
      `manifest of the job ${name}; after it has ended, \`kubectl delete job ${name}\` before the same is applied again`,
    );
    return Promise.resolve({ finished: false, failures: [] });
  },
};

type Pod = Pick<JobOptions, 'image' | 'claim'>;

function checkedPod({ image, claim }: Partial<Pod>): Pod {
  if (image === undefined || claim === undefined)
    throw new WeightmapError('A Kubernetes job needs an image and a volume claim.', {
      expected:
        '--image <image with the weightmap command> --claim <claim of the volume with the run folder>',
    });
  if (!IMAGE.test(image) || image.length > 1024)
    throw new WeightmapError(`${JSON.stringify(image)} is not the name of an image.`, {
      where: '--image',
      expected: 'a name in lower case with a tag or a digest, such as registry.example.org/weightmap:1',
    });
  if (!CLAIM.test(claim) || claim.length > 253)
    throw new WeightmapError(`${JSON.stringify(claim)} is not the name of a volume claim.`, {
      where: '--claim',
      expected: 'at most 253 lower-case letters, digits, dashes and dots, such as shared-runs',
    });
  return { image, claim };
}

/**
 * The job's name, a DNS-1123 label: always the same for a run's folder and kind of work, so that `kubectl apply` knows the job again. It is
 * short enough for the names of its pods, which end in `-<index>-<five letters>`.
 */
export function jobName(run: string, kind: Work['kind']): string {
  const words = path
    .basename(run)
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .slice(0, 24)
    .replace(/^-+|-+$/g, '');
  const digest = createHash('sha256').update(path.resolve(run)).digest('hex').slice(0, 8);
  return [`weightmap-${kind}`, words, digest].filter(Boolean).join('-');
}

interface JobOptions {
  readonly name: string;
  readonly command: Work['command'];
  /** Cells, with finished ones: their pods end at once. */
  readonly completions: number;
  readonly workers?: number;
  readonly threads: number;
  readonly plugins?: readonly string[];
  readonly image: string;
  readonly claim: string;
}

/** The manifest as an object. Its fields are those of the Job API (batch/v1). */
export function indexedJob({
  name,
  command,
  completions,
  workers,
  threads,
  plugins = [],
  image,
  claim,
}: JobOptions) {
  const { failed, 'stopped, continue with the same command': stopped } = EXIT;
  const onExit = (action: string, code: number) => ({
    action,
    onExitCodes: { containerName: 'cell', operator: 'In', values: [code] },
  });
  return {
    apiVersion: 'batch/v1' as const,
    kind: 'Job' as const,
    metadata: { name },
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
              args: ['--threads', String(threads), ...plugins],
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
