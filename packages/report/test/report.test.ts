import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cellPaths, writeRecord, type GradCamRecord } from '@weightmap/records';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { WrittenReport } from '../src/index.js';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';
import { reportOf } from './_report.js';

const variants = ['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32', 'resnet-alternating-unsharp'];
const allFigures = ['answer', 'claims', 'overview', 'noise', 'fgsm', 'sharpness', 'variance', 'history'];
const newRun = () => mkdtemp(join(tmpdir(), 'weightmap-report-'));
const pageOf = async ({ html }: WrittenReport) => {
  const text = await readFile(html, 'utf8');
  return { text, document: parseHTML(text).document };
};

/** A record with one clean sample's pictures beside it. */
async function writePictured(run: string, made: MadeRecord): Promise<void> {
  const sample: GradCamRecord = {
    ...{
      image: 'grad-cam/4-clean-image.png',
      heatmap: 'grad-cam/4-clean-heatmap.png',
      layer: 'conv3',
      sample: 4,
    },
    ...{ condition: 'clean', strength: 0, label: 'seven', predicted: 'one', probability: 0.625 },
  };
  const record = makeRecord({ ...made, gradCam: [sample] });
  const { folder, gradCam } = cellPaths(run, record.cell);
  await mkdir(gradCam, { recursive: true });
  const gray = (value: number) =>
    sharp(Buffer.alloc(16, value), { raw: { width: 4, height: 4, channels: 1 } }).png();
  await gray(200).toFile(join(folder, sample.image));
  await gray(255).toFile(join(folder, sample.heatmap));
  await writeRecord(run, record);
}

