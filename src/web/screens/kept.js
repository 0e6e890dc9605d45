// What is kept and for how long: what is due for erasure, and whose devices have confirmed it.
import { html, useEffect, useState } from '../lib/preact.js';
import { ask, part } from '../core/api.js';
import { mayWrite, useMembers } from '../core/hooks.js';
import { reload, useData } from '../core/live-data.js';
import { go } from '../core/places.js';
import { names, t } from '../core/words.js';
import { Button, Section, Waiting, say } from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';

const PAGES = 1000; // of a list, more than a circle's whole life

/** What is due, from the first page that has any; `done` when all pages were looked at. */
function useDue(path) {
  const { data: first } = useData(path);
  const [later, setLater] = useState(null);
  useEffect(() => {
    let isWanted = true;
    const look = async () => {
      let page = first;
      for (let at = 0; page?.next && isEmpty(page) && at < PAGES; at++) {
        page = await ask('GET', `${path}?after=${part(page.next)}`);
      }
      if (isWanted) setLater(page);
    };
    look().catch(say);
    return () => {
      isWanted = false;
    };
  }, [first]);
  return first && isEmpty(first) ? later : first;
}
const isEmpty = (page) => page.due.length + page.moments + page.signals === 0;

function Due({ circle }) {
  const path = `circles/${circle.id}/due`;
  const data = useDue(path);
  const [asks, setAsks] = useState(false);
  if (!data) return html`<${Waiting} />`;
  const count = data.due.length + data.moments + data.signals;
  const erase = async () => {
    for (let after = null, pages = 0; pages < PAGES; pages++) {
      const answer = await ask('POST', `${path}/erase`, after === null ? {} : { after });
      after = answer.next ?? null;
      if (after === null) break;
      say(t('kept.going', { count: (pages + 1) * 500 }));
    }
    await reload(path);
    say(t('kept.erased'));
  };
  if (count === 0) return html`<p class="quiet">${t('kept.nothingDue')}</p>`;
  return html`<div class="column"><p>${t(data.next ? 'kept.dueMany' : 'kept.due', { count })}</p>
    <ul class="list">${data.due.slice(0, 20).map(
      (one) => html`<li class="card fleeting" key=${one.id}>
      ${one.title || t(`kept.what.${one.what}`)} <span class="quiet">${one.by}</span></li>`,
    )}</ul>
    ${
      mayWrite(circle) &&
      html`<${Button} kind="main" onPress=${() => setAsks(true)}>${t('kept.erase')}<//>`
    }
    ${
      asks &&
      html`<${Confirm} title=${t('kept.erase')} yes=${t('kept.erase')} loss act=${erase}
      onClose=${() => setAsks(false)}><p>${t('kept.eraseMeans')}</p><//>`
    }</div>`;
}

function Erasures({ circle }) {
  const { data } = useData(`circles/${circle.id}/erasure`);
  const { nameOf } = useMembers(circle);
  if (!data || data.erasures.length === 0) return null;
  return html`<${Section} title=${t('kept.confirmations')}><ul class="list">
    ${data.erasures.map((one) => {
      const missing = one.devices.filter((device) => device.current && !device.confirmed);
      const who = [...new Set(missing.map((device) => nameOf(device.person)))];
      return html`<li class="item" key=${one.id}><span class="item-text">
        <span>${t('kept.erasedBy', { name: one.by ?? '…' })}</span>
        ${
          who.length === 0
            ? html`<span class="row done"><${Icon} name="check" size=${20} />
              ${t('kept.all')}</span>`
            : html`<span class="quiet">${t('kept.missing', { names: names(who) })}</span>`
        }
        </span></li>`;
    })}</ul><//>`;
}

export function Kept({ circle }) {
  const { data: rules } = useData(`circles/${circle.id}/rules`, ['circle']);
  return html`<${Screen} title=${t('ways.kept')} subtitle=${circle.name}>
    <ul class="points">${['spoken', 'closing', 'months', 'kept'].map(
      (one) => html`<li key=${one}>
      ${t(`kept.layers.${one}`, { count: rules?.keep_months || 12 })}</li>`,
    )}</ul>
    <${Section} title=${t('kept.dueTitle')}><${Due} circle=${circle} /><//>
    <${Erasures} circle=${circle} />
    ${
      mayWrite(circle) &&
      html`<${Button} icon="stick" onPress=${() => go('stick')}>${t('kept.stick')}<//>`
    }<//>`;
}
