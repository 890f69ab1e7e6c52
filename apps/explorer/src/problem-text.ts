/** The text of anything thrown. The one in core would bring tfjs into the page, which only the worker needs. */
export const problemText = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
