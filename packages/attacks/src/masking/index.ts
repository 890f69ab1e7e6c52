export type {
  CheckedMasking,
  CheckVerdict,
  Estimate,
  Finding,
  MaskingCheck,
  MaskingInterval,
} from './check.js';
export * from './masking-report.js';
