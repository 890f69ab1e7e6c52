import type * as tf from '@tensorflow/tfjs';
import { randomStream, type Defense } from '@weightmap/core';
import { z } from 'zod';
import { inserted } from './_insertion.js';
import { optionsOf } from './_options.js';
import { StatisticalFilter } from './statistical-filter.js';

const id = 'hypernetwork';

/** Options of hypernetworks with statistical filtering. */
export interface HypernetworkOptions {
  /** Hidden units of each network that makes the scales of a layer; 0 for none. */
  readonly units: number;
}

const schema = z.strictObject({ units: z.number().int().min(0).max(4096).default(16) });

/** The layers of maps whose weights are filtered. */
const FILTERED = ['Conv2D', 'SmoothingWeightMap', 'UnsharpWeightMap'];

/**
 * Hypernetworks with statistical filtering: each convolution's weights depend on the image, by the means and deviations of the
 * maps that the layer gets,
 *
 *     w'_c = (1 + g_c(s)) · w_c for each channel c of the input,   s = (mean, std) of its maps,   g: one hidden layer of 16 units (‡)
 *
 * Trained end to end. A scale for each channel of the input is a scale of that channel, so it is inserted as a layer
 * (`StatisticalFilter`, named `filter1`, `filter2`, …) before every convolution and every weight map layer; the article's sizes and its filter's exact
 * form are unverified.
 *
 * Source: Sun, Ozay & Okatani, “HyperNetworks with statistical filtering for defending adversarial examples”, arXiv:1711.01791,
 * after Ha, Dai & Le, “HyperNetworks”, arXiv:1609.09106. Published for Gaussian noise, FGSM and a black-box attack; its numbers are
 * unverified.
 *
 * Known break: none published. It is deterministic and differentiable, so attacks follow it as any network: PGD, AutoAttack.
 */
export const hypernetwork: Defense<HypernetworkOptions> = {
  id,
  label: 'Hypernetworks with statistical filtering',
  source: 'Sun et al., arXiv:1711.01791',
  kinds: ['architecture'],
  optimisesAtTest: false,
  isRandom: false,
  strength: 'units',
  ...optionsOf<HypernetworkOptions>(id, schema),
  gradients: () => 1,
  build(plain, { options: { units }, seed }) {
    if (units === 0) return plain();
    let count = 0;
    return inserted(plain(), (input, layer) => {
      if (!FILTERED.includes(layer.getClassName())) return input;
      const name = `filter${++count}`;
      const own = randomStream(seed, 'init', name).seed();
      return new StatisticalFilter({ name, units, seed: own }).apply(input) as tf.SymbolicTensor;
    });
  },
  adaptive: [
    { attack: 'pgd', why: 'its scales are differentiable: the gradient follows them' },
    { attack: 'auto-attack', why: 'as for every defence that claims robustness' },
  ],
};
