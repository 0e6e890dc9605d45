// Several circles of one person; they know nothing of each other.
import { html } from '../lib/preact.js';
import { begin, go } from '../core/places.js';
import { t } from '../core/words.js';
import { Button } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { CircleSign } from '../parts/sign.js';

export function Circles({ status }) {
  return html`<${Screen} title=${t('circles.title')} subtitle=${t('circles.apart')}>
    <ul class="list">${status.circles.map(
      (one) => html`<li key=${one.id}>
      <button type="button" class="item" onClick=${() => begin('home', { circle: one.id })}>
        <${CircleSign} members=${one.members} />
        <span class="item-text"><span>${one.name}</span>
          <span class="quiet">${
            one.draft ? t('circles.draft') : t('circles.members', { count: one.members ?? 0 })
          }</span></span>
        <${Icon} name="forward" /></button></li>`,
    )}</ul>
    <${Button} icon="plus" onPress=${() => go('start')}>${t('circles.another')}<//><//>`;
}
