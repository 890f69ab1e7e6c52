import { expect, test } from 'vitest';
import { conditionsOf, isEvidence, likeForLike } from '../src/model/likeness.js';
import { makeRecord, type MadeRecord } from '@weightmap/test-utils/records';

const conditions = (made: MadeRecord) => conditionsOf(makeRecord(made).cell);

test('results of a subset or of a few epochs are no evidence', () => {
  expect(isEvidence(conditions({}))).toBe(true);
  expect(isEvidence(conditions({ training: { epochs: 30 } }))).toBe(true);
  expect(isEvidence(conditions({ training: { epochs: 9 } }))).toBe(false);
  expect(isEvidence(conditions({ data: { train: 5000 } }))).toBe(false);
  expect(isEvidence(conditions({ data: { test: 1000 } }))).toBe(false);
  // Some photos that can't be read are no subset.
  expect(isEvidence(conditions({ data: { train: 53_900 } }))).toBe(true);
});

test('a few epochs are named where the paper’s number does not apply', () => {
  const made = { data: { id: 'mine', label: 'my photos' }, training: { epochs: 3 } };
  expect(likeForLike(conditions(made)).caveats).toEqual([
    'the images are my photos, which the paper did not use',
    'trained for 3 epochs',
  ]);
});
