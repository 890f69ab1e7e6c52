import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** What publint says of a packed package, a line each; nothing if all is well. */
export async function publintSays({ tarball }) {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  return messages.map((message) => `${message.type}: ${formatMessage(message, pkg, { color: false })}`);
}

/** What "are the types wrong" finds in a packed package, for Node's two module systems and for bundlers. */
export async function wrongTypes({ tarball }) {
  const result = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
  if (!result.types) return ['no types'];
  // Node 10's resolution knows no `exports`: no supported Node and no supported TypeScript setting uses it.
  return result.problems
    .filter((problem) => problem.resolutionKind !== 'node10')
    .map(({ kind, entrypoint = '', resolutionKind = '' }) =>
      `${kind} ${entrypoint} ${resolutionKind}`.trim(),
    );
}
