import { describe, expect, it } from 'vitest';
import { indexedJob } from '../src/launchers/kubernetes.js';

const job = indexedJob({
  command: 'cell',
  completions: 93,
  workers: 8,
  threads: 2,
  image: 'lab/weightmap:1',
  claim: 'runs',
});

describe('the Kubernetes job', () => {
  it('gives every pod the cell of its index', () => {
    expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 93, parallelism: 8 });
    const [{ command, args, volumeMounts }] = job.spec.template.spec.containers;
    expect(command.slice(-2)).toEqual(['--index', '$(JOB_COMPLETION_INDEX)']);
    expect(args).toEqual(['--threads', '2']);
    expect(command[command.indexOf('--run') + 1]).toBe(volumeMounts[0].mountPath);
    expect(job.spec.template.spec.volumes[0].persistentVolumeClaim.claimName).toBe('runs');
  });

  it('restarts a pod that stopped with a checkpoint or lost its node, not one that failed permanently', () => {
    // A pod failure policy is only allowed with this restart policy.
    expect(job.spec.template.spec.restartPolicy).toBe('Never');
    const [disruption, stopped, failed] = job.spec.podFailurePolicy.rules;
    expect(disruption).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] });
    expect(stopped).toMatchObject({ action: 'Ignore', onExitCodes: { values: [75] } });
    expect(failed).toMatchObject({ action: 'FailIndex', onExitCodes: { values: [1] } });
    expect(job.spec.maxFailedIndexes).toBe(93);
  });
});
