import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { parse } from 'yaml';
import { z } from 'zod';
import { keyOf, runConfigSchema, runOptions, type RunOption } from './run-options.js';

/**
 * The settings of a configuration file, JSON or YAML, by the keys of the options; paths are made absolute.
 *
 * @throws WeightmapError if it is missing, can't be parsed, or has a key or a value that isn't allowed; each with its place.
 */
export async function readRunConfig(file: string): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readIfThere(file);
  if (!bytes) throw new WeightmapError('There is no such configuration file.', { where: file });
  let content: unknown;
  try {
    content = parse(bytes.toString('utf8')); // YAML contains JSON
  } catch (error) {
    throw new WeightmapError("The configuration file can't be read.", {
      where: `${file}: ${messageOf(error).split('\n')[0]}`,
      expected: 'JSON or YAML',
    });
  }
  const checked = runConfigSchema.safeParse(content);
  if (!checked.success)
    throw new WeightmapError('The configuration file has an invalid setting.', {
      where: `${file}: ${z.prettifyError(checked.error).replaceAll(/\n\s*/g, ' ')}`,
      expected: 'the options of `weightmap run`, in camel case',
      fix: '`weightmap schema` prints the allowed settings',
    });
  const { $schema: _, ...config } = checked.data as Record<string, unknown>;
  for (const option of Object.values<RunOption>(runOptions)) {
    const key = keyOf(option);
    if (option.isPath && config[key] !== undefined) config[key] = absolute(config[key], path.dirname(file));
  }
  return config;
}

const absolute = (value: unknown, folder: string): unknown =>
  Array.isArray(value)
    ? value.map((one: string) => path.resolve(folder, one))
    : path.resolve(folder, value as string);
