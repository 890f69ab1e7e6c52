import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cellPaths, writeRecord } from '@weightmap/records';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { summarise, type WrittenReport } from '../src/index.js';
import { answerSentence } from '../src/model/answer.js';
import { errorAxis } from '../src/plot/error-axis.js';
import { reportOf } from './_report.js';

const newRun = () => mkdtemp(join(tmpdir(), 'weightmap-first-screen-'));
const documentOf = async ({ html }: WrittenReport) => parseHTML(await readFile(html, 'utf8')).document;

const BETAS = [0, 0.5, 1];
const EPSILONS = [0, 8 / 255, 0.3];

/** Trials of a variant, 0.2 points apart, whose errors under noise and FGSM of medium strength are about these. */
const trials = (variant: string, noise: number, fgsm: number, n = 3, rest: MadeRecord = {}): MadeRecord[] =>
  Array.from({ length: n }, (_, i) => ({
    ...rest,
    variant,
    trial: i + 1,
    noise: BETAS.map((beta, at) => ({ beta, errorPercent: [1, noise, 89][at] + 0.2 * i * (at % 2) })),
    fgsm: EPSILONS.map((epsilon, at) => ({ epsilon, errorPercent: [1, fgsm, 89][at] + 0.2 * i * (at % 2) })),
  }));

const answerOf = (made: readonly MadeRecord[]) =>
  answerSentence(
    summarise({ records: made.map((one) => ({ record: makeRecord(one), folder: '' })), damaged: [] }),
  );

describe('the first sentence', () => {
  test.each([
    ['Yes', 20, 20, 'smoothing weight maps have lower errors under uniform noise and FGSM than convolutions'],
    ['No', 40, 40, 'smoothing weight maps have higher errors under uniform noise and FGSM than convolutions'],
    [
      'In part',
      20,
      40,
      'smoothing weight maps have lower errors under uniform noise and higher errors under FGSM than convolutions',
    ],
    [
      'In part',
      20,
      30,
      'smoothing weight maps have lower errors under uniform noise and no clearly different errors under FGSM than convolutions',
    ],
  ])('%s: noise %d and FGSM %d against 30', (answer, noise, fgsm, words) => {
    const sentence = answerOf([...trials('cnn-33', 30, 30), ...trials('cnn-smooth-32', noise, fgsm)]);
    expect(sentence.startsWith(`${answer}, on MNIST: ${words}; `)).toBe(true);
    expect(sentence).toMatch(/; (none|\d+) of the paper’s 15 claims (is|are) decided$/);
  });

  test('is undecided with one trial, whatever the difference', () => {
    expect(answerOf([...trials('cnn-33', 30, 30, 1), ...trials('cnn-smooth-32', 2, 2, 1)])).toBe(
      'Not decided on MNIST: one trial of each network decides nothing; none of the paper’s 15 claims is decided',
    );
  });

  test('counts the comparisons of several architectures', () => {
    const sentence = answerOf([
      ...trials('cnn-33', 30, 30),
      ...trials('cnn-smooth-32', 20, 40),
      ...trials('resnet-conv', 30, 30),
      ...trials('resnet-unsharp', 20, 20),
    ]);
    expect(sentence).toContain(
      'In part, on MNIST: of 4 comparisons with convolutions under uniform noise and FGSM, weight maps have lower errors in 3, higher ones in 1, and 0 are not decided',
    );
  });

  test('says that results are not evidence, and why', () => {
    const short = { training: { epochs: 1 } };
    expect(
      answerOf([...trials('cnn-33', 30, 30, 3, short), ...trials('cnn-smooth-32', 20, 20, 3, short)]),
    ).toBe('Not answered: these results are not evidence, because the networks were trained for 1 epoch');
  });

  test('says if there is nothing to compare, or nothing was measured, or all networks guess', () => {
    expect(answerOf(trials('cnn-smooth-32', 20, 20))).toMatch(
      /^Not answered: this run has no convolutional network/,
    );
    const without = { noise: [], fgsm: [], evaluation: { betas: [], epsilons: [] } };
    expect(answerOf(['cnn-33', 'cnn-smooth-32'].map((variant) => ({ ...without, variant })))).toMatch(
      /^Not answered: errors under noise and FGSM were not measured/,
    );
    expect(answerOf([...trials('cnn-33', 88, 88), ...trials('cnn-smooth-32', 88, 88)])).toMatch(
      /^Not answered: every network is near chance/,
    );
  });
});

