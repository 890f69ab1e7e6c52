/** The exit codes of the command, by their meaning. */
export const EXIT = {
  done: 0,
  failed: 1,
  'wrong usage': 2,
  /** EX_TEMPFAIL of sysexits: run the same command again to continue. */
  'stopped, continue with the same command': 75,
} as const;
