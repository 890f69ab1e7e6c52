import { kubernetes } from './kubernetes.js';
import type { Launcher } from './launcher.js';
import { local } from './local.js';
import { slurm } from './slurm.js';

export const launchers = { local, slurm, kubernetes } as const satisfies Record<string, Launcher>;
export type LauncherName = keyof typeof launchers;
export const launcherNames = Object.keys(launchers) as LauncherName[];
