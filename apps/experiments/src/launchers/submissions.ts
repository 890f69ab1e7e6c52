import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '@weightmap/core';
import { readIfThere, writeWhole } from '@weightmap/core/files';
import { z } from 'zod';
import { isAlive, processIdentitySchema } from '../leases/process-identity.js';

/** The cells of the grid, or attacks on their networks. */
const kind = z.enum(['cells', 'attacks']).default('cells');

/** It becomes a word of `scancel`'s command line: nothing that could be an option. */
const jobId = z.string().regex(/^\d+$/);

const slurmJobsSchema = z.strictObject({
  launcher: z.literal('slurm'),
  kind,
  at: z.string(),
  /** One array for each portion of the list: its task t is the cell, or the worker, with the number t + offset. */
  arrays: z.array(
    z.strictObject({
      job: jobId,
      cluster: z
        .string()
        .regex(/^\w[\w.-]*$/)
        .nullable(),
      offset: z.number(),
    }),
  ),
  /** The last job, which writes the report. */
  report: jobId.nullable(),
});
const localSchema = z.strictObject({
  launcher: z.literal('local'),
  kind,
  at: z.string(),
  process: processIdentitySchema,
});
const submissionSchema = z.discriminatedUnion('launcher', [localSchema, slurmJobsSchema]);

/** Work that a launcher has started for a run. `status` and `cancel` read it. */
export type Submission = z.infer<typeof submissionSchema>;
export type SlurmSubmission = z.infer<typeof slurmJobsSchema>;

/** Bytes of the largest submission that is read. */
const LARGEST = 16 * 2 ** 20;

const folderOf = (run: string) => path.join(run, 'submissions');

/**
 * Stores a submission, and removes those of local launchers that have ended.
 *
 * @returns a function that removes it.
 */
export async function writeSubmission(run: string, submission: Submission): Promise<() => Promise<void>> {
  const name = `${submission.at.replace(/[^\d]/g, '')}-${submission.launcher}-${process.pid}.json`;
  const file = path.join(folderOf(run), name);
  for (const [other, known] of await entriesOf(run))
    if (known.launcher === 'local' && isAlive(known.process) === false)
      await rm(path.join(folderOf(run), other), { force: true });
  await writeWhole(file, `${JSON.stringify(submission, null, 2)}\n`, { within: run });
  return () => rm(file, { force: true });
}

/** All submissions of a run, the oldest first. Other files are ignored. */
export async function readSubmissions(run: string): Promise<Submission[]> {
  return (await entriesOf(run)).map(([, submission]) => submission);
}

async function entriesOf(run: string): Promise<[name: string, submission: Submission][]> {
  const names = await readdir(folderOf(run)).catch(() => []);
  const found: [string, Submission][] = [];
  for (const name of names.filter((name) => name.endsWith('.json')).sort()) {
    try {
      const text = String(
        await readIfThere(path.join(folderOf(run), name), { within: run, largest: LARGEST }),
      );
      found.push([name, submissionSchema.parse(parseJson(text))]);
    } catch {
      // Not a submission.
    }
  }
  return found;
}
