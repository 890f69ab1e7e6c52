const ts = require('typescript');

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** A docstring is no place for a paragraph. */
const MAX_DESCRIPTION = 100;

/**
 * What a component is called in code, by its id.
 *
 * @param {string} name as it was typed.
 * @param {string} kind for errors: `attack`.
 * @returns `id` in kebab-case, `identifier` in camelCase, `type` in PascalCase, `label` for people, and `key` in an object.
 * @throws Error if it is no id, or would be no name of a value in JavaScript.
 */
function namesOf(name, kind) {
  const id = String(name ?? '');
  if (!KEBAB.test(id)) {
    const suggestion = kebabOf(id);
    throw new Error(
      `"${id}" can't be the name of ${article(kind)} ${kind}: lower-case letters, digits and single dashes are expected, a letter first` +
        (KEBAB.test(suggestion) ? `, such as "${suggestion}".` : '.'),
    );
  }
  const identifier = id.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  if (isReserved(identifier))
    throw new Error(
      `"${id}" can't be the name of ${article(kind)} ${kind}: ${identifier} is a word of JavaScript.`,
    );
  const spaced = id.replaceAll('-', ' ');
  return {
    id,
    identifier,
    type: identifier[0].toUpperCase() + identifier.slice(1),
    label: spaced[0].toUpperCase() + spaced.slice(1),
    key: id === identifier ? id : `'${id}'`,
  };
}

/** Keywords, and what every object has: a registry is asked for its ids. */
function isReserved(identifier) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, identifier);
  return (
    scanner.scan() !== ts.SyntaxKind.Identifier ||
    identifier in {} ||
    ['eval', 'arguments'].includes(identifier)
  );
}

const kebabOf = (text) =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');

const article = (noun) => (/^[aeiou]/.test(noun) ? 'an' : 'a');

/**
 * A sentence's beginning for a docstring, without its full stop.
 *
 * @throws Error if it would end the comment or doesn't fit a line.
 */
function descriptionOf(description, otherwise) {
  const text = (description ?? otherwise).trim().replace(/\.$/, '');
  if (text === '' || text.length > MAX_DESCRIPTION || /[\r\n]|\*\//.test(text))
    throw new Error(
      `That can't be a --description: one line of 1 to ${MAX_DESCRIPTION} characters without "*/" is expected.`,
    );
  return text;
}

module.exports = { namesOf, descriptionOf, article };
