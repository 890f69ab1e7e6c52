const LIBRARY = { foolbox: 'Foolbox', torchattacks: 'torchattacks', art: 'ART' };
const MOST_GAP = 1;
const MOST_OFF = 0.03;
const AIM = 0.8;

/** The document's text. */
export function report({
  exact,
  statistical,
  speed,
  engine,
  threads,
  fixtures,
  hello,
  TOLERANCE,
  FLAT,
  ROUNDING,
}) {
  const compared = (rows) => rows.filter(({ missing }) => !missing);
  const missing = [
    ...exact,
    ...statistical,
    { ...speed, label: 'speed', peer: 'foolbox.LinfPGD', network: 'cnn-33' },
  ];
  const left = missing
    .filter((row) => row.missing)
    .map((row) => `- ${nameOf(row)}, ${row.network}: ${row.missing}`);
  const versions = {
    ...hello.versions,
    'TensorFlow.js': engine.tfjs,
    TensorFlow: engine.tensorflow ?? 'none',
  };
  const count = fixtures.cnn.labels.size;
  return `# Attacks against those of other libraries

Written by

\`\`\`sh
npx nx run attacks:parity
\`\`\`

which trains the networks, hands their weights and images to Python (\`packages/attacks/parity\`) and installs what that needs into
\`node_modules/.cache/weightmap-parity\`, or into the virtual environment named by \`WEIGHTMAP_PARITY_VENV\`. PyTorch's build for
processors alone is installed where pip knows an index that has it (\`PIP_EXTRA_INDEX_URL\`). It ends with an error if an attack
without random numbers differs.

${new Date().toISOString().slice(0, 10)}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(
      ', ',
    )}; engine ${engine.name}, Node ${process.versions.node}, ${process.arch}; ${threads} thread${threads > 1 ? 's' : ''} each.

Networks: \`linear\`, one dense layer, and \`cnn\`, two 3×3 convolutions of 8 channels with ReLU and a dense layer, on drawn digits of
14×14 pixels: ${count} images that the network takes for what they are. Test accuracy ${percent(fixtures.linear.accuracy)} and
${percent(fixtures.cnn.accuracy)}. The logits differ by at most ${Object.entries(hello.logits)
    .map(([name, value]) => `${small(value)} (\`${name}\`)`)
    .join(', ')}; 1e-5 is allowed.

## Without random numbers

The adversarial images, pixel by pixel; of iterated attacks the last iterate. Allowed are ${small(TOLERANCE)}.

A step by signs is for rounding to decide where a component of the gradient is below ${small(FLAT)} of the image's largest, or takes
another sign when the pixels move by ${small(ROUNDING)} (where a ReLU begins); from there on an image may go another way. Images with such a
component at any step are counted apart, as undecided; those of them that differ are stated. All others must be the same.

${table(
  [
    'attack',
    'against',
    'network',
    'ε',
    'largest difference',
    'undecided images',
    'of them differ',
    'largest of the others',
    '',
  ],
  compared(exact).map((row) => [
    row.label,
    peerOf(row),
    row.network,
    row.epsilon ?? 'nearest',
    small(row.largest),
    row.signs ? `${row.undecided} of ${row.count}` : '–',
    row.signs ? row.excused : '–',
    small(row.sure),
    row.different > 0 ? `**differs**, ${row.different} images` : 'same',
  ]),
)}

## With random numbers

Both sides' images are judged by our classifier: the share that fools, which may differ by ${MOST_GAP} point, and the mean length of those
changes in the attack's norm, which may differ by ${100 * MOST_OFF} %. Within an L∞ ball that length is close to ε whatever the attack does.
Steps and queries are the same on both sides, starts and draws are not, but for HopSkipJump and Boundary, which begin at the nearest
image of another class on both sides; Foolbox's HopSkipJump gets one image at a time, for its steps depend on the size of the
batch. Of PGD the last iterate counts, as Foolbox returns it. JSMA aims at the class after the label, on both sides by the gradient of the softmax. The slow black boxes are run on the first images alone.

${table(
  [
    'attack',
    'against',
    'network',
    'images',
    'ε',
    'ours fools',
    'theirs',
    'ours, length',
    'theirs',
    'ratio',
    '',
  ],
  compared(statistical).map((row) => [
    row.label,
    peerOf(row),
    row.network,
    row.count / (row.seeds ?? 1),
    row.epsilon ?? 'nearest',
    `${row.we.rate.toFixed(1)} %`,
    `${row.they.rate.toFixed(1)} %`,
    row.we.mean.toFixed(4),
    row.they.mean.toFixed(4),
    row.ratio.toFixed(3),
    verdict(row),
  ]),
)}

## Speed

${
  speed.missing
    ? 'Not compared.'
    : `40 steps of PGD, no random start, on 64 images of 28×28 pixels by \`cnn-33\`, every step for every image: medians of ${speed.turns} runs
that took turns with Foolbox's. Ours ${speed.we.toFixed(0)} ms, Foolbox ${speed.they.toFixed(0)} ms, a ratio of ${(speed.we / speed.they).toFixed(2)}; the aim is ${AIM}${speed.we / speed.they > AIM ? ', **missed**' : ''}.`
}

## Not compared

${left.length > 0 ? left.join('\n') : 'Of the above, nothing. No peer is compared for APGD-T, APGD in L1, R+FGSM and AutoAttack as a whole.'}
`;
}

const peerOf = ({ peer }) => {
  const [library, name] = peer.split('.');
  return `${LIBRARY[library]} \`${name}\``;
};

const nameOf = (row) => `${row.label} against ${peerOf(row)}`;

function verdict({ gap, ratio, differs, epsilon, they }) {
  if (differs) return `not comparable: ${differs}`;
  if (epsilon !== null && they.mean > epsilon * 1.001) return 'not comparable: theirs leaves the ball';
  const misses = [];
  // Rates are multiples of a tenth of a point; their difference, in binary, isn't.
  if (Math.abs(gap) > MOST_GAP + 1e-9) misses.push(`rate ${signed(gap)} points`);
  if (Math.abs(ratio - 1) > MOST_OFF) misses.push(`length ${signed(100 * (ratio - 1))} %`);
  return misses.length > 0 ? `**missed**: ${misses.join(', ')}` : 'same';
}

const signed = (value) => `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(1)}`;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

const small = (value) =>
  value === 0 ? '0' : value.toExponential(value.toExponential().length > 5 ? 1 : undefined);

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
