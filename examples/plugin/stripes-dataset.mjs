import { createHash } from 'node:crypto';
import { judged } from '@weightmap/attacks';
import { definePlugin, imageSet, randomStream, splitOff } from '@weightmap/core';

/** Shape and classes of the images: upright, level and slanting stripes. */
const spec = { height: 16, width: 16, channels: 1, classes: ['upright', 'level', 'slanting'] };

/** `count` images, every three of which hold each class once: bytes of bright and dark, and noise. */
function draw(count, random) {
  const size = spec.height * spec.width;
  const pixels = new Uint8Array(count * size);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % spec.classes.length);
  labels.forEach((label, i) => {
    const shift = random.integer(8);
    for (let y = 0; y < spec.height; y++)
      for (let x = 0; x < spec.width; x++) {
        const along = [x, y, x + y][label];
        const ink = (along + shift) % 8 < 4 ? 180 : 20;
        pixels[i * size + y * spec.width + x] = ink + random.integer(60);
      }
  });
  return imageSet(spec, pixels, labels);
}

/** @type {import('@weightmap/core').DatasetLoader} */
const stripes = {
  id: 'stripes',
  label: 'drawn stripes',
  spec,
  async load({ seed, validationFraction = 0.1 }) {
    const drawn = draw(600, randomStream(seed, 'stripes', 'train'));
    const test = draw(150, randomStream(seed, 'stripes', 'test'));
    const [train, validation] = splitOff(drawn, validationFraction, randomStream(seed, 'split', 'stripes'));
    const checksum = createHash('sha256').update(drawn.pixels).update(test.pixels).digest('hex');
    const source = `drawn by stripes-dataset.mjs from seed ${seed}`;
    const notes = ['Drawn by program, not a published benchmark.'];
    return { id: 'stripes', label: 'drawn stripes', spec, train, validation, test, checksum, source, notes };
  },
  locate: async () => ({ found: 'drawn by stripes-dataset.mjs', advice: 'Nothing to do.' }),
};

/** Darkens every image by ε: x′ = clip(x − ε). A baseline that needs to know nothing of the network. */
const darken = () =>
  judged({
    id: 'darken',
    label: 'Darken',
    kind: 'noise',
    strengthUnit: 'epsilon',
    norm: 'linf',
    targeted: false,
    usesGradient: false,
    source: 'this example',
    perturb: (_victim, { images }, { strengths }) => strengths.map((epsilon) => images.sub(epsilon)),
  });

export default definePlugin({
  datasets: { stripes },
  variants: [
    {
      id: 'cnn-tiny',
      architecture: 'cnn',
      label: 'CNN of 8 channels',
      datasets: ['stripes'],
      options: { kind: 'conv', channels: [8, 8], kernelSize: 3 },
      gradCamLayer: 'conv2',
    },
  ],
  attacks: { darken },
});
