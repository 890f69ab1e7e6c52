import type { Answer } from '../state.js';

type Looked = Extract<Answer, { look: object }>;

/** Whether a network still says what it should: the true class, or where nobody knows it what it said of the clean image. */
export const isRight = ({ wish, look }: Looked): boolean =>
  look.predicted === (wish.image.label ?? look.cleanPredicted);

/** That in words. */
export function verdictOf(answer: Looked, classes: readonly string[]) {
  const { wish, look } = answer;
  const said = `says ${classes[look.predicted]}`;
  const right = isRight(answer);
  if (wish.image.label === null)
    return { isRight: right, text: right ? said : `${said}, was ${classes[look.cleanPredicted]}` };
  return {
    isRight: right,
    text: right ? `${said}: right` : `${said}: wrong, it is ${classes[wish.image.label]}`,
  };
}

/** The state of things in a sentence, for those who see the cards and those who hear them. */
export function summaryOf(answers: readonly (Answer | undefined)[], says: string): string {
  const looks = answers.filter(
    (answer): answer is Looked => answer !== undefined && answer.problem === undefined,
  );
  if (looks.length === 0) return 'Loading …';
  const fooled = looks.filter((answer) => !isRight(answer)).length;
  const whom = fooledOf(fooled, looks.length);
  if (looks.every(({ wish }) => wish.strength === 0))
    return fooled === 0
      ? 'Nothing is changed, and nobody is wrong.'
      : `Nothing is changed, and ${whom} ${fooled === 1 ? 'is' : 'are'} wrong already.`;
  return `${says} fools ${whom}.`;
}

function fooledOf(fooled: number, all: number): string {
  if (all === 1) return fooled === 1 ? 'the network' : 'nobody';
  if (fooled === 0) return `none of ${all} networks`;
  return fooled === all ? `all ${all} networks` : `${fooled} of ${all} networks`;
}
