export type { Architecture, BuildOptions } from '@weightmap/core';
