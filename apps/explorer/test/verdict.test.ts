import type { AttackInfo } from '@weightmap/core';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../src/state.js';
import { barClass } from '../src/view/probability-bars.js';
import { summaryOf, truthOf, verdictOf } from '../src/view/verdict.js';

const answer = (
  predicted: number,
  {
    label = 1,
    strength = 0.1,
    target = null,
  }: { label?: number | null; strength?: number; target?: number | null } = {},
) =>
  ({
    wish: {
      image: { pixels: new Float32Array(1), label, index: null },
      ...{ attack: {} as AttackInfo, strength, target, seed: 1 },
    },
    look: { predicted, cleanPredicted: 2 },
  }) as unknown as Extract<Answer, { look: object }>;
const classes = ['a', 'b', 'c'];

describe('the verdict on a network', () => {
  it('is by the true class, or by what it said before where nobody knows that', () => {
    expect(verdictOf(answer(1), classes)).toEqual({ isRight: true, text: 'predicts b: correct' });
    expect(verdictOf(answer(2), classes)).toEqual({
      isRight: false,
      text: 'predicts c: wrong, the label is b',
    });
    expect(verdictOf(answer(2, { label: null }), classes)).toEqual({ isRight: true, text: 'predicts c' });
    expect(verdictOf(answer(0, { label: null }), classes)).toEqual({
      isRight: false,
      text: 'predicts a instead of c',
    });
  });

  it('says that a network abstains: wrong, but not fooled', () => {
    const abstaining = { ...answer(3), look: { ...answer(3).look, abstains: true } };
    expect(verdictOf(abstaining, classes)).toEqual({ isRight: false, text: 'abstains' });
    expect(summaryOf([abstaining, answer(2)], 'FGSM')).toBe('FGSM fools 1 of 2 networks.');
    const unchanged = { ...abstaining, wish: { ...abstaining.wish, strength: 0 } };
    expect(summaryOf([unchanged], 'FGSM')).toBe('The image is unchanged, and the network is wrong.');
  });

  it('counts the target alone where the attack aims at one', () => {
    const aimed = (predicted: number) => answer(predicted, { target: 2 });
    expect(verdictOf(aimed(2), classes).text).toBe('predicts c, the target: wrong, the label is b');
    expect(verdictOf(aimed(0), classes).text).toBe('predicts a: wrong, the label is b');
    expect(summaryOf([aimed(2), aimed(0)], 'FGSM', classes)).toBe('FGSM makes 1 of 2 networks predict c.');
    expect(summaryOf([aimed(0)], 'FGSM', classes)).toBe('FGSM makes no network predict c.');
  });

  it.each([
    [[], 'Loading …'],
    [[answer(1), answer(1)], 'FGSM fools none of 2 networks.'],
    [[answer(1), answer(2), undefined], 'FGSM fools 1 of 2 networks.'],
    [[answer(0), answer(2)], 'FGSM fools all 2 networks.'],
    [[answer(0)], 'FGSM fools the network.'],
    [[answer(1), { wish: answer(1).wish, problem: 'missing' }], 'FGSM fools no network.'],
    [[answer(1, { strength: 0 })], 'The image is unchanged, and no network is wrong.'],
    [
      [answer(1, { strength: 0 }), answer(2, { strength: 0 })],
      'The image is unchanged, and 1 of 2 networks is wrong.',
    ],
  ] as const)('is summed up: %#', (answers, sentence) => {
    expect(summaryOf(answers, 'FGSM')).toBe(sentence);
  });
});

describe('the bar of a class', () => {
  const barsOf = (one: ReturnType<typeof answer>) =>
    [0, 1, 2].map((index) => barClass(index, { predicted: one.look.predicted, truth: truthOf(one) }));

  it('is that of an error only where the prediction is none of the truth', () => {
    expect(barsOf(answer(1))).toEqual(['', 'predicted true', '']);
    expect(barsOf(answer(2))).toEqual(['', 'true', 'predicted']);
  });

  it('of a drawing is right where the prediction is that without the attack', () => {
    expect(barsOf(answer(2, { label: null }))).toEqual(['', '', 'predicted true']);
    expect(barsOf(answer(0, { label: null }))).toEqual(['predicted', '', 'true']);
  });
});
