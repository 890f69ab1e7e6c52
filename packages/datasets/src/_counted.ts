/**
 * A count with its words in singular or plural.
 *
 * @example counted(1, 'image is', 'images are') // '1 image is'
 */
export const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
