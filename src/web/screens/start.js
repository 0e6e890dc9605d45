// No circle yet, or one more: join one, or found one.
import { html, useEffect, useState } from '../lib/preact.js';
import { begin, go, here } from '../core/places.js';
import { t } from '../core/words.js';
import { Section } from '../parts/basics.js';
import { Icon } from '../parts/icons.js';
import { Screen } from '../parts/frame.js';
import { Arriving } from './join.js';

export function Start({ status }) {
  const [isGoing, setGoing] = useState(false);
  useEffect(() => {
    // In the place of a home: it stays when a circle comes, until it is entered.
    const { screen, circle } = here();
    if (screen === 'home' && !circle) begin('start');
  }, []);
  return html`<${Screen} title=${t('start.title')} isRoot=${status.circles.length === 0}>
    ${!isGoing && html`<p>${t('start.what')}</p>`}
    <${Section} title=${t('start.join')}><${Arriving} tell=${setGoing} /><//>
    ${!isGoing && html`<${Section} title=${t('start.or')}><div class="list">
      <button type="button" class="item" onClick=${() => go('found')}>
        <${Icon} name="circles" size=${36} /><span class="item-text">
          <span>${t('start.found')}</span>
          <span class="quiet">${t('start.foundHint')}</span></span>
        <${Icon} name="forward" /></button></div><//>`}<//>`;
}
