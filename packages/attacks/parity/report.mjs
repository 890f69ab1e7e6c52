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

which trains the networks, passes their weights and images to Python (\`packages/attacks/parity\`) and installs the Python packages into
\`node_modules/.cache/weightmap-parity\`, or into the virtual environment named by \`WEIGHTMAP_PARITY_VENV\`. PyTorch's CPU
build is installed if pip knows an index that has it (\`PIP_EXTRA_INDEX_URL\`). It exits with an error if an attack
without random numbers differs.

${new Date().toISOString().slice(0, 10)}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(
      ', ',
    )}; engine ${engine.name}, Node ${process.versions.node}, ${process.arch}; ${threads} thread${threads > 1 ? 's' : ''} each.

Networks: \`linear\`, one dense layer, and \`cnn\`, two 3×3 convolutions of 8 channels with ReLU and a dense layer, on drawn digits of
14×14 pixels: ${count} images that the network classifies correctly. Test accuracy ${percent(fixtures.linear.accuracy)} and
${percent(fixtures.cnn.accuracy)}. The logits differ by at most ${Object.entries(hello.logits)
    .map(([name, value]) => `${small(value)} (\`${name}\`)`)
    .join(', ')}; 1e-5 is allowed.

## Without random numbers

The adversarial images are compared pixel by pixel; for iterated attacks the last iterate. The allowed difference is ${small(TOLERANCE)}.

A step of signs depends on rounding where a component of the gradient is below ${small(FLAT)} of the image's largest, or changes
its sign when the pixels move by ${small(ROUNDING)} (at the kink of a ReLU); from there on the two sides may differ. Images with such a
component at any step are counted separately, as undecided, with the number of them that differ. All others must be the same.

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

The images of both sides are classified by our network. The success rates may differ by ${MOST_GAP} point, and the mean length of the successful
changes in the attack's norm by ${100 * MOST_OFF} %. Within an L∞ ball that length is close to ε for every attack.
Steps and queries are the same on both sides; starts and draws are not, except for HopSkipJump and Boundary, which start at the nearest
image of another class on both sides. Foolbox's HopSkipJump gets one image at a time, because its steps depend on the size of the
batch. For PGD the last iterate counts, as in Foolbox. JSMA aims at the class after the label, on both sides by the gradient of the softmax. The slow black boxes run only on the first images.

${table(
  [
    'attack',
    'against',
    'network',
    'images',
    'ε',
    'our success',
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
    : `40 steps of PGD without a random start on 64 images of 28×28 pixels, network \`cnn-33\`, every step for every image: medians of ${speed.turns} runs
that alternated with Foolbox's. Ours ${speed.we.toFixed(0)} ms, Foolbox ${speed.they.toFixed(0)} ms, a ratio of ${(speed.we / speed.they).toFixed(2)}; the target is ${AIM}${speed.we / speed.they > AIM ? ', **missed**' : ''}.`
}

## Not compared

${left.length > 0 ? left.join('\n') : 'Everything above was compared. There is no peer for APGD-T, APGD in L1, R+FGSM and AutoAttack as a whole.'}
`;
}

const peerOf = ({ peer }) => {
  const [library, name] = peer.split('.');
  return `${LIBRARY[library]} \`${name}\``;
};

const nameOf = (row) => `${row.label} against ${peerOf(row)}`;

function verdict({ gap, ratio, differs, epsilon, they }) {
  if (differs) return `not comparable: ${differs}`;
  if (epsilon !== null && they.mean > epsilon * 1.001) return 'not comparable: theirs exceeds the ball';
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
