/** Quotes a word for a POSIX shell if necessary. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** This process's command with all of its options, ready for a shell: a report names it as the one that made it. */
export const commandLine = (words: readonly string[] = process.argv.slice(2)): string =>
  ['weightmap', ...words].map(shellWord).join(' ');
