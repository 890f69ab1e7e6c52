import type { AttackInfo, AttackKind } from '@weightmap/core';
import type { Factory } from './read-factories.js';
import { heading, normOf, row, strengths, yesNo } from './words.js';

/** An attack with its factory. */
export interface Documented {
  readonly info: AttackInfo;
  readonly factory: Factory;
}

/** The table of the attacks of one kind. @param pages folder of the pages, relative to the table's file. */
export function attackTable(kind: AttackKind, all: readonly Documented[], pages: string): string {
  const some = all.filter(({ info }) => info.kind === kind);
  const id = ({ info }: Documented) => `[\`${info.id}\`](${pages}/${info.id}.md)`;
  const factory = ({ factory: { name, parameters } }: Documented) =>
    `\`${name}(${optionsOf(parameters.map((parameter) => parameter.name))})\``;
  const how = ({ factory: { docstring } }: Documented) => docstring.summary;
  if (kind === 'noise')
    return [
      heading('Id', 'Factory', 'How', 'Strength', 'Source'),
      ...some.map((one) =>
        row(id(one), factory(one), how(one), strengths[one.info.strengthUnit].symbol, one.info.source),
      ),
    ].join('\n');
  return [
    heading('Id', 'Factory', 'How', 'Norm', 'Targeted', 'Black box', 'Source'),
    ...some.map((one) =>
      row(
        id(one),
        factory(one),
        how(one),
        normOf(one.info),
        yesNo(one.info.targeted),
        yesNo(!one.info.usesGradient),
        one.info.source,
      ),
    ),
  ].join('\n');
}

/** The first three options; the page has all. */
function optionsOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `{ ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''} }`;
}
