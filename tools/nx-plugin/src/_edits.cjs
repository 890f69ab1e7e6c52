/** Edits of TypeScript sources by their syntax trees: each takes a text and gives the changed text, to be formatted. */
const ts = require('typescript');

const parse = (text) => ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);

const insertAt = (text, position, insertion) => text.slice(0, position) + insertion + text.slice(position);

/** The modules of the package that a statement imports from or exports, in its order; null for other statements. */
const localModule = (statement) => {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return null;
  const module = statement.moduleSpecifier;
  return module && ts.isStringLiteral(module) && module.text.startsWith('./') ? module.text : null;
};

/**
 * Adds an import or a re-export of a module of the package where it belongs in the alphabet.
 *
 * @param {string} added such as `export * from './pgd.js';`
 */
function addModule(text, added) {
  const [statement] = parse(added).statements;
  const wanted = localModule(statement);
  const alike = parse(text).statements.filter(
    (known) => known.kind === statement.kind && localModule(known) !== null,
  );
  if (alike.length === 0) throw new Error('there is no statement like it');
  const next = alike.find((known) => localModule(known) > wanted);
  return next
    ? insertAt(text, next.getStart(), `${added}\n`)
    : insertAt(text, alike.at(-1).getEnd(), `\n${added}`);
}

const declarationOf = (source, name) =>
  source.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations)
    .find((declaration) => declaration.name.getText() === name);

/** What `{…} as const satisfies Record<…>` is about. */
const unwrapped = (expression) =>
  ts.isAsExpression(expression) ||
  ts.isSatisfiesExpression(expression) ||
  ts.isParenthesizedExpression(expression)
    ? unwrapped(expression.expression)
    : expression;

function literalOf(text, name, isWanted, what) {
  const initializer = declarationOf(parse(text), name)?.initializer;
  const literal = initializer && unwrapped(initializer);
  if (!literal || !isWanted(literal)) throw new Error(`there is no ${what} called ${name}`);
  return literal;
}

const objectOf = (text, name) => literalOf(text, name, ts.isObjectLiteralExpression, 'object');

/** After the last one, before the comma that may follow it. */
const addLast = (text, literal, list, added) =>
  list.length > 0
    ? insertAt(text, list.at(-1).getEnd(), `,\n${added}`)
    : insertAt(text, literal.getStart() + 1, added);

/** Adds a property to the object that a constant of the file is. */
function addProperty(text, name, property) {
  const literal = objectOf(text, name);
  return addLast(text, literal, literal.properties, property);
}

/** Adds an element to the list that a constant of the file is. */
function addElement(text, name, element) {
  const literal = literalOf(text, name, ts.isArrayLiteralExpression, 'list');
  return addLast(text, literal, literal.elements, element);
}

/** Adds a member to an interface of the file. */
function addMember(text, name, member) {
  const found = parse(text).statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === name,
  );
  if (!found) throw new Error(`there is no interface called ${name}`);
  const at = found.members.length > 0 ? found.members.at(-1).getEnd() : found.getEnd() - 1;
  return insertAt(text, at, `\n${member}`);
}

/** Adds a statement before that of a constant, and before its comment. */
function addBefore(text, name, statement) {
  const found = declarationOf(parse(text), name)?.parent.parent;
  if (!found) throw new Error(`there is no constant called ${name}`);
  return insertAt(text, found.getFullStart(), `\n\n${statement}`);
}

/** The keys of the object that a constant of the file is. */
const keysOf = (text, name) =>
  objectOf(text, name).properties.map(({ name: key }) =>
    ts.isStringLiteral(key) ? key.text : key.getText(),
  );

/** The names that a file exports, but for what it passes on of others. */
function exportsOf(text) {
  return parse(text).statements.flatMap((statement) => {
    const isExported = ts.canHaveModifiers(statement)
      ? ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
      : false;
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText());
    return statement.name ? [statement.name.text] : [];
  });
}

/** The names that a file imports one by one. */
const importsOf = (text) =>
  parse(text)
    .statements.filter(ts.isImportDeclaration)
    .flatMap(({ importClause }) => importClause?.namedBindings?.elements ?? [])
    .map(({ name }) => name.text);

module.exports = { addModule, addProperty, addElement, addMember, addBefore, keysOf, exportsOf, importsOf };
