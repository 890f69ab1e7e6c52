import type { RunRecord } from '@weightmap/records';
import { html, type Html } from './html.js';
import { toCsv } from '../csv.js';
import { count, duration, list, number } from '../format.js';
import type { Summary } from '../model/summary.js';
import { variantName } from '../variant-names.js';

const engineName = ({ provenance: { engine } }: RunRecord): string =>
  engine.tensorflow === null
    ? `${engine.name}, tfjs ${engine.tfjs}`
    : `${engine.name}, TensorFlow ${engine.tensorflow}, tfjs ${engine.tfjs}`;

const codeName = ({ provenance: { git, version } }: RunRecord): string =>
  git ? `${git.sha.slice(0, 7)}${git.dirty ? ' + uncommitted changes' : ''}` : `version ${version}`;

const recordsOf = ({ benchmarks }: Summary): RunRecord[] =>
  benchmarks.flatMap(({ variants }) => variants.flatMap(({ stored }) => stored.map(({ record }) => record)));

/** Where the records come from, in a sentence: code, engine, machines, time spent. */
export function provenanceSentence(summary: Summary): string {
  const records = recordsOf(summary);
  if (records.length === 0) return 'There is no record yet.';
  const distinct = (of: (record: RunRecord) => string) => list([...new Set(records.map(of))].sort());
  const seconds = records.reduce(
    (sum, { seconds: { training, evaluation } }) => sum + training + evaluation,
    0,
  );
  return (
    `${count(records.length, 'record')}, code ${distinct(codeName)}, engine ${distinct(engineName)}, ` +
    `on ${distinct(({ provenance }) => provenance.host)}; ${duration(seconds)} of training and evaluation in all.`
  );
}

/** One row a record: what it takes to make it again, or to doubt it. */
export function provenanceTable(summary: Summary): Html {
  return html`<div class="scroll" role="region" aria-label="Provenance" tabindex="0">
    <table class="small">
      <caption>
        <span>One row a record. Two records with the same cell were made from the same configuration.</span>
      </caption>
      <thead>
        <tr>
          ${['Variant', 'Data', 'Trial', 'Seed', 'Cell', 'Checksum of the data', 'Epochs', 'Code', 'Engine', 'Threads', 'Node', 'Host', 'Finished', 'Training', 'Evaluation'].map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${recordsOf(summary).map(
          (record) =>
            html`<tr>
              <th scope="row">${variantName(record.cell.variant, record.cell.architecture).long}</th>
              <td>${record.cell.dataset.label}</td>
              <td class="num">${record.cell.trial}</td>
              <td class="num">${record.cell.seed}</td>
              <td><code title="${record.cellId}">${record.cellId.slice(0, 8)}</code></td>
              <td>
                <code title="${record.cell.dataset.checksum}"
                  >${record.cell.dataset.checksum.slice(0, 8)}</code
                >
              </td>
              <td class="num">${record.selectedEpoch} of ${record.cell.training.epochs}</td>
              <td><code>${codeName(record)}</code></td>
              <td>${engineName(record)}</td>
              <td class="num">${record.provenance.engine.threads}</td>
              <td>${record.provenance.node}</td>
              <td>${record.provenance.host} <small>${record.provenance.platform}</small></td>
              <td>${record.provenance.finishedAt.slice(0, 16).replace('T', ' ')}</td>
              <td class="num">${duration(record.seconds.training)}</td>
              <td class="num">${duration(record.seconds.evaluation)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The same as CSV, nothing shortened. */
export const provenanceCsv = (summary: Summary): string =>
  toCsv({
    columns: [
      ...['dataset', 'variant', 'trial', 'seed', 'cell_id', 'dataset_checksum', 'epochs', 'selected_epoch'],
      ...[
        'git_sha',
        'git_dirty',
        'version',
        'engine',
        'tensorflow',
        'tfjs',
        'threads',
        'node',
        'host',
        'platform',
      ],
      ...['finished_at', 'training_seconds', 'evaluation_seconds'],
    ],
    rows: recordsOf(summary).map(({ cell, provenance, ...record }) => [
      ...[cell.dataset.label, cell.variant, cell.trial, cell.seed, record.cellId, cell.dataset.checksum],
      ...[cell.training.epochs, record.selectedEpoch],
      ...[
        provenance.git?.sha ?? null,
        provenance.git ? String(provenance.git.dirty) : null,
        provenance.version,
      ],
      ...[
        provenance.engine.name,
        provenance.engine.tensorflow,
        provenance.engine.tfjs,
        provenance.engine.threads,
      ],
      ...[provenance.node, provenance.host, provenance.platform, provenance.finishedAt],
      ...[record.seconds.training, record.seconds.evaluation],
    ]),
  });

/** How the models were trained, a line a benchmark. */
export const protocolLines = ({ benchmarks }: Summary): string[] =>
  benchmarks.map(({ title, conditions: { dataset, training, evaluation } }) =>
    [
      `${title}: ${number(dataset.train)} training, ${number(dataset.validation)} validation and ${number(dataset.test)} test images`,
      `${count(training.epochs, 'epoch')} of Adam, learning rate ${training.learningRate}, batches of ${training.batchSize}`,
      training.augmentation === 'none' ? 'no augmentation' : 'augmentation by padding and random crops',
      `weights of the ${training.selection === 'best' ? 'epoch with the lowest validation error' : 'last epoch'}`,
      `noise rescaled ${evaluation.noiseRescale === 'min-max' ? 'by each image’s own range' : 'by 1/(1 + β)'}`,
      `robustness on ${evaluation.robustnessImages === null ? 'all test images' : `${number(evaluation.robustnessImages)} test images`}`,
    ].join('; '),
  );
