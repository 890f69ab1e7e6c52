import { sep } from 'node:path';

/** Whether a path lies under a folder; both real paths. */
export const isInside = (folder: string, path: string): boolean => path.startsWith(folder + sep);
