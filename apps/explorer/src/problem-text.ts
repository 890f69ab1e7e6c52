/** The text of anything thrown. That of core would bring tfjs into the page; only the worker needs it. */
export const problemText = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
