import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { randomStream } from '@weightmap/core';
import { cellPaths, writeRecord, type GradCamRecord, type RunRecord } from '@weightmap/records';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paperRow, paperRows } from '../src/paper-values.js';
import { summarise, terminalTable, type WrittenReport } from '../src/index.js';
import type { FillCommand } from '../src/claims/index.js';
import { escapeLatex, toLatex } from '../src/latex.js';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';
import { paperLikeGrid } from './_grid.js';
import { reportOf } from './_report.js';

const runs: string[] = [];
async function newRun(): Promise<string> {
  const run = await mkdtemp(join(tmpdir(), 'weightmap-grid-'));
  runs.push(run);
  return run;
}
afterAll(() => Promise.all(runs.map((run) => rm(run, { recursive: true }))));

const SAMPLES = 6;
const HISTORY = Array.from({ length: 300 }, (_, i) => ({
  ...{ epoch: i + 1, trainLoss: 1 / (i + 1), validationLoss: 1 / (i + 1) },
  validationErrorPercent: 1 + 50 / (i + 1),
}));

/** The same noise under every name: what no compression makes small. */
async function writePictures(run: string, record: RunRecord, samples: number): Promise<GradCamRecord[]> {
  const { folder, gradCam } = cellPaths(run, record.cell);
  await mkdir(gradCam, { recursive: true });
  const random = randomStream(1, record.cell.variant, record.cell.dataset.id);
  const noise = Uint8Array.from(random.uniforms(32 * 32), (value) => 255 * value);
  const picture = await sharp(noise, { raw: { width: 32, height: 32, channels: 1 } })
    .png()
    .toBuffer();
  const looks: GradCamRecord[] = [];
  for (let sample = 0; sample < samples; sample++)
    for (const [condition, strength] of [
      ['clean', 0],
      ['noisy', 0.6],
      ['attacked', 0.1],
    ] as const) {
      const [image, heatmap] = ['image', 'heatmap'].map(
        (what) => `grad-cam/${sample}-${condition}-${what}.png`,
      );
      for (const file of [image, heatmap]) await sharp(picture).toFile(join(folder, file));
      looks.push({
        ...{ image, heatmap, layer: 'features', sample, condition, strength },
        ...{ label: 'deer', predicted: 'deer', probability: 0.9 },
      });
    }
  return looks;
}

async function gridRun(records: readonly RunRecord[], samples: number): Promise<string> {
  const run = await newRun();
  for (const record of records) {
    const gradCam = record.trial === 1 && samples > 0 ? await writePictures(run, record, samples) : [];
    const { epochs } = record;
    // The error falls with every epoch, so the last is the best.
    await writeRecord(run, { ...record, gradCam, history: HISTORY.slice(0, epochs), selectedEpoch: epochs });
  }
  return run;
}

const documentOf = async ({ html }: WrittenReport) => parseHTML(await readFile(html, 'utf8')).document;
const textsOf = (elements: Iterable<Element>) =>
  [...elements].map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim());

