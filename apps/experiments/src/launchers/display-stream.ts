import type { LauncherName } from './index.js';

/** Where a command that starts workers writes for people: standard error if its standard output is for another program. */
export const displayStream = (launcher: LauncherName, json = false): NodeJS.WriteStream =>
  json || launcher === 'kubernetes' ? process.stderr : process.stdout;
