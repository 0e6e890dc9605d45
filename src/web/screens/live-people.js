// What of a live meeting is read: people, agenda, script, agreement, signals, one's own share.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { giveSome, useData } from '../core/live-data.js';
import { act, goesOn, isSame, keyOf, listed, partTitle } from '../core/meeting.js';
import { duration, t } from '../core/words.js';
import { Button, Section } from '../parts/basics.js';
import { Elapsed } from '../parts/clock.js';
import { Icon } from '../parts/icons.js';
import { Dot, nameOf } from '../parts/person.js';
import { stateOf } from './live-sheets.js';

/** Paragraphs and items; what stands in (...) is for the one who reads, not to be read aloud. */
export function Words({ text }) {
  const blocks = (text ?? '').split(/\n\s*\n/).map((one) => one.trim());
  return blocks.filter(Boolean).map((block) => {
    if (block.startsWith('- '))
      return html`<ul class="points" key=${block}>${block
        .split('\n- ')
        .map((one) => html`<li key=${one}>${one.replace(/^- /, '')}</li>`)}</ul>`;
    const isAside = block.startsWith('(') && block.endsWith(')');
    return html`<p key=${block} class=${isAside ? 'aside' : ''}>${block}</p>`;
  });
}

/** What is read aloud in this part. */
export function Script({ part }) {
  if (!part?.script) return null;
  return html`<details class="fold card still" open=${part.kind === 'reading'}>
    <summary>${t('live.script')}</summary>
    <div class="column script"><${Words} text=${part.script} /></div></details>`;
}

export function Agenda({ base, live, at: since }) {
  if (live.parts.length === 0) return null;
  const at = live.parts.findIndex((one) => one.id === live.part?.id);
  const isOn = goesOn(live);
  return html`<${Section} title=${t('live.agenda')}>
    <ol class="evening-parts">${live.parts.map(
      (one, number) => html`<li key=${one.id} class=${number < at ? 'past' : ''}
      aria-current=${number === at ? 'step' : undefined}>
      <span class="evening-text"><span>${partTitle(one)}</span>
        ${
          one.minutes > 0 &&
          html`<span class="quiet number">${t('live.minutes', { count: one.minutes })}</span>`
        }</span>
      ${
        isOn &&
        number !== at &&
        html`<${Button} kind="plain" label=${t('live.goToPart', { title: partTitle(one) })}
        onPress=${() => act(base, 'part', { part: one.id })}>${t('live.goThere')}<//>`
      }</li>`,
    )}</ol>
    ${
      isOn &&
      html`<p class="quiet"><${Elapsed} at=${since}
      span=${{ elapsed_ms: live.elapsed_ms, runs: live.state === 'open' }}
      say=${(time) => t('live.openSince', { time })} /></p>`
    }<//>`;
}

/**
 * The circle as a list: the same for screen readers and keyboards, and what one may do about each.
 */
export function People({ live, colours, open }) {
  const order = live.places.filter((one) => one.here || one.heard || one.mine);
  const isOn = goesOn(live);
  if (order.length === 0) return null;
  return html`<${Section} title=${t('live.people')}>
    <ul class="people">${order.map(
      (one) => html`<li key=${keyOf(one)} aria-current=${one.speaks ? 'true' : undefined}>
      <button type="button" class="person-line" disabled=${!isOn}
        onClick=${() => open('about', one)}>
        <${Dot} who=${one} colour=${colours.get(one.person)} away=${!one.here} />
        <span class="item-text"><span>${
          one.mine ? t('live.meName', { name: nameOf(one) }) : nameOf(one)
        }</span><span class="quiet">${stateOf(live, one)}</span></span>
        ${one.hand && html`<${Icon} name="hand" />`}</button></li>`,
    )}</ul>
    ${
      isOn &&
      html`<${Button} icon="plus" kind="full" onPress=${() => open('arrive')}>
      ${t('live.arrives')}<//>`
    }
    ${
      isOn &&
      live.agreement?.missing.length > 0 &&
      html`<p class="quiet people-note">${t('live.agreementMissing', {
        names: listed(live, live.agreement.missing),
      })}</p>`
    }<//>`;
}

