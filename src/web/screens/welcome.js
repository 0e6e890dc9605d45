// First use: what this protects against and what not, the way out, a passphrase.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { reload } from '../core/live-data.js';
import { changeTaste, getTaste } from '../core/taste.js';
import { language, languages, t } from '../core/words.js';
import { Button, Choice, Field, Notice, Problem } from '../parts/basics.js';
import { Bar } from '../parts/frame.js';
import { CircleSign } from '../parts/sign.js';

export const LEAST = 12; // characters that are asked for; the node itself refuses only an empty one

const Steps = ({ at }) => html`<p class="unseen">${t('welcome.step', { at: at + 1, of: 2 })}</p>
  <div class="steps" aria-hidden="true">
  ${[0, 1].map((one) => html`<span key=${one} data-now=${one === at}></span>`)}</div>`;

function Points({ key_, title }) {
  const points = t(key_).split('\n');
  return html`<section class="card column close"><h2>${title}</h2>
    <ul class="points">${points.map((one) => html`<li key=${one}>${one}</li>`)}</ul></section>`;
}

function Warning({ next }) {
  return html`
    <span class="door-picture"><${CircleSign} members=${6} /></span>
    <h1 tabindex="-1">${t('welcome.title')}</h1>
    <p>${t('welcome.what')}</p>
    <${Choice} label=${t('welcome.language')} hideLabel
      options=${languages.map((one) => [one, t(`languages.${one}`)])}
      value=${language()} onValue=${(one) => changeTaste({ language: one }, false)} />
    <div class="two-lists">
      <${Points} key_="welcome.protects" title=${t('welcome.protectsTitle')} />
      <${Points} key_="welcome.protectsNot" title=${t('welcome.protectsNotTitle')} /></div>
    <section class="card glow column close"><h2>${t('welcome.leaveTitle')}</h2><p>
      ${t('welcome.leave')}</p></section>
    <${Button} kind="main full" onPress=${next}>${t('welcome.understood')}<//>`;
}

function Passphrase({ back }) {
  const [first, setFirst] = useState(''),
    [second, setSecond] = useState('');
  const [problem, setProblem] = useState(null);
  const make = async () => {
    if ([...first].length < LEAST)
      return setProblem({ first: { key: 'welcome.tooShort', values: { least: LEAST } } });
    if (first !== second) return setProblem({ second: { key: 'welcome.differ' } });
    setProblem(null);
    await ask('POST', 'vault', { passphrase: first });
    await changeTaste({ language: language(), warned: true }).catch(() => {});
    await reload('status');
    return undefined;
  };
  return html`<h1 tabindex="-1">${t('welcome.passphraseTitle')}</h1><p>
    ${t('welcome.passphraseWhy')}</p>
    <form class="column" onSubmit=${(event) => {
      event.preventDefault();
      event.target.querySelector('.main').click();
    }}>
      <${Field} label=${t('welcome.passphrase')} hint=${t('welcome.passphraseHint')}
        type="password"
        autocomplete="new-password" value=${first} onValue=${setFirst} problem=${problem?.first} />
      <${Field} label=${t('welcome.again')} type="password" autocomplete="new-password"
        value=${second}
        onValue=${setSecond} problem=${problem?.second} />
      <${Notice}>${t('welcome.noReset')}<//>
      <${Problem} what=${problem?.all} />
      <${Button} kind="main full" onPress=${make}
        onProblem=${(all) => setProblem({ all })}>${t('welcome.make')}<//>
      <${Button} kind="plain" onPress=${back}>${t('common.back')}<//>
    </form>`;
}

export function Welcome() {
  const [at, setAt] = useState(getTaste().warned ? 1 : 0);
  const frame = useRef(null);
  useEffect(() => {
    scrollTo(0, 0);
    frame.current.querySelector('h1')?.focus();
  }, [at]);
  return html`<main class="door" ref=${frame}><${Steps} at=${at} />
    ${
      at === 0
        ? html`<${Warning} next=${() => setAt(1)} />`
        : html`<${Passphrase} back=${() => setAt(0)} />`
    }</main><${Bar} />`;
}
