import { readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');

/** A fenced block of a document. */
interface Fence {
  /** Line of the document, from 1. */
  readonly line: number;
  /** `sh`, `sh no-test`, `js title=name.mjs`, `yaml title=name.yaml`, … */
  readonly info: string;
  readonly text: string;
}

/** What a reader does who follows a document: write a file, or run a block; and what the document says is then printed. */
export type Step =
  | { readonly line: number; readonly file: string; readonly text: string }
  | {
      readonly line: number;
      readonly commands: readonly string[];
      readonly runs: boolean;
      readonly shown: string | null;
    };

/**
 * The steps of a document, in order. A block `text` right after one that runs is what it prints.
 *
 * @param document relative to the repository.
 */
export function stepsOf(document: string): Step[] {
  const fences = fencesOf(readFileSync(path.join(root, document), 'utf8'));
  return fences.flatMap(({ line, info, text }, i): Step[] => {
    const file = /^(?:js|yaml) title=(\S+)$/.exec(info)?.[1];
    if (file) return [{ line, file, text }];
    if (info !== 'sh' && info !== 'sh no-test') return [];
    const next = fences[i + 1];
    const shown = info === 'sh' && next?.info === 'text' ? next.text : null;
    return [{ line, commands: commandsOf(text), runs: info === 'sh', shown }];
  });
}

function fencesOf(markdown: string): Fence[] {
  const lines = markdown.split('\n');
  const fences: Fence[] = [];
  for (let start = 0; start < lines.length; start++) {
    if (!lines[start].startsWith('```')) continue;
    const end = lines.indexOf('```', start + 1);
    if (end < 0) throw new Error(`a block that begins in line ${start + 1} has no end`);
    fences.push({
      line: start + 1,
      info: lines[start].slice(3),
      text: `${lines.slice(start + 1, end).join('\n')}\n`,
    });
    start = end;
  }
  return fences;
}

/** One a line; a line that ends with a backslash goes on in the next. */
const commandsOf = (block: string): string[] =>
  block
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'));

/** What doesn't change from run to run: words. Numbers become N, spaces one. */
const withoutNumbers = (line: string): string =>
  line
    .replace(/\d+(?:[.,:]\d+)*/g, 'N')
    .replace(/\s+/g, ' ')
    .trim();

/**
 * The lines shown that were not printed in that order. `…` matches any text, alone in a line any lines.
 *
 * @returns empty if all were.
 */
export function notPrinted(shown: string, printed: string): string[] {
  const lines = printed.split('\n').map(withoutNumbers);
  let from = 0;
  return shown.split('\n').filter((line) => {
    if (!line.trim() || line.trim() === '…') return false;
    const pattern = withoutNumbers(line)
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    const found = lines.findIndex((candidate, i) => i >= from && new RegExp(`^${pattern}$`).test(candidate));
    if (found < 0) return true;
    from = found + 1;
    return false;
  });
}