/** Hands, and who was not heard yet: two quiet lines under the circle. */
export function Lines({ live }) {
  const notHeard = live.not_heard.filter((one) => !live.hands.some((hand) => isSame(hand, one)));
  const some = live.places.some((one) => one.heard || one.speaks);
  return html`<div class="circle-lines">
    ${
      live.hands.length > 0 &&
      html`<p><${Icon} name="hand" size=${18} />${t('live.hands', {
        names: listed(live, live.hands),
      })}</p>`
    }
    ${
      some &&
      notHeard.length > 0 &&
      html`<p class="quiet">${t('live.notHeard', { names: listed(live, notHeard) })}</p>`
    }</div>`;
}

/**
 * Shown when the meeting opens, before anything else: one tap to assent; or it is put away for now.
 * Gives null when there is nothing to ask.
 */
export function useAgreement(circle, live) {
  const [isAway, setAway] = useState(false);
  const putAway = () => {
    setAway(true);
    scrollTo(0, 0);
  };
  const isAsked = goesOn(live) && live.agreement !== null && !live.agreement.mine && !isAway;
  const { data } = useData(isAsked ? `circles/${circle.id}/agreement` : null, ['agreement']);
  const text = data?.versions.find((one) => one.id === live.agreement?.id)?.text;
  if (!isAsked || !text) return null;
  return html`<section class="card glow column agreement" aria-label=${t('live.agreement')}>
    <h2>${t('live.agreement')}</h2>
    <div class="column close agreement-text" tabindex="0"><${Words} text=${text} /></div>
    <div class="row even">
      <${Button} onPress=${putAway}>${t('live.agreementLater')}<//>
      <${Button} kind="main" onPress=${async () => {
        await ask('POST', `circles/${circle.id}/agreement/assent`, { id: live.agreement.id });
        putAway();
      }}>${t('live.assent')}<//></div></section>`;
}

/** Signals of others that only this device's person can read, until she has seen them. */
export function Signals({ base, live }) {
  const list = live.signals.filter((one) => !one.mine && !one.seen);
  if (list.length === 0) return null;
  const seen = async (id) => {
    const { signals } = await ask('POST', `${base}/signal/seen`, { id });
    giveSome(`${base}/live`, { signals });
  };
  return html`<section class="card secret column close" aria-label=${t('live.signalsForYou')}>
    ${list.map(
      (one) => html`<div class="row apart signal" key=${one.id}>
      <span class="row"><${Icon} name="fist" /><span>${t('live.signalOf', {
        name: one.name,
        what: t(`live.signals.${one.kind}`),
      })}${one.text && html`<br /><span class="signal-text">${one.text}</span>`}</span></span>
      <${Button} icon="check" label=${t('live.seenOf', { name: one.name })}
        onPress=${() => seen(one.id)}>${t('live.seen')}<//></div>`,
    )}</section>`;
}

/**
 * One's own share, for oneself; those of all in the order of their places, if the circle chose so.
 */
export function Share({ live }) {
  const { mine, voice } = live;
  if (!mine.here && mine.speech_ms === 0) return null;
  return html`<details class="fold card secret"><summary>${t('live.myShare')}</summary>
    <div class="column close"><p>${
      mine.heard || mine.speech_ms > 0
        ? t('live.share', { time: duration(mine.speech_ms), percent: mine.percent })
        : t('live.shareNone')
    }</p>
    <p class="quiet">${t(voice ? 'live.shareShown' : 'live.shareMine')}</p>
    ${
      voice &&
      html`<ul class="column close">${voice.map(
        (one) => html`<li key=${keyOf(one)} class="row apart"><span>${nameOf(one)}</span>
        <span class="number">${duration(one.speech_ms)}</span></li>`,
      )}</ul>`
    }</div></details>`;
}

/** What was decided, and who does what: what came of the meeting so far. */
export function Outcomes({ live }) {
  if (live.decisions.length + live.commitments.length === 0) return null;
  const shown = live.commitments.filter((one) => one.state !== 'dropped');
  return html`<${Section} title=${t('live.outcomes')}><ul class="column close">
    ${live.decisions
      .filter((one) => one.state !== 'withdrawn')
      .map((one) => html`<li key=${one.id} class="outcome decision">${one.text}</li>`)}
    ${shown.map(
      (one) => html`<li key=${one.id} class=${`outcome ${one.state === 'done' ? 'done' : ''}`}>
      ${t('live.commitment', {
        name: one.name ?? one.seat ?? t('live.somebody'),
        text: one.text,
      })}</li>`,
    )}
    ${live.more_outcomes && html`<li class="quiet">${t('live.moreOutcomes')}</li>`}</ul><//>`;
}
