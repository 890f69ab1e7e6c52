import { definePlugin } from '@weightmap/core';

/**
 * The paper bounds the initial weights of a weight map by 1/√fan_in and doesn't define fan_in. `cnn-smooth-32` takes the products
 * that one output sums (`window`); these variants take the two other readings. They are no rows of the paper's tables.
 */
const readings = {
  channels: 'input channels: the products of one pixel',
  map: 'the whole input',
};

export default definePlugin({
  variants: Object.entries(readings).map(([fanIn, meaning]) => ({
    id: `cnn-smooth-32-fan-in-${fanIn}`,
    architecture: 'cnn',
    label: `Smooth WM 32 channels - fan-in: ${meaning}`,
    datasets: ['mnist'],
    options: { kind: 'smoothing', channels: [32, 32, 8], kernelSize: 3, fanIn },
    gradCamLayer: 'smoothing3',
  })),
});
