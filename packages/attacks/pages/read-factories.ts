import ts from 'typescript';
import { parseDocstring, type Docstring } from './docstring.js';

/** A parameter of an attack: one of its factory's options. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  /** As it stands in the source; null where the factory's text says what is taken. */
  readonly fallback: string | null;
  readonly meaning: string;
}

/** What the source of an attack's factory says. */
export interface Factory {
  /** Under which it is exported: `fgsm`. */
  readonly name: string;
  /** The file that it is in. */
  readonly file: string;
  readonly docstring: Docstring;
  readonly parameters: readonly Parameter[];
}

type Function = ts.FunctionDeclaration | ts.ArrowFunction;

/**
 * The factories of the registry by their id, from the sources alone: docstrings, options and their defaults.
 *
 * @param registry path of the file with `export const attacks = { … }`.
 * @throws Error if a factory has no docstring, or one without a name, a method or a source.
 */
export function readFactories(registry: string): Map<string, Factory> {
  const { checker, source } = open(registry);
  const rows = rowsOf(source);
  return new Map(
    rows.map(({ id, identifier }) => {
      const { name, declaration, run } = factoryOf(identifier, checker);
      const docstring = docstringOf(declaration);
      const missing = (['summary', 'source'] as const).find((part) => docstring?.[part] === '');
      if (!docstring || missing)
        throw new Error(
          `The attack ${id} can't be documented: ${declaration.getSourceFile().fileName} needs, before ${name}, a ` +
            `docstring that begins with "Name: what it does." and has a paragraph "Source: …".`,
        );
      const { fileName: file } = declaration.getSourceFile();
      return [id, { name, file, docstring, parameters: parametersOf(run, checker) }];
    }),
  );
}

/** Reads only this package: other packages are not needed here. */
function open(registry: string) {
  const options: ts.CompilerOptions = {
    lib: ['lib.es5.d.ts'],
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, from, _redirected, given) =>
    literals.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, from, given, host) : { resolvedModule: undefined },
    );
  const program = ts.createProgram([registry], options, host);
  return { checker: program.getTypeChecker(), source: program.getSourceFile(registry)! };
}

function rowsOf(source: ts.SourceFile): { id: string; identifier: ts.Identifier }[] {
  const rows: { id: string; identifier: ts.Identifier }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'attacks') {
      let value = node.initializer!;
      while (ts.isSatisfiesExpression(value) || ts.isAsExpression(value)) value = value.expression;
      for (const row of (value as ts.ObjectLiteralExpression).properties) {
        const id = (row.name as ts.Identifier | ts.StringLiteral).text;
        const own = ts.isShorthandPropertyAssignment(row)
          ? row.name
          : (row as ts.PropertyAssignment).initializer;
        rows.push({ id, identifier: own as ts.Identifier });
      }
    } else ts.forEachChild(node, visit);
  };
  visit(source);
  return rows;
}

/** The function that an identifier refers to, also if it is imported. */
function functionOf(identifier: ts.Identifier, checker: ts.TypeChecker) {
  let symbol = ts.isShorthandPropertyAssignment(identifier.parent)
    ? checker.getShorthandAssignmentValueSymbol(identifier.parent)
    : checker.getSymbolAtLocation(identifier);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const declaration = symbol?.valueDeclaration;
  const run = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  return run && (ts.isFunctionDeclaration(run) || ts.isArrowFunction(run))
    ? { name: symbol!.name, declaration: declaration!, run }
    : undefined;
}

function factoryOf(identifier: ts.Identifier, checker: ts.TypeChecker) {
  const found = functionOf(identifier, checker);
  if (!found) throw new Error(`${identifier.text} in the registry is not a function that can be read.`);
  return found;
}

function docstringOf(declaration: ts.Node): Docstring | undefined {
  const holder = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const text = holder.getSourceFile().text;
  const comment = ts.getLeadingCommentRanges(text, holder.getFullStart())?.at(-1);
  const own = comment && text.slice(comment.pos, comment.end);
  return own?.startsWith('/**') ? parseDocstring(own) : undefined;
}

function parametersOf(run: Function, checker: ts.TypeChecker): Parameter[] {
  const [parameter] = run.parameters;
  if (!parameter) return [];
  const defaults = defaultsOf(run, 0, checker);
  return checker
    .getTypeAtLocation(parameter)
    .getProperties()
    .map((property) => {
      const { type } = property.declarations![0] as ts.PropertySignature;
      return {
        name: property.name,
        type: type!.getText(),
        fallback: defaults.get(property.name)?.replaceAll('_', '') ?? null,
        meaning: ts.displayPartsToString(property.getDocumentationComment(checker)),
      };
    });
}

/** Defaults of the options, from where they are destructured: in the function itself or in one that they are passed to. */
function defaultsOf(run: Function, position: number, checker: ts.TypeChecker): Map<string, string> {
  const name = run.parameters[position]?.name;
  if (!name) return new Map();
  if (ts.isIdentifier(name)) return handedOn(run, name.text, checker);
  const elements = (name as ts.ObjectBindingPattern).elements;
  const rest = elements.find(({ dotDotDotToken }) => dotDotDotToken);
  const found = rest ? handedOn(run, rest.name.getText(), checker) : new Map<string, string>();
  for (const { propertyName, name: own, initializer } of elements)
    if (initializer) found.set((propertyName ?? own).getText(), initializer.getText());
  return found;
}

/** Defaults in the functions that an object of this name is passed to, directly or spread into another. */
function handedOn(run: Function, name: string, checker: ts.TypeChecker): Map<string, string> {
  const isPassed = (argument: ts.Expression): boolean =>
    ts.isObjectLiteralExpression(argument)
      ? argument.properties.some((part) => ts.isSpreadAssignment(part) && isPassed(part.expression))
      : ts.isIdentifier(argument) && argument.text === name;
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const at = node.arguments.findIndex(isPassed);
      const next = at >= 0 && functionOf(node.expression, checker);
      if (next) defaultsOf(next.run, at, checker).forEach((value, key) => found.set(key, value));
    }
    ts.forEachChild(node, visit);
  };
  visit(run);
  return found;
}
