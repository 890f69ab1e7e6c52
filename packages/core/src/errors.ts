/** What an error says to the person who meets it: what was wrong, where, what was expected, what to do. */
export interface ErrorDetails {
  /** The file, option, step or value in question. */
  where?: string;
  /** What would have been right. */
  expected?: string;
  /** What to do about it. */
  fix?: string;
}

/** Characters of a message and of each of its details. Names and values out of a damaged file can have millions. */
const LONGEST = 900;

function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST - 200)} … (${text.length} characters) … ${text.slice(-150)}`;
}

/**
 * An error that a user can act on: shown in a few lines and without a stack trace.
 *
 * Anything thrown that is not a `WeightmapError` is a defect of ours.
 */
export class WeightmapError extends Error {
  /** Also that of `NotFoundError`: tell them apart by `instanceof`. */
  override readonly name = 'WeightmapError';
  /** Where, what was expected, what to do; `explain` puts them into lines. */
  readonly details: ErrorDetails;

  constructor(what: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(shortened(what), options);
    this.details = Object.fromEntries(
      Object.entries(details as Record<string, string | undefined>).map(([key, text]) => [
        key,
        text && shortened(text),
      ]),
    );
  }

  /** The message and its details, one a line. */
  explain(): string {
    const { where, expected, fix } = this.details;
    return [
      this.message,
      where && `  where:    ${where}`,
      expected && `  expected: ${expected}`,
      fix && `  do:       ${fix}`,
    ]
      .filter(Boolean)
      .join('\n');
  }
}

/** Something that a user has to provide is not found to be found: not damaged, not wrong, just not there. */
export class NotFoundError extends WeightmapError {}

/**
 * What the caller asked for can't be had as asked: an unknown name, an option without effect. The command ends with the exit code of
 * wrong usage.
 */
export class UsageError extends WeightmapError {}

/** The text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
