import type { Answer } from '../state.js';

type Looked = Extract<Answer, { look: object }>;

/** Whether the prediction is correct: the true class or, without a label, the prediction for the clean image. */
export const isRight = ({ wish, look }: Looked): boolean =>
  look.predicted === (wish.image.label ?? look.cleanPredicted);

/** What a bar and a sentence call the class that abstains, which follows those of the data. */
export const ABSTAINS = 'abstains';

/** The prediction in words. */
export function verdictOf(answer: Looked, classes: readonly string[]) {
  const { wish, look } = answer;
  const right = isRight(answer);
  if (look.abstains) return { isRight: right, text: ABSTAINS };
  const said = `predicts ${classes[look.predicted]}`;
  if (wish.image.label === null)
    return {
      isRight: right,
      text: right ? said : `${said} instead of ${classes.at(look.cleanPredicted) ?? 'abstaining'}`,
    };
  return {
    isRight: right,
    text: right ? `${said}: correct` : `${said}: wrong, the label is ${classes[wish.image.label]}`,
  };
}

/** A summary of all networks in one sentence, also for screen readers. */
export function summaryOf(answers: readonly (Answer | undefined)[], says: string): string {
  const looks = answers.filter(
    (answer): answer is Looked => answer !== undefined && answer.problem === undefined,
  );
  if (looks.length === 0) return 'Loading …';
  // A network that abstains from an attacked image isn't fooled by it.
  const isUnchanged = looks.every(({ wish }) => wish.strength === 0);
  const fooled = looks.filter((answer) => !isRight(answer) && (isUnchanged || !answer.look.abstains)).length;
  const whom = fooledOf(fooled, looks.length);
  if (isUnchanged)
    return fooled === 0
      ? 'The image is unchanged, and no network is wrong.'
      : `The image is unchanged, and ${whom} ${fooled === 1 ? 'is' : 'are'} wrong.`;
  return `${says} fools ${whom}.`;
}

function fooledOf(fooled: number, all: number): string {
  if (all === 1) return fooled === 1 ? 'the network' : 'no network';
  if (fooled === 0) return `none of ${all} networks`;
  return fooled === all ? `all ${all} networks` : `${fooled} of ${all} networks`;
}
