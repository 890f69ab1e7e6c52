import { readIfThere } from '@weightmap/core/files';

/** The id of the cell that a folder's work belongs to, or null. */
export async function storedIdentity(file: string): Promise<string | null> {
  try {
    const { cellId } = JSON.parse(String(await readIfThere(file))) as { cellId?: unknown };
    return typeof cellId === 'string' ? cellId : null;
  } catch {
    return null; // missing or damaged: a checkpoint holds its own identity
  }
}
