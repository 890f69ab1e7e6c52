import type { Objective } from '@weightmap/core';

/** The cross-entropy of the images that an objective's `prepare` made, `moved`. */
export const lossOfMoved: Objective['loss'] = (net, { labels }, { moved }) =>
  net.crossEntropy(net.logits(moved as Parameters<typeof net.logits>[0]), labels);
