import { WeightmapError, type Defense } from '@weightmap/core';
import { cellDefenseSchema, type CellDefense } from '@weightmap/records';
import { z } from 'zod';
import { parseStrength } from '../attack/choice.js';
import { defenseRows } from '../plugins/components.js';
import { NO_DEFENSE as NONE } from '../plugins/plugin-schema.js';
import { unknownName } from '../terminal/nearest.js';

/** A defence that a grid crosses its variants with. */
export interface ChosenDefense extends CellDefense {
  /** Its row in the registry. */
  readonly row: Defense;
}

/**
 * Parses defences as `--defense` takes them: `none` for the plain network, or an id, with options after it that differ from the
 * defaults: `pgd-training:epsilon=0.1:steps=7`.
 *
 * @returns one row for each text, null for `none`.
 * @throws WeightmapError if an id or an option is unknown, or if a choice is given twice.
 */
export function chooseDefenses(texts: readonly string[]): (ChosenDefense | null)[] {
  const chosen = texts.map(parseDefense);
  const keys = chosen.map((choice) => choice && JSON.stringify([choice.id, choice.options]));
  const twice = keys.findIndex((key, i) => keys.indexOf(key) < i);
  if (twice >= 0)
    throw new WeightmapError(`The defence ${texts[twice]} is given twice.`, {
      where: `--defense ${texts.join(',')}`,
      expected: 'each defence once with the same options',
    });
  return chosen;
}

function parseDefense(text: string): ChosenDefense | null {
  const [id, ...settings] = text.split(':').map((part) => part.trim());
  if (text.trim() === NONE) return null;
  const rows = defenseRows();
  if (!Object.hasOwn(rows, id))
    throw unknownName('defence', id, [...Object.keys(rows), NONE], `--defense ${text}`);
  const row = rows[id];
  const given: Record<string, unknown> = {};
  for (const setting of settings) {
    const [name, value, ...more] = setting.split('=').map((part) => part.trim());
    if (!name || !value || more.length > 0 || Object.hasOwn(given, name))
      throw new WeightmapError(`“${setting}” is not an option of a defence.`, {
        where: `--defense ${text}`,
        expected: 'options after the id, each once: pgd-training:epsilon=0.1:steps=7',
        fix: '`weightmap list --defenses` shows the options of each defence',
      });
    given[name] = valueOf(value);
  }
  const options = cellDefenseSchema.shape.options.safeParse(row.parse(given));
  if (options.success) return { id, options: options.data, row };
  throw new WeightmapError(`The options of the defence ${id} can't be kept in a record.`, {
    where: z.prettifyError(options.error).replaceAll('\n', ' '),
    expected: 'an object of plain JSON from the `parse` of the defence',
    fix: 'correct the plugin that the defence is from',
  });
}

/** A number, a fraction such as 8/255, true, false, or the text itself. */
function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return parseStrength(text) ?? text;
}

/** What a report calls a defence: its label, and the options that differ from the defaults. */
export function defenseLabel({ row, options }: ChosenDefense): string {
  const usual = row.defaults as Readonly<Record<string, unknown>>;
  const changed = Object.entries(options)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name]))
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return changed.length > 0 ? `${row.label} (${changed.join(', ')})` : row.label;
}
