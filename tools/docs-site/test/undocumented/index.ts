/** Has a name and an age. */
export interface Person {
  /** As others say it. */
  name: string;
  age: number;
}

export const oldest = (people: readonly Person[]): number => Math.max(...people.map(({ age }) => age));

/** See {@link youngest}, which doesn't exist. */
export const count = (people: readonly Person[]): number => people.length;
