/** What the command's exit code means. */
export const EXIT = {
  done: 0,
  failed: 1,
  'wrong usage': 2,
  /** As sysexits' EX_TEMPFAIL: run the same command again to continue. */
  'stopped, continue with the same command': 75,
} as const;
