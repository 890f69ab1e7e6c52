import { layerKinds, WeightmapError, type Plugin } from '@weightmap/core';
import { canonicalJson, cellDefenseSchema } from '@weightmap/records';
import { z } from 'zod';

const isFunction = z.custom<() => unknown>((value) => typeof value === 'function', 'a function is expected');
/** Ids name folders and are typed in a shell. */
const id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'an id in kebab-case is expected, such as my-own');
/** Of a layer, as tfjs registers it. */
const className = z.string().regex(/^[A-Za-z_$][\w$]*$/, "a layer's class name is expected, such as MyLayer");
const text = z.string().min(1);
const size = z.number().int().positive();

const datasetSchema = z.looseObject({
  id,
  label: text,
  spec: z.looseObject({
    height: size,
    width: size,
    channels: size,
    classes: z.array(text).min(2).max(256),
  }),
  load: isFunction,
  locate: isFunction,
});

const metricSchema = z.looseObject({ id, label: text, unit: z.string(), source: text, measure: isFunction });

const optionalFunction = isFunction.optional();

/** The word of `--defense` that means no defence. */
export const NO_DEFENSE = 'none';

const defenseSchema = z
  .looseObject({
    id: id.refine(
      (given) => given !== NO_DEFENSE,
      `an id other than ${NO_DEFENSE}, which is no defence, is expected`,
    ),
    label: text,
    source: text,
    kinds: z.array(z.enum(['objective', 'teacher', 'architecture', 'input', 'post-hoc', 'reject'])).min(1),
    optimisesAtTest: z.boolean(),
    isRandom: z.boolean(),
    adaptive: z
      .array(z.looseObject({ attack: text, why: text }))
      .min(1, 'an attack that knows the defence, or several, is expected'),
    defaults: cellDefenseSchema.shape.options,
    strength: z.string().nullable(),
    parse: isFunction,
    gradients: isFunction,
    networkSpec: optionalFunction,
    build: optionalFunction,
    teachers: optionalFunction,
    objective: optionalFunction,
    wrap: optionalFunction,
  })
  .refine(({ strength, defaults }) => strength === null || Object.hasOwn(defaults, strength), {
    path: ['strength'],
    message: 'the name of an option of `defaults`, or null, is expected',
  })
  .refine(({ build, objective, networkSpec, wrap }) => build ?? objective ?? networkSpec ?? wrap, {
    message: 'one or more of build, objective, networkSpec and wrap are expected: it changes nothing',
  });

/** The parts of a plugin. Another key is refused: it is a typing mistake, such as `dataset` for `datasets`. */
const pluginSchema = z.strictObject({
  datasets: z.record(id, datasetSchema).optional(),
  architectures: z.record(id, z.looseObject({ label: text, source: text, build: isFunction })).optional(),
  variants: z
    .array(
      z.strictObject({
        id,
        architecture: text,
        label: text,
        shortLabel: text.optional(),
        kinds: z.array(z.enum(layerKinds)).min(1).optional(),
        datasets: z.array(text),
        options: z.unknown(),
        gradCamLayer: text,
      }),
    )
    .optional(),
  attacks: z.record(id, isFunction).optional(),
  defenses: z.record(id, defenseSchema).optional(),
  metrics: z.record(id, metricSchema).optional(),
  flops: z.record(className, isFunction).optional(),
});

export const pluginParts = Object.keys(pluginSchema.shape) as (keyof Plugin)[];

const attackSchema = z.looseObject({
  id,
  label: text,
  kind: z.enum(['noise', 'fixed', 'minimal']),
  strengthUnit: text,
  norm: z.enum(['linf', 'l2', 'l1', 'l0']).nullable(),
  leastClasses: z.number().int().min(2).optional(),
  targeted: z.boolean(),
  usesGradient: z.boolean(),
  source: text,
  run: isFunction,
});

/**
 * A value as a plugin, checked but not copied: its parts may be objects of classes.
 *
 * @param file for errors.
 * @throws WeightmapError that names every place that is wrong.
 */
export function checkPlugin(value: unknown, file: string): Plugin {
  check(pluginSchema, value, file, '');
  const plugin = value as Plugin;
  for (const part of ['datasets', 'defenses', 'metrics'] as const)
    for (const [key, row] of Object.entries<{ readonly id: string }>(plugin[part] ?? {}))
      if (row.id !== key)
        throw wrongShape(file, `${part}.${key}.id is "${row.id}", "${key}" is expected: ids are the keys`);
  if (pluginParts.every((part) => Object.keys(plugin[part] ?? {}).length === 0))
    throw wrongShape(file, 'it has no components');
  return plugin;
}

/** @throws WeightmapError if what a factory made is no attack, or goes by another id. */
export function checkAttack(value: unknown, key: string, file: string): void {
  check(attackSchema, value, file, `attacks.${key}().`);
  const { id: called } = value as { id: string };
  if (called !== key)
    throw wrongShape(file, `attacks.${key}().id is "${called}", "${key}" is expected: ids are the keys`);
}

/** @throws WeightmapError if what a defence's `parse` gives for no options is something else than its defaults. */
export function checkParsedOptions(value: unknown, key: string, defaults: object, file: string): void {
  check(cellDefenseSchema.shape.options, value, file, `defenses.${key}.parse({})`);
  if (canonicalJson(value) !== canonicalJson(defaults))
    throw wrongShape(
      file,
      `defenses.${key}.parse({}) gives ${canonicalJson(value)}, its defaults ${canonicalJson(defaults)} are expected`,
    );
}

function check(schema: z.ZodType, value: unknown, file: string, prefix: string): void {
  const { error } = schema.safeParse(value);
  if (!error) return;
  const places = error.issues.map((issue) => {
    const place = `${prefix}${issue.path.map(String).join('.')}`;
    // Of a key it only says that it is wrong, and why within.
    const inner = issue.code === 'invalid_key' ? issue.issues : [issue];
    const message = inner.map((one) => one.message).join(', ');
    return place === '' ? message : `${place.replace(/\.$/, '')}: ${message}`;
  });
  throw wrongShape(file, places.join('; '));
}

const wrongShape = (file: string, what: string) =>
  new WeightmapError('This module is not a plugin.', {
    where: `${file}: ${what}`,
    expected: `an object with any of ${pluginParts.join(', ')}, as \`definePlugin\` of @weightmap/core has it`,
  });
