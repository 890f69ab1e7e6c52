export type { CheckedMasking, Finding, MaskingCheck, MaskingVerdict } from './check.js';
export * from './masking-report.js';
