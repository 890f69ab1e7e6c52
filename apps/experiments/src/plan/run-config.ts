import path from 'node:path';
import { messageOf, WeightmapError } from '@weightmap/core';
import { readIfThere } from '@weightmap/core/files';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { keyOf, runConfigSchema, runOptions, type RunOption } from './run-options.js';

/** Far more than all options together take. The time to check YAML for equal keys grows with the square of their number. */
const MAX_BYTES = 2 ** 15;

/**
 * Levels of lists and maps. The parser calls itself for each; where that uses up the stack, Node may end without a message.
 * Indented levels are fewer than 300 in a file of that size.
 */
const MAX_DEPTH = 50;

/**
 * The settings of a configuration file, JSON or YAML, by the keys of the options; paths are made absolute.
 *
 * @throws WeightmapError if it is missing, is larger than 32 KiB, can't be parsed, or has a key or a value that isn't allowed; each with its place.
 */
export async function readRunConfig(file: string): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readIfThere(file);
  if (!bytes) throw new WeightmapError('There is no such configuration file.', { where: file });
  if (bytes.length > MAX_BYTES)
    throw new WeightmapError(`The configuration file has ${bytes.length} bytes.`, {
      where: file,
      expected: `at most ${MAX_BYTES} bytes`,
      fix: 'name the file with the options of `weightmap run`; globs such as cnn-* replace long lists',
    });
  const content = parsed(bytes.toString('utf8'), file);
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

/** The content of YAML, which JSON is a part of. A warning is an error: it says that the text may mean something else. */
function parsed(text: string, file: string): unknown {
  const unreadable = (why: string) =>
    new WeightmapError("The configuration file can't be read.", {
      where: `${file}: ${why}`,
      expected: 'JSON or YAML',
    });
  if (depthOf(text) > MAX_DEPTH) throw unreadable('it is nested too deeply');
  try {
    const document = parseDocument(text, { logLevel: 'silent' });
    const [trouble] = [...document.errors, ...document.warnings];
    if (trouble) throw unreadable(trouble.message.split('\n')[0]);
    return document.toJS();
  } catch (error) {
    if (error instanceof WeightmapError) throw error;
    throw unreadable(messageOf(error).split('\n')[0]);
  }
}

/** At least as deep as the text is nested by brackets and by marks such as `- - -` at the beginning of a line. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (const character of text) {
    if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
  }
  for (const line of text.split(/[\r\n]+/)) {
    const [marks] = /^(?:[ \t]*[-?:][ \t])*/.exec(line)!;
    most = Math.max(most, marks.replaceAll(/[ \t]/g, '').length);
  }
  return most;
}
