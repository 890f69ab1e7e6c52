// Whatever text a valid record holds, the report is made, and every file of it is well formed.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cellPaths, writeRecord, type GradCamRecord } from '@weightmap/records';
import { makeRecord } from '@weightmap/test-utils/records';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportOf } from './_report.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'weightmap-awkward-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const awkward = {
  markup: `R&D a<b "/><script>alert(1)</script>' onload="alert(1)' onclick='alert(2) &amp;&#0;&#x1f;&nope;&lt ]]><!-- --><?xml ?>`,
  'characters that act':
    'a\u0000b\u0001c\u000bd\u001b[31me\u007ff\u009bg\ufffeh\uffffi\ud800j\udfffk\u202el\u2066m\nn\r\no\u2028p\tq',
  'a formula, Markdown, LaTeX and styles':
    '=HYPERLINK("http://example.org") | `a` | [b](c) ![d](e) *** \\input{/etc/passwd} $x_1^2$ % # ~ {} var(--conv, url(x)) currentColor',
  'many characters': '𝒳 🐈 ü'.repeat(70),
};

async function writeAwkward(text: string): Promise<void> {
  const sample: GradCamRecord = {
    ...{ image: 'grad-cam/4-clean-image.png', heatmap: 'grad-cam/4-clean-heatmap.png', layer: text },
    ...{ sample: 4, condition: 'clean', strength: 0, label: text, predicted: text, probability: 0.5 },
  };
  for (const trial of [1, 2]) {
    const base = makeRecord();
    const record = makeRecord({
      ...{ variant: 'mine-1', architecture: text, trial, training: { epochs: 2 } },
      names: { label: text, shortLabel: text, kinds: ['conv'], architecture: text },
      data: { id: 'made', label: text },
      gradCam: trial === 1 ? [sample] : [],
      gradCamSharpness: [{ ...base.gradCamSharpness[0], layer: text }],
      activationVariance: [{ ...base.activationVariance[0], layer: text }],
      metrics: { [text]: { [text]: 1 } },
      metricNames: { [text]: { label: text, unit: text } },
      provenance: { ...base.provenance, host: text, platform: text, node: text, version: text },
    });
    const { folder, gradCam } = cellPaths(run, record.cell);
    await mkdir(gradCam, { recursive: true });
    for (const file of [sample.image, sample.heatmap])
      await sharp(Buffer.alloc(16, 99), { raw: { width: 4, height: 4, channels: 1 } })
        .png()
        .toFile(path.join(folder, file));
    await writeRecord(run, record);
  }
}

const filesIn = async (folder: string, end: string) =>
  (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith(end))
    .map((name) => path.join(folder, name));

describe('a report with', () => {
  it.each(Object.entries(awkward))(
    '%s in every text of a record is whole and well formed',
    async (_, text) => {
      await writeAwkward(text);
      const { html, markdown, model } = await reportOf(run, { command: `weightmap report ${text}` });
      expect(model.recordCount).toBe(2);
      const report = path.dirname(html);
      const svgs = await filesIn(report, '.svg');
      expect(svgs.length).toBeGreaterThan(5);
      for (const file of svgs) {
        const svg = await readFile(file);
        // A strict reader, other than what draws the PNG beside it.
        expect((await sharp(svg).metadata()).format, file).toBe('svg');
        expect((await sharp(file.replace(/svg$/, 'png')).metadata()).format).toBe('png');
        const { document: drawn } = parseHTML(`<html><body>${String(svg)}</body></html>`);
        expect(drawn.querySelectorAll('script, image[href^="http"], [onload], [onclick]').length).toBe(0);
      }
      const page = await readFile(html, 'utf8');
      const { document } = parseHTML(page);
      expect(document.querySelectorAll('script, iframe, [onload], [onclick]').length).toBe(0);
      for (const name of [
        ...(await filesIn(report, '.csv')),
        ...(await filesIn(report, '.tex')),
        html,
        markdown,
      ]) {
        const written = await readFile(name, 'utf8');
        // eslint-disable-next-line no-control-regex
        expect(written, name).not.toMatch(/[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u202e\u2066\ufffe\uffff]/);
        if (name.endsWith('.tex')) expect(written).not.toMatch(/(?<!\\textbackslash\{\})(?<!\\)\\input/);
      }
    },
  );
});
