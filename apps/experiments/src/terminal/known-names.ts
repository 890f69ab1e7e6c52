import { attacks } from '@weightmap/attacks';
import { datasets } from '@weightmap/datasets';
import { allVariants } from '../plugins/components.js';

/** What may stand behind an option, by the option's long name. */
export const knownNames = (): Readonly<Record<string, readonly string[]>> => ({
  select: allVariants().map(({ id }) => id),
  dataset: Object.keys(datasets),
  attacks: Object.keys(attacks),
});
