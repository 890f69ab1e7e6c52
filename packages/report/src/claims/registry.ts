import type { Claim } from './claim.js';
import { cleanErrorClaims, deepErrorClaim } from './clean-error.js';
import { controlClaims } from './controls.js';
import { fgsmClaims } from './fgsm.js';
import { gradCamClaim } from './grad-cam.js';
import { uniformNoiseClaims } from './uniform-noise.js';
import { varianceClaim } from './variance.js';

/** Every claim of the paper that is tested here. A claim more is a row more. */
export const claims: readonly Claim[] = [
  ...cleanErrorClaims,
  ...uniformNoiseClaims,
  ...fgsmClaims,
  gradCamClaim,
  deepErrorClaim,
  varianceClaim,
  ...controlClaims,
];
