import type { StrengthScale } from '../strength-scale.js';

/** Such as `ε = 0.10`. */
export const formatStrength = ({ symbol, largest }: StrengthScale, strength: number): string =>
  `${symbol} = ${strength.toFixed(largest < 1 ? 3 : 2)}`;
