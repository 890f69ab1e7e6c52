import { argumentError, show } from './_argument-error.js';

/**
 * What counts as the fan-in of a weight map layer, which the paper leaves open:
 *
 * - `window`: Ci·k², the products that one output sums, as for a convolution (the default);
 * - `channels`: Ci, the products of one pixel;
 * - `map`: Ci·H·W, the whole input.
 */
export const FAN_IN_RULES = ['window', 'channels', 'map'] as const;
/** A row of `FAN_IN_RULES`. */
export type FanInRule = (typeof FAN_IN_RULES)[number];

/** The fan-in of a layer on inputs [H, W, Ci] with a k×k window. */
export function fanIn(
  rule: FanInRule,
  {
    inputShape: [height, width, channels],
    kernelSize,
  }: { inputShape: readonly number[]; kernelSize: number },
): number {
  if (rule === 'window') return channels * kernelSize ** 2;
  return rule === 'channels' ? channels : channels * height * width;
}

export function requireFanInRule(where: string, rule: unknown): void {
  if (!(FAN_IN_RULES as readonly unknown[]).includes(rule))
    throw argumentError(`${where}: fanIn`, `got ${show(rule)}`, FAN_IN_RULES.map(show).join(', '));
}
