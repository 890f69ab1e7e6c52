import { messageOf, WeightmapError } from '@weightmap/core';
import type { MissingFigure } from '@weightmap/records';

/** A disk that fails or takes nothing more: the cell is tried again later, instead of recording a figure as missing. */
const DISK = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EMFILE', 'ENFILE', 'EIO', 'ESTALE']);
/** Characters of a reason in a record. */
const LONGEST = 500;

/** Measures figures that a result doesn't depend on: one that fails is missing in the record, with its reason. */
export interface SideFigures {
  /** The figures that failed, in the order of their measurement. */
  readonly missing: readonly MissingFigure[];
  /**
   * Measures a figure.
   *
   * @param figure its key in the record, or the metric's id.
   * @param none its value in the record if it fails.
   * @throws the error of a stop, or of a disk that fails or is full.
   */
  attempt: <Value, None>(
    figure: string,
    none: None,
    measure: () => Value | Promise<Value>,
  ) => Promise<Value | None>;
}

/** Starts a list of missing figures. @param onNote is called with each failure. */
export function sideFigures({
  signal,
  onNote = () => {},
}: { signal?: AbortSignal; onNote?: (note: string) => void } = {}): SideFigures {
  const missing: MissingFigure[] = [];
  return {
    missing,
    async attempt(figure, none, measure) {
      try {
        return await measure();
      } catch (error) {
        if (signal?.aborted || isDiskProblem(error)) throw error;
        const reason =
          messageOf(error).replace(/\s+/g, ' ').trim().slice(0, LONGEST) || 'it failed without a message';
        missing.push({ figure, reason });
        onNote(
          `${figure} is missing in the record: ${error instanceof WeightmapError ? error.explain() : reason}`,
        );
        return none;
      }
    },
  };
}

function isDiskProblem(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return [code, cause?.code].some((one) => DISK.has(String(one)));
}
