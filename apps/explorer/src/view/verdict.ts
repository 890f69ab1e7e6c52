import type { Answer } from '../state.js';

type Looked = Extract<Answer, { look: object }>;

/** The true class or, without a label, the prediction for the clean image. */
export const truthOf = ({ wish, look }: Looked): number => wish.image.label ?? look.cleanPredicted;

/** Whether the prediction is correct. */
export const isRight = (answer: Looked): boolean => answer.look.predicted === truthOf(answer);

/** Whether the attack reached its aim: the target or, without one, any wrong class of the data. */
const isFooled = (answer: Looked): boolean => {
  const { wish, look } = answer;
  return wish.target === null ? !isRight(answer) && !look.abstains : look.predicted === wish.target;
};

/** What a bar and a sentence call the class that abstains, which follows those of the data. */
export const ABSTAINS = 'abstains';

/** The prediction in words. */
export function verdictOf(answer: Looked, classes: readonly string[]) {
  const { wish, look } = answer;
  const right = isRight(answer);
  if (look.abstains) return { isRight: right, text: ABSTAINS };
  const aim = look.predicted === wish.target ? ', the target' : '';
  const said = `predicts ${classes[look.predicted]}${aim}`;
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

/**
 * A summary of all networks in one sentence, also for screen readers.
 *
 * @param says the attack and its strength.
 * @param classes of the data, for the name of a target.
 */
export function summaryOf(
  answers: readonly (Answer | undefined)[],
  says: string,
  classes: readonly string[] = [],
): string {
  const looks = answers.filter(
    (answer): answer is Looked => answer !== undefined && answer.problem === undefined,
  );
  if (looks.length === 0) return 'Loading …';
  // A network that abstains from an attacked image isn't fooled by it.
  const isUnchanged = looks.every(({ wish }) => wish.strength === 0);
  const wrong = looks.filter((answer) => !isRight(answer));
  const whom = fooledOf(wrong.length, looks.length);
  if (isUnchanged)
    return wrong.length === 0
      ? 'The image is unchanged, and no network is wrong.'
      : `The image is unchanged, and ${whom} ${wrong.length === 1 ? 'is' : 'are'} wrong.`;
  const fooled = fooledOf(looks.filter(isFooled).length, looks.length);
  const { target } = looks[0].wish;
  return target === null ? `${says} fools ${fooled}.` : `${says} makes ${fooled} predict ${classes[target]}.`;
}

function fooledOf(fooled: number, all: number): string {
  if (all === 1) return fooled === 1 ? 'the network' : 'no network';
  if (fooled === 0) return `none of ${all} networks`;
  return fooled === all ? `all ${all} networks` : `${fooled} of ${all} networks`;
}
