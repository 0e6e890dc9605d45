// To read: the handbook of who facilitates, and numbers to call.
import { html } from '../lib/preact.js';
import { useData } from '../core/live-data.js';
import { go } from '../core/places.js';
import { language, monthOf, t } from '../core/words.js';
import { Notice, Waiting } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { Prose } from '../parts/prose.js';

export function Handbook() {
  const { data } = useData(`handbook?lang=${language()}`);
  return html`<${Screen} title=${t('ways.handbook')}>${
    !data
      ? html`<${Waiting} />`
      : html`<ul class="list">${data.chapters.map(
          (one) => html`<li key=${one.id}>
      <button type="button" class="item" onClick=${() => go('chapter', { id: one.id })}>
        <span class="item-text"><span>${one.title}</span><span class="quiet">
          ${one.summary}</span></span>
        <${Icon} name="forward" /></button></li>`,
        )}</ul>`
  }<//>`;
}

export function Chapter({ place }) {
  const { data } = useData(`handbook/${encodeURIComponent(place.id)}?lang=${language()}`);
  if (!data) return html`<${Screen} title=${t('ways.handbook')}><${Waiting} /><//>`;
  return html`<${Screen} title=${data.title}>${data.sections.map(
    (one, at) => html`<section
    class="column" key=${at}>${one.heading && html`<h2>${one.heading}</h2>`}
    <${Prose} text=${one.text} /></section>`,
  )}<//>`;
}

/** Only said, nothing follows from it: that somebody should look at the source again. */
function isOld(month) {
  const [year, number] = month.split('-').map(Number),
    now = new Date();
  return now.getFullYear() * 12 + now.getMonth() + 1 - (year * 12 + number) > 12;
}

export function Numbers() {
  const { data } = useData(`numbers?lang=${language()}`);
  if (!data) return html`<${Screen} title=${t('ways.numbers')}><${Waiting} /><//>`;
  return html`<${Screen} title=${t('ways.numbers')} subtitle=${t('numbers.free')}>
    ${data.numbers.some((one) => isOld(one.verified)) && html`<${Notice}>${t('numbers.old')}<//>`}
    <ul class="list">${data.numbers.map(
      (one) => html`<li class="card" key=${one.number}>
      <p class="call">${one.number}</p><p><strong>${one.name}</strong></p><p>${one.purpose}</p>
      <p class="quiet">${t('numbers.source', {
        source: one.source,
        date: monthOf(one.verified),
      })}</p></li>`,
    )}</ul><//>`;
}
