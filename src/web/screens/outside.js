// A circle that I am not in any more, by my own will or not: what stays, what does not come.
import { html } from '../lib/preact.js';
import { go } from '../core/places.js';
import { t } from '../core/words.js';
import { Button, Section } from '../parts/basics.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { CircleSign } from '../parts/sign.js';
import { Way } from './members.js';

export function Outside({ circle, place }) {
  const actions = html`
    <${HeadButton} icon="search" label=${t('search.title')} onPress=${() => go('search')} />
    <${HeadButton} icon="more" label=${t('settings.title')} onPress=${() => go('settings')} />`;
  return html`<${Screen} isRoot=${place.screen === 'home'} title=${circle.name} actions=${actions}>
    <section class="card still column"><${CircleSign} members=${circle.members} />
      <h2>${t('outside.title')}</h2>
      <p>${t('outside.nothingNew')}</p><p>${t('outside.keeps')}</p><p>${t('outside.back')}</p>
    </section>
    <${Section} title=${t('outside.read')}><div class="column close">
      <${Button} icon="meetings" onPress=${() => go('meetings')}>${t('bar.meetings')}<//>
      <${Button} icon="shares" onPress=${() => go('shares')}>${t('shares.title')}<//></div><//>
    <${Section} title=${t('ways.title')}><ul class="list">
      <${Way} name="numbers" icon="hand" /></ul>
      <${Button} icon="plus" onPress=${() => go('start')}>${t('circles.another')}<//><//><//>`;
}
