// For whom and for how long something is kept, said beside where it is written (docs/retention.md).
import { html } from '../lib/preact.js';
import { t } from '../core/words.js';
import { Choice } from './basics.js';

const LAYERS = ['closing', 'months', 'kept'];

/** The layer of a record; without one it is kept. */
export function layerOf(record) {
  if (record?.keep === 'closing') return 'closing';
  return record?.keep === 'months' && record.keep_months > 0 ? 'months' : 'kept';
}

/** "gardé 6 mois" */
export const keptFor = (record) =>
  t(`keep.${layerOf(record)}`, { count: record?.keep_months ?? 0 });

/** "Tout le cercle le lit. Gardé 6 mois." */
export const seenByCircle = (record) => t('keep.circle', { kept: keptFor(record) });

/** How long something is kept: {keep, keep_months}. */
export function KeepChoice({ label, value, months, onValue }) {
  return html`<${Choice} label=${label} value=${value}
    options=${LAYERS.map((one) => [one, t(`keep.short.${one}`, { count: months })])}
    onValue=${onValue} />`;
}
