// How a pairing stands, in words: for who invites and for who arrives.
import { html, useEffect, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { encode } from '../lib/qr.js';
import { useData } from '../core/live-data.js';
import { language, languageName, languages, names, t } from '../core/words.js';
import { Button, Field, Notice } from './basics.js';
import { CircleSign } from './sign.js';
import { Dot } from './person.js';

/** The pairing as it goes on: the node tells of each step. */
export const usePairing = () => useData('pairing');

export const codeText = (code, tongue = language()) =>
  `${code.number} ${code.words[tongue].join(' ')}`;

/** A code for a camera: dark on light in every theme, with the margin that readers need. */
export function QrPicture({ text, label }) {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${label}
    shape-rendering="crispEdges"><rect class="qr-paper" width=${size} height=${size} />
    <path class="qr-ink" d=${dark.join('')} /></svg>`;
}

/** Large: the number and the three words, to be said aloud. */
export function CodeToSay({ code, seconds }) {
  const [tongue, setTongue] = useState(language());
  const other = languages.find((one) => one !== tongue);
  return html`<section class="code" aria-label=${t('invite.code')}>
    <div class="code-say"><p class="code-number">${code.number}</p>
      <ul class="code-words">${code.words[tongue].map((word) => html`<li key=${word}>
        ${word}</li>`)}
      </ul></div>
    <${QrPicture} text=${codeText(code, tongue)} label=${t('invite.qr')} />
    <div class="row apart"><${TimeLeft} seconds=${seconds} />
      <${Button} kind="plain" onPress=${() => setTongue(other)}>
        ${t('invite.wordsIn', { language: languageName(other) })}<//></div>
  </section>`;
}

/** In whole minutes, without a hurry. */
function TimeLeft({ seconds }) {
  const [begin] = useState(() => performance.now());
  const [now, setNow] = useState(begin);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  const minutes = Math.max(0, Math.ceil((seconds - (now - begin) / 1000) / 60));
  return html`<p class="quiet">${t('invite.minutes', { count: minutes })}</p>`;
}

/** What is happening between the two, one sentence. */
export function Progress({ pairing, isFor }) {
  const key = `pairing.${isFor}.${pairing.state}`;
  return html`<div class="column close" role="status" aria-live="polite">
    <p class="progress"><span class="busy" aria-hidden="true"></span>${t(key)}</p>
    ${pairing.tries_left > 0 && pairing.tries_left < 3 && pairing.state === 'listening' &&
    html`<${Notice}>${t('pairing.tries', { count: pairing.tries_left })}<//>`}</div>`;
}

/** The last question on each side: is it she? */
export function Decide({ pairing }) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  const decide = (accept) => async () => {
    const named = pairing.needs_pseudonym && accept ? { pseudonym: name.trim() } : {};
    await ask('POST', 'pairing/decide', { accept, ...named });
  };
  const who = pairing.pseudonym;
  return html`<section class="card glow column" role="alertdialog" aria-label=${t('pairing.isIt')}>
    <p class="row person-large"><${Dot} who=${{ name: who, person: '0' }} /><strong>
      ${who}</strong></p>
    ${pairing.inviter
      ? html`<p>${t(`pairing.as.${pairing.as}`, { name: who })}</p>`
      : html`<p>${t('pairing.circle', { name: pairing.name })}</p>
        ${pairing.purpose && html`<p class="quiet">${pairing.purpose}</p>`}
        ${pairing.agreement && html`<details class="fold">
          <summary>${t('pairing.agreement')}</summary>
          <p class="prose">${pairing.agreement}</p></details>`}`}
    ${pairing.needs_pseudonym && html`<${Field} label=${t('join.pseudonym')}
      hint=${t('join.pseudonymHint')} value=${name} onValue=${setName} problem=${problem}
      autocomplete="off" />`}
    <div class="row even"><${Button} onPress=${decide(false)}>${t('pairing.refuse')}<//>
      <${Button} kind="main" onPress=${decide(true)}
        onProblem=${setProblem}>${t('pairing.accept')}<//></div>
  </section>`;
}

/** How it ended. `again`: begins anew; `on`: goes on. */
export function Ended({ pairing, again, on }) {
  if (pairing.state === 'done') {
    return html`<section class="column" role="status"><div class="empty">
      <${CircleSign} members=${3} /><p class="when">${t('pairing.done', {
        names: names([pairing.pseudonym || pairing.name].filter(Boolean)) })}</p></div>
      <${Button} kind="main full" onPress=${on}>${t('pairing.on')}<//></section>`;
  }
  const known = ['TIMEOUT', 'CODE', 'REFUSED', 'CLOSED', 'NETWORK'];
  const why = known.includes(pairing.result) ? pairing.result : 'other';
  return html`<section class="column"><${Notice} kind="problem">${t(`pairing.failed.${why}`)}<//>
    <${Button} kind="main full" onPress=${again}>${t('pairing.again')}<//></section>`;
}
