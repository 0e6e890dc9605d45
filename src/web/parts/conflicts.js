// What several people wrote at once in one field: what each of them wrote, one to be chosen.
import { html } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Button } from './basics.js';

/**
 * `path` of the record; `say(field, value)` says a value in words; only fields in `labels` are
 * shown: {field: label}.
 */
export function Conflicts({ circle, path, record, labels, say }) {
  const fields = Object.keys(record.conflicts ?? {}).filter((one) => labels[one]);
  return fields.map(
    (field) => html`<section key=${field} class="card still column close" role="group"
      aria-label=${t('conflicts.title', { what: labels[field] })}>
      <p>${t('conflicts.title', { what: labels[field] })}</p>
      <ul class="list">${record.conflicts[field].map(
        (one, at) => html`<li key=${at} class="row apart">
        <span class="conflict-value">${t('conflicts.wrote', {
          name: one.by,
          value: one.value === null ? t('conflicts.nothing') : say(field, one.value),
        })}</span>
        ${
          mayWrite(circle) &&
          html`<${Button} onPress=${() => ask('PATCH', path, { [field]: one.value })}>
          ${t('conflicts.keep')}<//>`
        }</li>`,
      )}</ul></section>`,
  );
}