describe('the curve', () => {
  test('stops where all networks are near chance, and has an interval at each point', async () => {
    const run = await newRun();
    for (const made of [...trials('cnn-33', 30, 30), ...trials('cnn-smooth-32', 20, 20)])
      await writeRecord(run, makeRecord(made));
    const report = await reportOf(run);
    const csv = await readFile(join(dirname(report.html), 'tables', 'answer.csv'), 'utf8');
    const rows = csv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    // 0 and 0.5 of two networks; 89 % at 1 says nothing.
    expect(rows.map(([, variant, n, beta]) => `${variant} ${n} ${beta}`)).toEqual([
      ...['cnn-33 3 0', 'cnn-33 3 0.5', 'cnn-smooth-32 3 0', 'cnn-smooth-32 3 0.5'],
    ]);
    // Student's interval of 30, 30.2, 30.4: 30.2 ± 4.303 · 0.2/√3.
    expect(Number(rows[1][5])).toBeCloseTo(30.2 - 0.4968, 3);
    expect(Number(rows[1][6])).toBeCloseTo(30.2 + 0.4968, 3);
    const document = await documentOf(report);
    expect(document.querySelectorAll('#figure-answer g[stroke-opacity="0.6"] line').length).toBe(4);
    expect(document.querySelector('.weight-maps')!.textContent).toContain('A weight map gives every pixel');
    // Without weights in the run there is no picture of them, and no word of one.
    expect(document.querySelectorAll('.weight-maps img, .map-scale').length).toBe(0);
  });

  test.each([
    [
      [1, 4],
      [0, 10],
    ],
    [
      [0.5, 63],
      [0, 70],
    ],
    [
      [80, 88],
      [75, 90],
    ],
    [
      [99, 100],
      [90, 100],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [[Number.NaN], [0, 100]],
  ])('its axis is that of the data: %j on %j', (values, axis) => {
    expect(errorAxis(values)).toEqual(axis);
  });
});

describe('learned weight maps', () => {
  /** A network of two weights, as `saveModel` writes one: a weight map of 3 × 2 pixels and two channels. */
  async function writeNetwork(folder: string, values: readonly number[], { isWhole = true } = {}) {
    await mkdir(folder, { recursive: true });
    const bytes = Buffer.from(Float32Array.from([0.5, ...values]).buffer);
    const layers = [
      { class_name: 'InputLayer', config: { name: 'images' } },
      { class_name: 'SmoothingWeightMap', config: { name: 'first' } },
    ];
    const weights = [
      { name: 'scale/gain', shape: [1], dtype: 'float32' },
      { name: 'first/weightMap', shape: [3, 2, 1, 2], dtype: 'float32' },
    ];
    const json = {
      modelTopology: { class_name: 'Model', config: { layers } },
      weightsManifest: [{ paths: ['weights.bin'], weights }],
      userDefinedMetadata: { weightsSha256: createHash('sha256').update(bytes).digest('hex') },
    };
    await writeFile(join(folder, 'model.json'), JSON.stringify(json));
    await writeFile(join(folder, 'weights.bin'), isWhole ? bytes : bytes.subarray(4));
  }

  async function runWith(values: readonly number[], options?: { isWhole: boolean }) {
    const run = await newRun();
    for (const made of [...trials('cnn-33', 30, 30, 1), ...trials('cnn-smooth-32', 20, 20, 1)]) {
      const record = makeRecord(made);
      await writeRecord(run, record);
      if (made.variant === 'cnn-smooth-32')
        await writeNetwork(cellPaths(run, record.cell).weights, values, options);
    }
    return reportOf(run);
  }

  test('are drawn a square a channel: white at 0, orange above, blue below', async () => {
    // Channel 0 has the even places, channel 1 the odd ones.
    const report = await runWith([1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5]);
    const image = (await documentOf(report)).querySelector('.sheets img')!;
    expect(image.getAttribute('alt')).toBe(
      'Learned weight maps of CNN, smoothing 32, trial 1, layer first: 2 channels of 3 × 2 weights',
    );
    const png = Buffer.from(image.getAttribute('src')!.split(',')[1], 'base64');
    const { data, info } = await sharp(png)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([5, 3]);
    const at = (x: number, y: number) => [...data.subarray(3 * (5 * y + x), 3 * (5 * y + x) + 3)];
    expect(at(0, 0)).toEqual([213, 94, 0]);
    expect(at(3, 0)).toEqual([0, 114, 178]);
    expect(at(1, 1)).toEqual([255, 255, 255]);
    expect(at(4, 2)).toEqual([234, 175, 128]);
    expect(await readFile(join(dirname(report.html), 'figures', 'weight-maps-smoothing.png'))).toEqual(png);
    expect(await readFile(report.markdown, 'utf8')).toContain('(figures/weight-maps-smoothing.png)');
  });

  test.each([
    ['cut off', [1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5], false],
    ['not finite', [1, Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5], true],
  ])('are left out if the weights are %s', async (_, values, isWhole) => {
    const document = await documentOf(await runWith(values, { isWhole }));
    expect(document.querySelectorAll('.sheets img').length).toBe(0);
    expect(document.querySelector('h1')!.textContent).toMatch(/^Not decided/);
  });
});

describe('a run on own data', () => {
  test('does not speak of the paper’s claims and has no empty column', async () => {
    const run = await newRun();
    const own = { data: { id: 'own', label: 'own images' }, training: { epochs: 20 } };
    for (const made of [...trials('cnn-33', 30, 30, 3, own), ...trials('cnn-smooth-32', 20, 20, 3, own)])
      await writeRecord(run, makeRecord({ ...made, flops: undefined }));
    const report = await reportOf(run, { fill: () => ({ command: 'weightmap run paper' }) });
    const document = await documentOf(report);
    expect(document.querySelector('h1')!.textContent).toBe(
      'Yes, on own images: smoothing weight maps have lower errors under uniform noise and FGSM than convolutions',
    );
    const markdown = await readFile(report.markdown, 'utf8');
    for (const text of [document.querySelector('body')!.textContent, markdown])
      expect(text).not.toMatch(
        /claims?\b|run paper|What is missing|paper’s (figure|tables|value|data)|which the paper/,
      );
    expect(document.querySelectorAll('.of-claims, #missing, #comparisons, .caution').length).toBe(0);
    const headings = [...document.querySelectorAll('table.results thead th')].map((one) =>
      one.textContent.trim(),
    );
    expect(headings.slice(0, 3)).toEqual(['Variant', 'Test error', 'n']);
    expect(headings).not.toContain('Paper');
    expect(headings).not.toContain('Difference');
    const cells = [...document.querySelectorAll('table.results td')].map((one) => one.textContent.trim());
    expect(cells.filter((text) => text === '–' || text === '')).toEqual([]);
    expect(markdown).not.toMatch(/^\|.*\| – \|/m);
    const tables = await readdir(join(dirname(report.html), 'tables'));
    expect(tables).not.toContain('claims.tex');
    expect(tables).not.toContain('missing.csv');
  });
});
