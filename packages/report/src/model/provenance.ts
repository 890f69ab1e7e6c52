import type { RunRecord, StoredRecord } from '@weightmap/records';
import { toCsv } from '../csv.js';
import { count, duration, list, number, strength } from '../format.js';
import type { Summary } from './summary.js';

export const engineName = ({ provenance: { engine } }: RunRecord): string =>
  engine.tensorflow === null
    ? `${engine.name}, tfjs ${engine.tfjs}`
    : `${engine.name}, TensorFlow ${engine.tensorflow}, tfjs ${engine.tfjs}`;

export const codeName = ({ provenance: { git, version } }: RunRecord): string =>
  git ? `${git.sha.slice(0, 7)}${git.dirty ? ' + uncommitted changes' : ''}` : `version ${version}`;

const storedIn = ({ benchmarks }: Summary): StoredRecord[] =>
  benchmarks.flatMap(({ variants }) => variants.flatMap(({ stored }) => stored));

export const recordsOf = (summary: Summary): RunRecord[] => storedIn(summary).map(({ record }) => record);

/** Where the records come from, in a sentence: code, engine, machines, time spent. */
export function provenanceSentence(summary: Summary): string {
  const records = recordsOf(summary);
  if (records.length === 0) return 'There is no record yet.';
  const unsigned = storedIn(summary).filter(({ sha256 }) => sha256 === undefined).length;
  const distinct = (of: (record: RunRecord) => string) => list([...new Set(records.map(of))].sort());
  const seconds = records.reduce(
    (sum, { seconds: { training, evaluation } }) => sum + training + evaluation,
    0,
  );
  return (
    `${count(records.length, 'record')}, code ${distinct(codeName)}, engine ${distinct(engineName)}, ` +
    `on ${distinct(({ provenance }) => provenance.host)}; ${duration(seconds)} of training and evaluation in all.` +
    (unsigned === 0
      ? ''
      : ` ${unsigned} of them ${unsigned === 1 ? 'was' : 'were'} written by an earlier version, without a digest of the content.`)
  );
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
      ...['finished_at', 'training_seconds', 'evaluation_seconds', 'record_sha256'],
    ],
    rows: storedIn(summary).map(({ record: { cell, provenance, ...record }, sha256 }) => [
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
      ...[record.seconds.training, record.seconds.evaluation, sha256 ?? null],
    ]),
  });

function selectedEpoch({ selection, selectionEpsilon }: RunRecord['cell']['training']): string {
  if (selection === 'robust')
    return `epoch with the lowest validation error under PGD-10 at ε ${strength(selectionEpsilon!)}`;
  return selection === 'best' ? 'epoch with the lowest validation error' : 'last epoch';
}

/** How the models were trained, a line a benchmark. */
export const protocolLines = ({ benchmarks }: Summary): string[] =>
  benchmarks.map(({ title, conditions: { dataset, training, evaluation } }) =>
    [
      `${title}: ${number(dataset.train)} training, ${number(dataset.validation)} validation and ${number(dataset.test)} test images`,
      `${count(training.epochs, 'epoch')} of Adam, learning rate ${training.learningRate}, batches of ${training.batchSize}`,
      training.augmentation === 'none' ? 'no augmentation' : 'augmentation by padding and random crops',
      `weights of the ${selectedEpoch(training)}`,
      `noise rescaled ${evaluation.noiseRescale === 'min-max' ? 'by each image’s own range' : 'by 1/(1 + β)'}`,
      `robustness on ${evaluation.robustnessImages === null ? 'all test images' : `${number(evaluation.robustnessImages)} test images`}`,
    ].join('; '),
  );
