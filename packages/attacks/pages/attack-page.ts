import type { AttackInfo } from '@weightmap/core';
import { defaultStrengths } from '../src/strengths.js';
import type { Factory } from './read-factories.js';
import { heading, kinds, normOf, row, strengths, yesNo } from './words.js';

/** A test of the attack besides the contract test; the link is relative to the page. */
export interface Evidence {
  readonly file: string;
  readonly link: string;
}

/** The Markdown page of an attack: formula, parameters, notes, source, tests. */
export function attackPage(
  info: AttackInfo,
  { name, docstring, parameters }: Factory,
  { source, tests, note }: { source: string; tests: readonly Evidence[]; note: string },
): string {
  const { symbol, meaning } = strengths[info.strengthUnit];
  const sections: [title: string, text: string][] = [
    ['Method', docstring.method],
    ['Parameters', parametersTable(name, parameters)],
    ['Note', sentence(docstring.note)],
    ['Errors', docstring.errors && `Its \`run\` throws ${docstring.errors}`],
    ['Source', sentence(docstring.source)],
    ['Tested', testedBy(info, docstring.tested, tests)],
  ];
  return [
    note,
    `# ${sentence(info.label)}`,
    `${docstring.name}: \`${name}()\` of \`@weightmap/attacks\`, in [${source.split('/').at(-1)}](${source}).`,
    [
      heading('', ''),
      row('Id', `\`${info.id}\``),
      row('Kind', kinds[info.kind]),
      row('Strength', `${symbol}: ${meaning}`),
      row('Norm', info.norm ? normOf(info) : 'none'),
      row('Default strengths', defaultsOf(info)),
      row('Classes', `${info.leastClasses ?? 2} or more`),
      row('Targeted', yesNo(info.targeted)),
      row('Black box', `${yesNo(!info.usesGradient)}${info.usesGradient ? ': it uses gradients' : ''}`),
    ].join('\n'),
    ...sections.filter(([, text]) => text).map(([title, text]) => `## ${title}\n\n${text}`),
  ].join('\n\n');
}

/** The default strengths for images of MNIST's and of CIFAR-10's size. */
function defaultsOf(info: AttackInfo): string {
  const [mnist, cifar] = (
    [
      [28, 28, 1],
      [32, 32, 3],
    ] as const
  ).map((inputShape) => defaultStrengths(info, { inputShape }).map(numberText).join(', '));
  return mnist === cifar ? mnist : `${mnist} for 28 × 28 × 1; ${cifar} for 32 × 32 × 3`;
}

/** Small multiples of 1/255 as fractions. */
function numberText(value: number): string {
  const levels = value * 255;
  if (Math.abs(levels - Math.round(levels)) < 1e-9 && value < 0.05) return `${Math.round(levels)}/255`;
  return String(Number(value.toPrecision(3)));
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function parametersTable(name: string, parameters: Factory['parameters']): string {
  if (parameters.length === 0) return `None: \`${name}()\`. Strengths are passed to \`run\`.`;
  return [
    heading('Option', 'Type', 'Default', 'Meaning'),
    ...parameters.map(({ name: option, type, fallback, meaning }) =>
      row(
        `\`${option}\``,
        `\`${type}\``,
        fallback === null ? '–' : `\`${fallback}\``,
        meaning.replaceAll('\n- ', '<br>'),
      ),
    ),
  ].join('\n');
}

function testedBy({ kind }: AttackInfo, tested: string, tests: readonly Evidence[]): string {
  const contract = `Like every attack by [the contract test](../../packages/attacks/test/contract.test.ts): bounds, ${
    kind === 'noise' ? '' : 'ball, '
  }judgement, targets, cost, repeatability, a single image, no leaks.`;
  const files = tests.map(({ file, link }) => `[${file}](${link})`).join(', ');
  const peers = /Foolbox|torchattacks|ART/.test(tested)
    ? ' Figures: [attacks-parity.md](../attacks-parity.md).'
    : '';
  return [tested && sentence(tested) + peers, contract, files && `In ${files}.`].filter(Boolean).join('\n\n');
}
