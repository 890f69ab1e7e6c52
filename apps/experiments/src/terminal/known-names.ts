import { allVariants, attackFactories, datasetLoaders } from '../plugins/components.js';
import { useApproved } from '../plugins/stored-plugins.js';

/**
 * The values to complete, by the long name of their option. Loading them takes a second, so only completion imports this file.
 *
 * @param words the command line: components of the plugins that it names are completed too, if they were approved before: a key that completes
 * a word must not run code that the user hasn't chosen yet.
 */
export async function knownNames(
  words: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const plugins = words.filter((_, i) => words[i - 1] === '--plugin');
  await useApproved(plugins).catch(() => {}); // a plugin that is still being typed
  return {
    select: allVariants().map(({ id }) => id),
    dataset: Object.keys(datasetLoaders()),
    attacks: Object.keys(attackFactories()),
  };
}
