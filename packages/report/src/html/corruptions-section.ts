import type { CorruptedNetworks } from '@weightmap/records';
import { toCsv } from '../csv.js';
import { corruptionNote, corruptionRows } from '../model/corruption-table.js';
import { csvLink } from './_figure.js';
import { table } from './_table.js';
import { html, type Html } from './html.js';

/** Every corruption at every severity, a row each. */
export const corruptionCsv = ({ baseline, cells }: CorruptedNetworks): string =>
  toCsv({
    columns: [
      ...['variant', 'dataset', 'trial', 'benchmark', 'corruption', 'severity'],
      ...['error_percent', 'ce', 'relative_ce', 'baseline'],
    ],
    rows: cells.flatMap(({ variant, dataset, trial, benchmark, cleanErrorPercent, corruptions }) => [
      [variant, dataset, trial, benchmark, 'none', 0, cleanErrorPercent, null, null, baseline],
      ...corruptions.flatMap(({ id, errorPercent, ce, relativeCe }) =>
        errorPercent.map((error, i) => [
          ...[variant, dataset, trial, benchmark, id, i + 1, error, ce, relativeCe, baseline],
        ]),
      ),
    ]),
  });

/** The errors of the networks under corruptions. */
export function corruptionsSection(corrupted: CorruptedNetworks): Html {
  const { head, rows } = corruptionRows(corrupted);
  return html`${table('Error under corruptions', head, rows)}
    <p class="sources">
      ${corruptionNote(corrupted)} ${csvLink('corruptions.csv', corruptionCsv(corrupted))}
    </p>`;
}