describe('the report of the whole benchmark', () => {
  let report: WrittenReport;
  let document: Document;
  let folder: string;
  beforeAll(async () => {
    report = await reportOf(await gridRun(paperLikeGrid(3), SAMPLES), { command: 'weightmap report x' });
    document = await documentOf(report);
    folder = dirname(report.html);
  });

  test('stays below 2 MB with 93 records of 300 epochs, and leaves out the same samples of every model', async () => {
    expect(report.model.recordCount).toBe(93);
    expect((await stat(report.html)).size).toBeLessThan(2_000_000);
    const [, shown] = /(\d) samples? of 6: more would/.exec(
      document.querySelector('#grad-cam')!.textContent,
    )!;
    const rowsOfEach = [...document.querySelectorAll('table.pictures')].map(
      (table) => table.querySelectorAll('tbody tr').length,
    );
    expect(rowsOfEach).toEqual(Array<number>(7).fill(3 * Number(shown)));
    expect(document.querySelector('#grad-cam')!.textContent).toContain('×5 around mid-gray');
    // A picture of each condition, and what the attack added.
    const [conv] = document.querySelectorAll('table.pictures tbody tr:nth-child(3) td:nth-child(3)');
    expect(
      [...conv.querySelectorAll('img')].map((image) => image.getAttribute('alt')!.split(' ')[0]),
    ).toEqual(['Grad-CAM', 'Input', 'Perturbation']);
  });

  test('first says one sentence a claim with its verdict, each with a figure behind it', () => {
    expect(document.querySelector('h1')!.textContent).toBe(
      'Not decided on MNIST, CIFAR-10 and iWildCam 2019: no difference from the convolutional networks is clear; 6 of the paper’s 15 claims are decided',
    );
    expect(document.querySelector('header .of-claims h2')!.textContent).toBe(
      'Of the paper’s 15 claims, 6 are supported and 9 are undecided',
    );
    const items = [...document.querySelectorAll('header .verdicts > li')];
    expect(items.length).toBe(15);
    items.forEach((item, i) => {
      const text = item.textContent.replace(/\s+/g, ' ');
      expect(text).toMatch(
        new RegExp(
          `^ ?C${i + 1} (✓ supported|\\? undecided \\(3 trials would decide it in [<>]? ?\\d+ % of cases\\))`,
        ),
      );
      expect(text).toMatch(/n = 3, [+−]?[\de.−]+ \[.*, .*\]/);
      const targets = [...item.querySelectorAll('a')].map((link) => link.getAttribute('href')!.slice(1));
      expect(targets[1]).toBe(`claim-C${i + 1}`);
      for (const target of targets) expect(document.getElementById(target), target).not.toBeNull();
    });
    const rows = document.querySelectorAll('#claim-C4 tbody tr');
    expect(rows.length).toBe(12);
    expect(textsOf(rows[0].children).slice(0, 2)).toEqual([
      'CNN, smoothing 32 − CNN, conv 33: mean error under uniform noise on MNIST, mean over β 0.2–1',
      'below 0',
    ]);
  });

  test('has the paper’s four tables, every row beside the paper’s value', () => {
    const tables = [...document.querySelectorAll('table.results')];
    expect(tables.map((table) => table.querySelector('caption b')!.textContent)).toEqual([
      'Table 4: CNN on MNIST.',
      'Table 5: ResNet and DenseNet on MNIST.',
      'Table 6: ResNet and DenseNet on CIFAR-10.',
      'Table 7: ResNet and DenseNet on iWildCam 2019.',
    ]);
    tables.forEach((table, i) => {
      const expected = paperRows.filter((row) => row.table === i + 4);
      const cells = [...table.querySelectorAll('tbody tr:not(.group)')].map((row) => textsOf(row.children));
      expect(cells.map(([name]) => name.split(' ').at(-1))).toEqual(expected.map(({ variant }) => variant));
      cells.forEach(([, ours, n, paper], r) => {
        const { testErrorPercent, plusMinus } = expected[r];
        expect(paper).toBe(`${testErrorPercent.toFixed(2)} ± ${plusMinus.toFixed(2)}`);
        expect(Number(ours.split(' ')[0])).toBeCloseTo(testErrorPercent, 1);
        expect(n).toBe('3');
      });
    });
    expect(tables[0].textContent).toContain('paper: 1.19M');
    expect(tables[0].textContent).toContain('paper: 1.07 G');
  });

  test('draws a small multiple for each dataset and architecture', () => {
    const titles = (id: string) =>
      [...document.querySelectorAll(`#figure-${id} svg title`)].map(
        ({ textContent }) => textContent.split(':')[0],
      );
    const places = [
      ...[
        'CNN on MNIST',
        'ResNet on MNIST',
        'DenseNet on MNIST',
        'ResNet on CIFAR-10',
        'DenseNet on CIFAR-10',
      ],
      ...['ResNet on iWildCam 2019', 'DenseNet on iWildCam 2019'],
    ];
    expect(titles('noise')).toEqual(places);
    expect(titles('fgsm')).toEqual(places);
    expect(titles('overview')).toEqual(places.flatMap((place) => Array<string>(3).fill(place)));
    expect(titles('variance')).toEqual(places.flatMap((place) => Array<string>(3).fill(place)));
    // The background is known for digits alone.
    expect(titles('sharpness')).toEqual(
      places.flatMap((place) => Array<string>(place.includes('MNIST') ? 3 : 2).fill(place)),
    );
    // A row a dataset.
    const rows = [...document.querySelectorAll('#figure-noise .panels')];
    expect(rows.map((row) => row.querySelectorAll('svg').length)).toEqual([3, 2, 2]);
  });

  test('one colour a layer kind, dashed where it alternates, with the trials in each panel', () => {
    for (const panel of document.querySelectorAll('#figure-noise svg, #figure-fgsm svg')) {
      const dashed = [...panel.querySelectorAll('g[stroke-dasharray="6 4"]')].map((line) =>
        line.getAttribute('stroke'),
      );
      const alternates = panel.textContent.includes('alt. smoothing');
      expect(dashed).toEqual(alternates ? ['var(--smoothing, #0072B2)', 'var(--unsharp, #D55E00)'] : []);
      expect(panel.textContent).toContain('n = 3');
    }
    for (const [kind, colour] of [
      ['conv', '#000000'],
      ['smoothing', '#0072B2'],
      ['unsharp', '#D55E00'],
    ]) {
      const label = [...document.querySelectorAll('#figure-noise svg')][1];
      const text = [...label.querySelectorAll('text')].find(({ textContent }) => textContent === kind)!;
      expect(text.closest('g')!.getAttribute('fill')).toBe(`var(--${kind}, ${colour})`);
    }
  });

  test('labels the lines at their ends, inside the panel and apart from each other', () => {
    for (const panel of document.querySelectorAll(
      '#figure-noise svg, #figure-fgsm svg, #figure-variance svg, #figure-history svg',
    )) {
      const ends = [...panel.querySelectorAll('g[text-anchor="start"][font-weight="600"] text')].map(
        (label) => {
          const [x, y] = /translate\(([\d.]+),([\d.]+)\)/
            .exec(label.getAttribute('transform')!)!
            .slice(1)
            .map(Number);
          return { x, y, width: 7 * label.textContent.length };
        },
      );
      expect(ends.length).toBeGreaterThan(1);
      const [width, height] = ['width', 'height'].map((side) => Number(panel.getAttribute(side)));
      for (const { x, y, width: text } of ends) {
        expect(x + text).toBeLessThanOrEqual(width);
        expect(y).toBeGreaterThan(20);
        expect(y).toBeLessThan(height);
      }
      const ys = ends.map(({ y }) => y).sort((a, b) => a - b);
      for (let i = 1; i < ys.length; i++) expect(ys[i] - ys[i - 1]).toBeGreaterThanOrEqual(13.7);
    }
  });

  test('can be walked by the keyboard, and every figure and table has its data', async () => {
    for (const scroll of document.querySelectorAll('.scroll')) {
      expect(scroll.getAttribute('tabindex')).toBe('0');
      expect(scroll.getAttribute('role')).toBe('region');
      expect(scroll.getAttribute('aria-label')).toBeTruthy();
    }
    for (const figure of document.querySelectorAll('figure')) {
      const caption = figure.querySelector('figcaption')!;
      const href =
        caption.querySelector('a')?.getAttribute('href') ?? caption.querySelector('code')!.textContent;
      if (!href.startsWith('data:text/csv')) expect(existsSync(join(folder, href)), href).toBe(true);
    }
    const named = [...document.querySelectorAll('code')]
      .map(({ textContent }) => textContent)
      .filter((text) => /^(tables|figures)\//.test(text) && !text.endsWith('…'));
    expect(named.length).toBeGreaterThan(4);
    for (const file of named) expect(existsSync(join(folder, file)), file).toBe(true);
    const table5 = (await readFile(join(folder, 'tables/table-5.csv'), 'utf8')).trimEnd().split('\n');
    expect(table5).toHaveLength(1 + 10);
    expect(table5[1]).toContain('MNIST,resnet-conv,3,');
    const variance = (await readFile(join(folder, 'tables/variance.csv'), 'utf8')).trimEnd().split('\n');
    expect(variance).toHaveLength(1 + 93 * 3 * 2);
  });

  test('dark, print and small screens are provided for', async () => {
    const text = await readFile(report.html, 'utf8');
    for (const query of ['prefers-color-scheme: dark', 'media print', 'max-width: 40rem'])
      expect(text).toContain(query);
    const dark = /prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}/.exec(text)![1];
    for (const name of ['ground', 'ink', 'quiet', 'hairline', 'conv', 'smoothing', 'unsharp', 'mark', 'link'])
      expect(dark).toContain(`--${name}:`);
  });

  test('LaTeX has each table by the rules of booktabs', async () => {
    for (const [name, rows] of [
      ['table-4', 9],
      ['table-5', 10],
      ['table-6', 6],
      ['table-7', 6],
      ['claims', 15],
    ] as const) {
      const text = await readFile(join(folder, `tables/${name}.tex`), 'utf8');
      expect(text.match(/\\(top|mid|bottom)rule/g)).toEqual(['\\toprule', '\\midrule', '\\bottomrule']);
      const lines = text.split('\n').filter((line) => line.endsWith('\\\\'));
      expect(lines).toHaveLength(1 + rows);
      const [, alignment] = /\\begin\{tabular\}\{(\w+)\}/.exec(text)!;
      for (const line of lines) expect(line.split(/(?<!\\)&/)).toHaveLength(alignment.length);
      // Nothing but ASCII, whatever engine sets it.
      expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    }
  });

  test('the figures’ own files have the pictures of Grad-CAM in them', async () => {
    const svg = await readFile(join(folder, 'figures/grad-cam-cifar10-2-resnet.svg'), 'utf8');
    // Six samples, three conditions, three models; the input where all share it.
    expect(svg.match(/<image /g)!.length).toBeGreaterThanOrEqual(6 * 3 * 3);
    expect(svg).not.toMatch(/var\(|undefined|NaN/);
    expect((await sharp(join(folder, 'figures/grad-cam-cifar10-2-resnet.png')).metadata()).format).toBe(
      'png',
    );
  });
});

describe('a part of the benchmark', () => {
  test('what is missing is a dash with its reason, never 0, and a table without results is none', async () => {
    const digits = makeRecord({ variant: 'cnn-wide', data: { id: 'digits', label: 'procedural digits' } });
    const records = paperLikeGrid(2).filter(
      ({ cell }) => cell.dataset.id === 'cifar10' && cell.variant !== 'densenet-conv',
    );
    const run = await gridRun([...records, digits], 0);
    const report = await reportOf(run);
    const document = await documentOf(report);
    const tables = [...document.querySelectorAll('table.results caption b')].map(
      ({ textContent }) => textContent,
    );
    expect(tables).toEqual(['Table 6: ResNet and DenseNet on CIFAR-10.', 'procedural digits.']);
    const [absent, ...others] = document.querySelectorAll('table.results tr.absent');
    expect(others.length).toBe(0);
    expect(textsOf(absent.children)).toEqual([
      'conv densenet-conv: not in this run',
      ...['–', '–', '23.18 ± 0.70', '–', '–', '–', '–', '–', '–'],
    ]);
    const markdown = await readFile(report.markdown, 'utf8');
    expect(markdown.match(/\| Paper[^|]*/g)!.map((heading) => heading.trim())).toEqual(
      expect.arrayContaining(['| Paper', '| Paper, MNIST']),
    );
    const missing = textsOf(document.querySelectorAll('#missing tbody tr'));
    expect(missing).toHaveLength(31 - 5);
    expect(missing.find((row) => row.includes('conv wide'))).toContain('run on procedural digits instead');
    expect(textsOf(document.querySelectorAll('.silent summary'))[0]).toBe(
      '11 claims without a result in this run: C1, C2, C3, C4, C6, C7, C9, C10, C12, C13, C15',
    );
    const csv = await readFile(join(dirname(report.html), 'tables/table-6.csv'), 'utf8');
    expect(csv).toContain(
      `CIFAR-10,densenet-conv,0,,,,,,cifar10,23.18,0.7,,,,yes,yes,${','.repeat(13)}not in this run`,
    );
  });

  test('names the command that makes what is missing', async () => {
    const record = makeRecord({
      ...{ variant: 'cnn-33', data: { train: 5000, test: 1000 }, training: { epochs: 3 } },
    });
    const asked: unknown[] = [];
    const fill: FillCommand = (records, claims, run) => {
      asked.push(...records.map(({ cellId }) => cellId), claims.length);
      return { command: `weightmap run paper --out ${run}/../paper` };
    };
    const run = await gridRun([record], 0);
    const report = await reportOf(run, { fill });
    expect(asked).toEqual([record.cellId, 15]);
    const command = `weightmap run paper --out ${basename(run)}/../paper`;
    const document = await documentOf(report);
    expect(document.querySelector('#missing')!.textContent).toContain(command);
    expect(document.querySelector('header .of-claims h2')!.textContent).toBe(
      'No verdict on the paper’s claims: these results are not evidence',
    );
    expect(await readFile(report.markdown, 'utf8')).toContain(command);
    // Nobody knows a command: the report names none.
    expect((await documentOf(await reportOf(run))).querySelector('#missing')!.textContent).not.toContain(
      'run paper',
    );
  });

  test('results of other conditions stand in a table of their own', async () => {
    const made = (trial: number, epochs: number) =>
      makeRecord({ variant: 'cnn-33', trial, training: { epochs } });
    const document = await documentOf(await reportOf(await gridRun([made(1, 300), made(2, 30)], 0)));
    expect(
      [...document.querySelectorAll('table.results caption b')].map(({ textContent }) => textContent),
    ).toEqual([
      'Table 4: CNN on MNIST, 300 epochs, 54,000 images.',
      'Table 4: CNN on MNIST, 30 epochs, 54,000 images.',
    ]);
    expect(document.querySelector('#comparisons')!.textContent).toContain('1 record left out');
  });
});

describe('amplification', () => {
  test('marks are what was measured, the line what equation 5 predicts', async () => {
    const variances = (measured: number) => ({
      ...{ input: 1, output: 1, gain: 1 },
      amplification: { measured, predicted: 1 },
    });
    const layers = [1, 10].map((measured, i) => ({
      ...{ layer: `smoothing${i + 1}`, kind: 'smoothing' as const, n: 1000, beta: 0.6 },
      ...{ clean: variances(measured), noisy: variances(1) },
      noiseToSignal: { input: 1, output: 1, transfer: 1 },
    }));
    const run = await gridRun([makeRecord({ variant: 'cnn-smooth-32', activationVariance: layers })], 0);
    const document = await documentOf(await reportOf(run));
    const [clean, noisy] = document.querySelectorAll('#figure-variance svg');
    const marksOf = (panel: Element) =>
      [...panel.querySelectorAll('g[fill^="var(--smoothing"] circle')].map((mark) =>
        Number(mark.getAttribute('cy')),
      );
    const lineOf = (panel: Element) =>
      [
        ...panel
          .querySelector('g[stroke^="var(--smoothing"][stroke-width="2"] path')!
          .getAttribute('d')!
          .matchAll(/,([\d.]+)/g),
      ].map(([, y]) => Number(y));
    const [first, second] = marksOf(clean);
    expect(lineOf(clean)[0]).toBeCloseTo(lineOf(clean)[1], 1);
    expect(first).toBeCloseTo(lineOf(clean)[0], 1);
    expect(second, 'ten times more is further up').toBeLessThan(first - 50);
    expect(marksOf(noisy)).toEqual(lineOf(noisy));
    expect(clean.textContent).toContain('amplification, clean images');
    expect(noisy.textContent).toContain('amplification, uniform noise, β = 0.6');
  });
});

describe('LaTeX', () => {
  test('escapes whatever a label may hold', () => {
    expect(escapeLatex('50 % of $x_1^2$ & #{~} \\')).toBe(
      '50 \\% of \\$x\\_1\\textasciicircum{}2\\$ \\& \\#\\{\\textasciitilde{}\\} \\textbackslash{}',
    );
    expect(escapeLatex('a\nb ± β')).toBe('a b $\\pm$ $\\beta$');
  });

  test('null is a dash', () => {
    expect(toLatex({ columns: ['a', 'b'], rows: [['x', null]], caption: 'c', label: 'tab:c' })).toContain(
      '    x & -- \\\\\n',
    );
  });
});

describe('the terminal’s table', () => {
  const tableOf = (made: readonly RunRecord[]) =>
    terminalTable(summarise({ records: made.map((record) => ({ record, folder: '' })), damaged: [] }));

  test('has a block a dataset, a gap between architectures, dashes for what alternates', () => {
    const text = tableOf(paperLikeGrid(2));
    const blocks = text.split(/\n\n(?=\S+.*epochs)/);
    expect(blocks).toHaveLength(3);
    expect(blocks[0]).toMatch(/^MNIST · 300 epochs/);
    expect(blocks[0]).toMatch(/CNN, unsharp 32 .*\n\n── ResNet, conv/);
    expect(blocks[1]).toMatch(/╌╌ ResNet, alternating smoothing/);
    expect(text.match(/^(──|╌╌) /gm)).toHaveLength(31);
    // The blocks' columns begin at the same place.
    const headings = [...text.matchAll(/^ +test error %/gm)].map(([heading]) => heading.length);
    expect(headings).toHaveLength(3);
    expect(new Set(headings).size).toBe(1);
    for (const { variant, dataset } of paperRows) {
      const paper = paperRow(dataset, variant)!;
      expect(text).toContain(`${paper.testErrorPercent.toFixed(2)} ± ${paper.plusMinus.toFixed(2)}`);
    }
    expect(text).toMatch(/\n\nOf the paper’s 15 claims, \d+ .*\.$/);
  });

  test('colours a row by its layer kind', () => {
    const records = (['cnn-33', 'cnn-smooth-32', 'cnn-unsharp-32'] as const).map((variant): MadeRecord => ({
      variant,
    }));
    const text = terminalTable(
      summarise({ records: records.map((one) => ({ record: makeRecord(one), folder: '' })), damaged: [] }),
      { colour: true },
    );
    expect(text).toContain('\u001b[1m── CNN, conv 33');
    expect(text).toContain('\u001b[38;5;32m── CNN, smoothing 32');
    expect(text).toContain('\u001b[38;5;166m── CNN, unsharp 32');
  });
});
