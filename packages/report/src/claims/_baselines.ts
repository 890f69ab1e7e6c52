/** Weight map CNNs, each with the convolutional one that differs from it in the layer's kind alone. */
export const cnnPairs = [
  ['cnn-smooth-32', 'cnn-33'],
  ['cnn-smooth-32-batchnorm', 'cnn-33-batchnorm'],
  ['cnn-smooth-32-k9', 'cnn-33-k9'],
  ['cnn-unsharp-32', 'cnn-33'],
] as const;

const kinds = ['smoothing', 'unsharp', 'alternating-smoothing', 'alternating-unsharp'] as const;

/** Weight map networks of a deep architecture beside its convolutional one, as MNIST has them. */
export const deepPairs = (architecture: 'resnet' | 'densenet') =>
  kinds.map((kind) => [`${architecture}-${kind}`, `${architecture}-conv`] as const);

/** Those that the paper has on CIFAR-10 and iWildCam. */
export const alternatingPairs = (architecture: 'resnet' | 'densenet') =>
  deepPairs(architecture).filter(([variant]) => variant.includes('alternating'));
