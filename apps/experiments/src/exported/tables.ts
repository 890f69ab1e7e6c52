import { testErrorInterval } from '@weightmap/metrics';
import type { AttackedRun, StoredRecord } from '@weightmap/records';
import { attackData, type CsvValue, type Table } from '@weightmap/report';

/** What names a row's network: the first columns of every table, by which tables are joined. */
const PLACE = ['cell_id', 'dataset', 'variant', 'trial'];
const placeOf = ({ cellId, dataset, variant, trial }: StoredRecord['record']) => [
  ...[cellId, dataset, variant, trial],
];

/** A row a trained network. Percent, seconds, trainable parameters, operations an image. */
const networks = (stored: readonly StoredRecord[]): Table => ({
  columns: [
    ...[...PLACE, 'dataset_label', 'dataset_checksum', 'architecture', 'seed'],
    ...['train_images', 'validation_images', 'test_images'],
    ...['epochs', 'selected_epoch', 'batch_size', 'learning_rate', 'augmentation', 'selection'],
    ...['test_error_percent', 'test_error_low', 'test_error_high'],
    ...['parameters', 'flops_paper', 'flops_executed', 'seconds_training', 'seconds_evaluation'],
    ...['version', 'git', 'engine', 'tensorflow', 'threads', 'finished_at'],
  ],
  rows: stored.map(({ record }): CsvValue[] => {
    const { cell, flops, seconds, provenance } = record;
    const { dataset, training } = cell;
    const { low, high } = testErrorInterval(record.testErrorPercent, dataset.test);
    return [
      ...[...placeOf(record), dataset.label, dataset.checksum, cell.architecture, record.seed],
      ...[dataset.train, dataset.validation, dataset.test],
      ...[record.epochs, record.selectedEpoch, training.batchSize, training.learningRate],
      ...[training.augmentation, training.selection],
      ...[record.testErrorPercent, low, high],
      ...[
        record.parameters,
        flops?.paper ?? null,
        flops?.executed ?? null,
        seconds.training,
        seconds.evaluation,
      ],
      ...[provenance.version, provenance.git && provenance.git.sha + (provenance.git.dirty ? '-dirty' : '')],
      ...[provenance.engine.name, provenance.engine.tensorflow, provenance.engine.threads],
      provenance.finishedAt,
    ];
  }),
});

/** A row a network, kind of perturbation and strength: β of uniform noise, ε of FGSM. */
const robustness = (stored: readonly StoredRecord[]): Table => ({
  columns: [...PLACE, 'perturbation', 'strength', 'error_percent'],
  rows: stored.flatMap(({ record }) => [
    ...record.noise.map(({ beta, errorPercent }) => [
      ...placeOf(record),
      'uniform-noise',
      beta,
      errorPercent,
    ]),
    ...record.fgsm.map(({ epsilon, errorPercent }) => [...placeOf(record), 'fgsm', epsilon, errorPercent]),
  ]),
});

/** A row a network and epoch. */
const history = (stored: readonly StoredRecord[]): Table => ({
  columns: [...PLACE, 'epoch', 'train_loss', 'validation_loss', 'validation_error_percent'],
  rows: stored.flatMap(({ record }) =>
    record.history.map(({ epoch, trainLoss, validationLoss, validationErrorPercent }) => [
      ...[...placeOf(record), epoch, trainLoss, validationLoss, validationErrorPercent],
    ]),
  ),
});

/** Everything that a run measured, as tables; `attacks` where it was attacked. */
export const tablesOf = (
  stored: readonly StoredRecord[],
  attacked: AttackedRun | null,
): Readonly<Record<string, Table>> => ({
  networks: networks(stored),
  robustness: robustness(stored),
  history: history(stored),
  ...(attacked && { attacks: attackData(attacked) }),
});
