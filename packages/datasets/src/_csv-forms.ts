import { formByBeginning, textOfBeginning } from './_file-forms.js';

const SEPARATORS: Readonly<Record<string, readonly [name: string, python: string]>> = {
  ';': ['semicolons', "';'"],
  '\t': ['tabs', "'\\t'"],
  '|': ['pipes (|)', "'|'"],
  ':': ['colons', "':'"],
  ' ': ['blanks', String.raw`r'\s+'`],
};

/** A name of a column without its quotes and the blanks around it, in lower case. */
const plain = (name: string) => name.replaceAll(/["']/g, '').trim().toLowerCase();

/** The first line of a CSV, without byte order mark. */
const headerOf = async (file: string) => (await textOfBeginning(file, 2 ** 16)).split(/\r\n|\n|\r/, 1)[0];

/** Whether names of columns have blanks before or after them, as `a, b` has: then those of the values don't count either. */
export async function hasBlanksAround(file: string): Promise<boolean> {
  const names = (await headerOf(file).catch(() => '')).split(',');
  return names.length > 1 && names.some((name) => name !== name.trim());
}

/**
 * Why a good file isn't read as CSV, if its beginning shows a common reason.
 *
 * @param required names of columns that a list has.
 */
export async function formOfCsv(
  file: string,
  required: readonly string[],
): Promise<{ what: string; fix: string } | null> {
  const form = await formByBeginning(file);
  if (form) return { what: `The file is ${form.is}.`, fix: form.fix };
  const header = await headerOf(file);
  if (/^\s*[[{]/.test(header))
    return {
      what: 'The file is a JSON, not a CSV.',
      fix: 'name it annotations.json, and move train.csv away',
    };
  const excel = /^"?sep=(.)"?/.exec(header);
  if (excel)
    return {
      what: `The CSV begins with the line ${excel[0]}, which Excel reads.`,
      fix: 'take that line out, and separate the values by commas',
    };
  if (required.every((name) => header.split(',').map(plain).includes(name))) return null;
  for (const [separator, [name, python]] of Object.entries(SEPARATORS)) {
    const columns = header.split(separator).map(plain);
    if (required.every((column) => columns.includes(column)) || isOnly(separator, header))
      return {
        what: `The values of the CSV are separated by ${name}.`,
        fix: `write it again with commas, such as by pandas.read_csv('train.csv', sep=${python}).to_csv('commas.csv', index=False) in Python; replacing the characters alone would break values that hold commas`,
      };
  }
  return null;
}

/** Whether a header without commas has several names with this separator between them. */
const isOnly = (separator: string, header: string): boolean =>
  separator !== ' ' && separator !== ':' && !header.includes(',') && header.split(separator).length > 2;
