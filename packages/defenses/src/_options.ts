import { WeightmapError } from '@weightmap/core';
import { z } from 'zod';

/** A radius or another size in units of pixels of [0, 1]. */
export const size = z.number().min(0).max(1);
/** A whole number of steps, from 1. */
export const steps = z.number().int().min(1).max(1000);
/** The length of a step as a share of ε. */
export const relativeStep = z.number().positive().max(2);
/** A share. */
export const share = z.number().min(0).max(1);

/** Makes the parser and the defaults of a defence from the schema of its options. */
export function optionsOf<Options extends object>(id: string, schema: z.ZodType<Options>) {
  const parse = (given: unknown): Options => {
    const parsed = schema.safeParse(given ?? {});
    if (parsed.success) return parsed.data;
    throw new WeightmapError(`The options of the defence ${id} are not valid.`, {
      where: z.prettifyError(parsed.error).replaceAll('\n', ' '),
      expected: `options such as ${JSON.stringify(schema.parse({}))}`,
    });
  };
  return { defaults: schema.parse({}), parse };
}

/** The identity of an objective: the defence and all its options. */
export const identityOf = (id: string, options: object): string => `${id} ${JSON.stringify(options)}`;