describe('the report of a run', () => {
  let run: string;
  let report: WrittenReport;
  beforeAll(async () => {
    run = await newRun();
    for (const [v, variant] of variants.entries())
      for (const trial of [1, 2, 3])
        await writePictured(run, { variant, trial, testErrorPercent: 0.7 + 0.1 * v + 0.01 * trial });
    const broken = join(run, 'cells', 'mnist', 'cnn-wide', 'trial-1', 'record.json');
    await mkdir(dirname(broken), { recursive: true });
    await writeFile(broken, '{"half');
    report = await reportOf(run, { command: 'weightmap report runs/made' });
  });

  test('counts the records and the damaged ones, and names these', async () => {
    expect(report.model.recordCount).toBe(12);
    expect(report.model.damaged).toHaveLength(1);
    const { document } = await pageOf(report);
    expect(document.querySelector('#missing')!.textContent).toContain(
      'cells/mnist/cnn-wide/trial-1/record.json',
    );
    expect(await readFile(report.markdown, 'utf8')).toContain(
      '`cells/mnist/cnn-wide/trial-1/record.json`: not JSON',
    );
  });

  test('is one small page that asks for nothing', async () => {
    const { text, document } = await pageOf(report);
    expect((await stat(report.html)).size).toBeLessThan(2_000_000);
    const sources = [...document.querySelectorAll('[src], link[href], use, image, iframe, script')];
    for (const element of sources)
      expect(element.getAttribute('src') ?? element.getAttribute('href')).toMatch(/^data:/);
    expect(text).not.toMatch(/url\(|@import/);
    // Nothing is linked to that doesn't come with the page, which may be all that somebody is sent.
    for (const link of document.querySelectorAll('a'))
      expect(link.getAttribute('href')).toMatch(/^(#|data:|https:\/\/arxiv\.org\/)/);
    expect(document.querySelector('#figure-history figcaption')!.textContent).toContain('tables/history.csv');
    // A wide table scrolls in a box of its own, whose edges are shaded.
    for (const table of document.querySelectorAll('table'))
      expect(table.parentElement!.className, table.textContent.slice(0, 40)).toBe('scroll');
    expect(text).toMatch(/\.scroll \{[^}]*overflow-x: auto;[^}]*var\(--shade\)[^}]*\}/);
    const links = [...text.matchAll(/https?:\/\/[^"'\s<]+/g)].map(([link]) => link);
    expect(new Set(links)).toEqual(
      new Set(['http://www.w3.org/2000/svg', 'https://arxiv.org/abs/1905.00568v2']),
    );
  });

  test('begins with the answer and its figure, and can be walked', async () => {
    const { document } = await pageOf(report);
    expect([...document.querySelectorAll('h1')].map(({ textContent }) => textContent)).toEqual([
      'Not decided on MNIST: no difference from the convolutional networks is clear; 1 of the paper’s 15 claims is decided',
    ]);
    expect([...document.querySelectorAll('header figure')].map(({ id }) => id)).toEqual([
      'figure-answer',
      'figure-claims',
    ]);
    expect(document.querySelector('.of-claims h2')!.textContent).toBe(
      'Of the paper’s 15 claims, 1 is contradicted and 14 are undecided',
    );
    expect(document.querySelector('#overview h3')!.textContent).toContain(
      'MNIST, lowest error: CNN, conv 33 on clean images',
    );
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of document.querySelectorAll('a[href^="#"]'))
      expect(ids).toContain(link.getAttribute('href')!.slice(1));
    for (const table of document.querySelectorAll('table')) {
      expect(table.querySelector('caption')!.textContent.trim()).not.toBe('');
      for (const heading of table.querySelectorAll('th'))
        expect(heading.getAttribute('scope')).toMatch(/^(row|col|rowgroup)$/);
    }
    for (const image of document.querySelectorAll('img')) expect(image.getAttribute('alt')).not.toBe('');
  });

  test('every figure has words, numbers and the command', async () => {
    const { document } = await pageOf(report);
    const figures = [...document.querySelectorAll('figure')];
    expect(figures.map(({ id }) => id)).toEqual(allFigures.map((id) => `figure-${id}`));
    for (const figure of figures) {
      expect(figure.querySelector('figcaption')!.textContent).toContain('weightmap report runs/made');
      // 12 trainings of 300 epochs are too much for the page.
      const data = figure.querySelector('figcaption a')?.getAttribute('href') ?? null;
      if (figure.id === 'figure-history') expect(data).toBeNull();
      else expect(data).toMatch(/^data:text\/csv/);
      for (const svg of figure.querySelectorAll('svg')) {
        expect(svg.getAttribute('role')).toBe('img');
        const [title, description] = svg.getAttribute('aria-labelledby')!.split(' ');
        expect(svg.querySelector(`[id="${title}"]`)!.textContent).toMatch(/MNIST|claim/);
        expect(svg.querySelector(`[id="${description}"]`)!.textContent).toMatch(/\d/);
      }
    }
  });

  test('curves show the trials, the deviation and 8/255', async () => {
    const { document } = await pageOf(report);
    const [cnn, resnet] = [...document.querySelectorAll('#figure-fgsm svg')];
    expect(cnn.textContent).toContain('n = 3');
    expect(cnn.textContent).toContain('ε = 8/255');
    expect(cnn.textContent).toContain('smoothing 32');
    expect(cnn.outerHTML).toContain('fill-opacity="0.14"');
    expect(resnet.outerHTML).toContain('stroke-dasharray="6 4"');
    expect(cnn.outerHTML).toContain('var(--unsharp, #D55E00)');
  });

  test('the table has the mean, the deviation and the paper’s value', async () => {
    const { document } = await pageOf(report);
    const rows = [...document.querySelectorAll('table.results tbody tr')].map((row) =>
      [...row.children].map((cell) => cell.textContent.replace(/\s+/g, ' ').trim()),
    );
    // Trials 0.71, 0.72, 0.73: the deviation is 0.01; the paper has 0.85 ± 0.11.
    const conv = rows.find(([name]) => name === 'CNN, conv 33 cnn-33')!;
    expect(conv.slice(1, 5)).toEqual(['0.72 ± 0.01', '3', '0.85 ± 0.11', '−0.13[−0.40, +0.14]']);
    // Marked: unsharp 32 and the ResNet, not 0.72 ± 0.01 against 0.85 ± 0.11 of three trials.
    expect(document.querySelectorAll('table.results .outside').length).toBe(2);
    expect(rows[0].length).toBe(10);
  });

  test('Grad-CAM pictures stand side by side, in colour, with the prediction', async () => {
    const { document } = await pageOf(report);
    const [pictures, ofResnet] = [...document.querySelectorAll('table.pictures')];
    expect(pictures.querySelectorAll('thead th').length).toBe(2 + 3);
    expect(pictures.querySelectorAll('img').length).toBe(1 + 3);
    expect(ofResnet.querySelectorAll('img').length).toBe(1 + 1);
    expect(document.querySelector('.colour-bar')!.textContent).toContain('the map’s largest value');
    expect(document.querySelectorAll('.colour-bar rect').length).toBeGreaterThan(16);
    expect(pictures.querySelector('.prediction')!.textContent.replace(/\s+/g, ' ')).toBe('✗ one 63 %');
    const [, heat] = [...pictures.querySelectorAll('img')];
    const { data } = await sharp(Buffer.from(heat.getAttribute('src')!.split(',')[1], 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    // The bright end of the scale is a pale yellow.
    expect(data[0]).toBeGreaterThan(230);
    expect(data[2]).toBeLessThan(200);
  });

  test('figures and numbers lie beside the page', async () => {
    const folder = dirname(report.html);
    const drawn = [...allFigures, 'grad-cam-mnist-1-cnn', 'grad-cam-mnist-1-resnet'];
    expect((await readdir(join(folder, 'figures'))).sort()).toEqual(
      drawn.flatMap((id) => [`${id}.png`, `${id}.svg`]).sort(),
    );
    for (const id of drawn) {
      const svg = await readFile(join(folder, 'figures', `${id}.svg`), 'utf8');
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+"/);
      expect(svg, 'colours are resolved').not.toMatch(/var\(|currentColor|NaN|undefined/);
      // sharp's own SVG reader, another one than what drew the PNG, finds it well formed.
      expect((await sharp(Buffer.from(svg)).metadata()).format).toBe('svg');
      const { entropy } = await sharp(join(folder, 'figures', `${id}.png`)).stats();
      expect(entropy, 'not an empty picture').toBeGreaterThan(0.1);
    }
    const fgsm = (await readFile(join(folder, 'tables', 'fgsm.csv'), 'utf8')).split('\n');
    expect(fgsm[0]).toBe('dataset,variant,trial,epsilon,error_percent');
    expect(fgsm).toContain('MNIST,cnn-33,1,0.3,80');
    expect(fgsm).toHaveLength(1 + 12 * 3 + 1);
    expect(await readFile(join(folder, 'tables', 'provenance.csv'), 'utf8')).toContain(
      '0123456789abcdef0123456789abcdef01234567,false',
    );
  });

  test('Markdown has the table and the figures', async () => {
    const text = await readFile(report.markdown, 'utf8');
    expect(text).toContain('- **C1 contradicted**: The smoothing CNN has a lower test error');
    expect(text).toMatch(/^\| CNN, conv 33 \| 0\.72 ± 0\.01 \| 0\.85 ± 0\.11 \| −0\.13 \|/m);
    // 0.92 ± 0.01 against the paper's 0.73 ± 0.03: the interval excludes 0.
    expect(text).toMatch(/^\| CNN, unsharp 32 \| 0\.92 ± 0\.01 \| 0\.73 ± 0\.03 \| \*\*\+0\.19\*\* \|/m);
    expect(text).toContain('![Uniform noise](figures/noise.png)');
    expect(text).toContain('| CNN, conv wide | MNIST | – | 1.00 ± 0.09 | its record is damaged |');
  });

  test('is the same again from the same records', async () => {
    const before = await readFile(report.html, 'utf8');
    await reportOf(run, { command: 'weightmap report runs/made' });
    expect(await readFile(report.html, 'utf8')).toBe(before);
  });
});

describe('awkward records', () => {
  test('text from a record is text, in the page and in Markdown', async () => {
    const run = await newRun();
    const label = '<script>alert(1)</script> "&| `x`';
    const provenance = { ...makeRecord().provenance, host: '<img src=x onerror=alert(2)>' };
    await writeRecord(run, makeRecord({ data: { id: 'x', label }, provenance }));
    const report = await reportOf(run, { command: 'weightmap report "<b>"' });
    const { text, document } = await pageOf(report);
    expect(document.querySelectorAll('script, img, [onerror]').length).toBe(0);
    expect(text).not.toMatch(/<script|<img|<b>"/);
    expect(document.querySelector('h3')!.textContent).toContain(label);
    expect(document.querySelector('#figure-overview svg')!.outerHTML).toContain('&lt;script');
    const written = (await readFile(report.markdown, 'utf8')).replaceAll(/`[^`]*`/g, '');
    expect(written).not.toMatch(/(?<!\\)<script/);
    const svg = await readFile(join(dirname(report.html), 'figures', 'overview.svg'));
    expect((await sharp(svg).metadata()).format).toBe('svg');
    const latex = await readFile(join(dirname(report.html), 'tables', 'table-x-1.tex'), 'utf8');
    expect(latex).toContain('\\textless{}script\\textgreater{}alert(1)');
    expect(latex).toContain('\\textquotedbl{}\\&\\textbar{} `x`');
  });

  test('one trial has an interval over its test images, no band and no marked difference, and says so', async () => {
    const run = await newRun();
    await writeRecord(run, makeRecord({ variant: 'cnn-33', testErrorPercent: 9 }));
    await writeRecord(run, makeRecord({ variant: 'cnn-wide', testErrorPercent: 1 }));
    const { text, document } = await pageOf(await reportOf(run));
    expect(document.querySelector('h1')!.textContent).toBe(
      'Not answered: this run has no convolutional network beside one with weight maps; none of the paper’s 15 claims is decided',
    );
    expect(document.querySelector('.of-claims h2')!.textContent).toContain(
      'None of the paper’s 15 claims is decided',
    );
    expect(document.querySelector('#overview h3')!.textContent).toContain('not decided');
    expect(document.querySelector('#figure-noise')!.textContent).toContain('n = 1');
    expect(text).not.toContain('fill-opacity="0.14"');
    expect(document.querySelectorAll('td.outside').length).toBe(0);
    expect(document.querySelector('#results')!.textContent).toContain(
      'With one trial there is no such interval',
    );
    const results = document.querySelector('#results')!.textContent.replace(/\s+/g, ' ');
    // Wilson's intervals of 9 % and 1 % of 10,000 images.
    expect(results).toContain('9.00[8.5, 9.6]');
    expect(results).toContain('1.00[0.82, 1.21]');
    expect(results).toContain('95 % interval over 10,000 test images, one trial');
    const noise = document.querySelector('#figure-noise')!;
    expect(noise.querySelector('figcaption')!.textContent).toContain(
      'Thin bars are 95 % intervals over the 10,000 test images of a single trial',
    );
    // A bar at each strength of each variant, from its low to its high end.
    const bars = [...noise.querySelectorAll('g[stroke-opacity="0.6"] line')];
    expect(bars.length).toBe(2 * 3);
    for (const bar of bars) expect(Number(bar.getAttribute('y2'))).not.toBe(Number(bar.getAttribute('y1')));
  });

  test('results of a subset get figures, but no verdict and no ranking', async () => {
    const run = await newRun();
    const subset = { data: { train: 5000, test: 1000 }, training: { epochs: 3 } };
    for (const [variant, error] of [
      ['cnn-33', 2],
      ['cnn-unsharp-32', 9],
    ] as const)
      for (const trial of [1, 2, 3])
        await writeRecord(
          run,
          makeRecord({ ...subset, variant, trial, testErrorPercent: error + trial / 10 }),
        );
    const report = await reportOf(run);
    const { document } = await pageOf(report);
    const headings = [...document.querySelectorAll('h1, .of-claims h2, h3')].map(
      ({ textContent }) => textContent,
    );
    expect(headings.slice(0, 3)).toEqual([
      'Not answered: these results are not evidence, because the networks were trained for 3 epochs on a part of the images',
      'No verdict on the paper’s claims: these results are not evidence',
      'MNIST: no ranking, these results are not evidence',
    ]);
    expect(document.querySelector('.caution')!.textContent).toContain(
      'Not evidence: trained on 5,000 of the paper’s 54,000 images',
    );
    expect(document.querySelector('figure')!.id).toBe('figure-answer');
    expect(document.querySelector('figcaption')!.textContent).toContain('Figure 1.');
    const markdown = await readFile(report.markdown, 'utf8');
    for (const page of [document.querySelector('main')!.textContent, markdown]) {
      expect(page).not.toMatch(/undecided|supported|contradicted|lowest error|lower than/i);
      expect(page).toContain('2.20 ');
    }
    expect(document.querySelectorAll('#comparisons, .verdicts, .claims, .outside').length).toBe(0);
  });

  test('a picture that is gone or broken leaves a word in its place', async () => {
    const run = await newRun();
    await writePictured(run, { variant: 'cnn-33' });
    await writePictured(run, { variant: 'cnn-wide' });
    const heatmap = (variant: string) =>
      join(run, 'cells', 'mnist', variant, 'trial-1', 'grad-cam', '4-clean-heatmap.png');
    await rm(heatmap('cnn-33'));
    await writeFile(heatmap('cnn-wide'), 'no PNG');
    const { document } = await pageOf(await reportOf(run));
    const words = [...document.querySelectorAll('.no-picture')].map((element) => element.textContent);
    expect(words.sort()).toEqual(['picture damaged', 'picture missing']);
  });

  test('no curves, no records at all: still a report', async () => {
    const run = await newRun();
    const { document: empty } = await pageOf(await reportOf(run));
    expect(empty.querySelector('h1')!.textContent).toBe('No cell is finished yet');
    await writeRecord(
      run,
      makeRecord({
        evaluation: { betas: [], epsilons: [] },
        ...{ gradCamSharpness: [], activationVariance: [] },
      }),
    );
    const report = await reportOf(run);
    const { text, document } = await pageOf(report);
    expect([...document.querySelectorAll('figure')].map(({ id }) => id)).toEqual([
      'figure-overview',
      'figure-history',
    ]);
    expect(text + (await readFile(report.markdown, 'utf8'))).not.toMatch(/NaN|Infinity|undefined/);
  });
});
