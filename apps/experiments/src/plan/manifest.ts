import { removeLeftovers } from '@weightmap/core/files';
import { mergeManifest, type Manifest, type ManifestDraft } from '@weightmap/records';
import { waitForLease } from '../leases/lease.js';

/** Adds cells to the run's list of cells (`mergeManifest`), one process at a time. */
export async function writeManifest(run: string, manifest: ManifestDraft): Promise<Manifest> {
  const lease = await waitForLease(run);
  try {
    await removeLeftovers(run);
    return await mergeManifest(run, manifest);
  } finally {
    await lease.release();
  }
}
