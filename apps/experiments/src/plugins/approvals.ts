import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseJson } from '@weightmap/core';
import { appendText, readIfThereSync } from '@weightmap/core/files';
import { z } from 'zod';

/** A plugin that the user has named by `--plugin`: this content, at this place. */
const approvalSchema = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), file: z.string() });
export type Approval = z.infer<typeof approvalSchema>;

/** The user's list of approved plugins, one JSON object a line: `$XDG_CONFIG_HOME/weightmap/approved-plugins.jsonl`. */
export function approvalsFile(): string {
  const given = process.env.XDG_CONFIG_HOME;
  const folder = given && path.isAbsolute(given) ? given : path.join(os.homedir(), '.config');
  return path.join(folder, 'weightmap/approved-plugins.jsonl');
}

/**
 * The plugins that the user has approved. A file that belongs to somebody else, or that others may write, counts as none.
 */
export function readApprovals(): Approval[] {
  const file = approvalsFile();
  try {
    if (process.getuid && !isPrivate(file)) return [];
    return String(readIfThereSync(file, { largest: 2 ** 24 }) ?? '')
      .split('\n')
      .flatMap((line) => approvalOf(line));
  } catch {
    return []; // missing, or not a file
  }
}

/** Keeps an approval for later commands. Where that isn't possible, such as in a container, the user names the plugin each time. */
export async function approve({ sha256, file }: Approval): Promise<void> {
  if (readApprovals().some((known) => known.sha256 === sha256 && known.file === file)) return;
  try {
    await mkdir(path.dirname(approvalsFile()), { recursive: true, mode: 0o700 });
    appendText(approvalsFile(), `${JSON.stringify({ sha256, file })}\n`, { mode: 0o600 });
  } catch {
    // A home folder that can't be written to.
  }
}

/** Whether a file is the user's own, and nobody else's to write. */
function isPrivate(file: string): boolean {
  const { uid, mode } = statSync(file);
  return uid === process.getuid!() && (mode & 0o022) === 0;
}

function approvalOf(line: string): Approval[] {
  try {
    return [approvalSchema.parse(parseJson(line))];
  } catch {
    return [];
  }
}
