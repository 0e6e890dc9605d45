// The end of a meeting: what is kept of what was written in it, by whom it may be moved, and whose
// devices have erased what goes.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { give, useData } from '../core/live-data.js';
import { act, goesOn, LIVE_TYPES, meetingPath } from '../core/meeting.js';
import { go, replace } from '../core/places.js';
import { names, t } from '../core/words.js';
import { Button, Notice, Section, sentence, Waiting } from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';

const MONTHS = [1, 3, 6, 12, 24];
const PLURALS = { share: 'shares', decision: 'decisions', minutes: 'meetings' };
const WRITTEN = ['share', 'decision', 'meeting', 'moment', 'signal', 'part'];

const choiceOf = (item) =>
  item.keep === 'months' ? `months ${item.keep_months}` : (item.keep ?? 'kept');
const bodyOf = (choice) => {
  const [keep, months] = choice.split(' ');
  return keep === 'months' ? { keep, keep_months: Number(months) } : { keep };
};

/** Minutes are everybody's; all else is moved by who wrote it. */
const isMovable = (item) => PLURALS[item.what] && (item.mine || item.what === 'minutes');

function Move({ circle, item, again }) {
  const [wished, setWished] = useState(null);
  const [problem, setProblem] = useState('');
  const now = choiceOf(item);
  const months = [...new Set([...MONTHS, item.keep_months].filter(Boolean))].sort((a, b) => a - b);
  const move = async (event) => {
    const choice = event.target.value;
    setWished(choice);
    setProblem('');
    try {
      await ask('PATCH', `circles/${circle.id}/${PLURALS[item.what]}/${item.id}`, bodyOf(choice));
      await again();
      document.getElementById(`keep-${item.id}`)?.focus(); // it stands in another tray now
    } catch (error) {
      setProblem(error);
    }
    setWished(null);
  };
  return html`<div class="field"><label class="unseen" for=${`keep-${item.id}`}>
      ${t('closing.move', { title: item.title || t(`closing.whats.${item.what}`) })}</label>
    <select id=${`keep-${item.id}`} value=${wished ?? now} aria-busy=${wished !== null}
      onChange=${move}>
      <option value="closing">${t('closing.layers.closing')}</option>
      ${months.map(
        (one) => html`<option key=${one} value=${`months ${one}`}>
        ${t('closing.months', { count: one })}</option>`,
      )}
      <option value="kept">${t('closing.layers.kept')}</option></select>
    ${problem && html`<p class="problem" role="alert">${sentence(problem)}</p>`}</div>`;
}

function Item({ circle, item, again, isFleeting, isOver }) {
  return html`<li class=${`card tray-item ${isFleeting ? 'fleeting' : ''}`}>
    <div class="item-text"><span>${item.title || t(`closing.whats.${item.what}`)}</span>
      <span class="quiet">${t('closing.by', {
        what: t(`closing.whats.${item.what}`),
        name: item.mine ? t('live.you') : item.by,
      })}${item.keep === 'months' ? ` · ${t('closing.months', { count: item.keep_months })}` : ''}
      </span></div>
    ${!isOver && isMovable(item) && html`<${Move} circle=${circle} item=${item} again=${again} />`}
  </li>`;
}

/** `evening`: the meeting as an item, where its moments are moved with it. */
function Tray({ name, icon, layer, evening = null, isFleeting = false, ...rest }) {
  const { records = [], moments = 0, signals = 0 } = layer ?? {};
  const isEmpty = layer && records.length + moments + signals === 0;
  return html`<section class=${`tray ${isFleeting ? 'fleeting' : ''}`} aria-label=${t(
    `closing.layers.${name}`,
  )}>
    <h2><${Icon} name=${icon} />${t(`closing.layers.${name}`)}</h2>
    <p class="quiet">${t(`closing.hints.${name}`)}</p>
    ${
      records.length > 0 &&
      html`<ul class="list">${records.map(
        (item) => html`<${Item} key=${item.id} item=${item} isFleeting=${isFleeting} ...${rest} />`,
      )}</ul>`
    }
    ${
      moments > 0 &&
      html`<p class="quiet">${t('closing.moments', { count: moments })}</p>
      ${evening && html`<${Move} item=${evening} ...${rest} />`}`
    }
    ${signals > 0 && html`<p class="quiet">${t('closing.signals', { count: signals })}</p>`}
    ${isEmpty && html`<p class="quiet tray-empty">${t('closing.empty')}</p>`}</section>`;
}

/**
 * The meeting as something that is moved: its moments are of its layer. With minutes those stand
 * there already; and a circle that only counts who comes keeps no moments.
 */
function useEvening(circle, id, layers) {
  const { data: meeting } = useData(meetingPath(circle, id), ['meeting']);
  const { data: settings } = useData(`circles/${circle.id}/settings`, ['circle']);
  const all = layers ? Object.values(layers).flatMap((one) => one.records) : [];
  const isListed = all.some((one) => one.what === 'minutes');
  if (!meeting || !settings || isListed || settings.attendance === 'count') return null;
  const { keep, keep_months } = meeting;
  return { what: 'minutes', id: meeting.id, title: t('closing.theEvening'), keep, keep_months };
}

/** A last round, before anything is put away. */
function CheckOut({ base, live, id }) {
  const part = live.parts.find((one) => one.kind === 'closing');
  if (!goesOn(live) || (live.round && live.part?.id === part?.id)) return null;
  const begin = async () => {
    if (part && live.part?.id !== part.id) await act(base, 'part', { part: part.id });
    await act(base, 'round');
    replace('live', { id });
  };
  return html`<section class="card glow column closing-end"><p>${t('closing.checkOut')}</p>
    <${Button} icon="circles" onPress=${begin}>${t('closing.checkOutStart')}<//></section>`;
}

/** By persons: all of whose devices have confirmed, and who is missing. */
function confirmations(erasures) {
  const people = new Map();
  for (const { devices } of erasures)
    for (const one of devices.filter((device) => device.current)) {
      const known = people.get(one.person) ?? { name: one.name, isDone: true };
      people.set(one.person, { ...known, isDone: known.isDone && one.confirmed });
    }
  const all = [...people.values()];
  return {
    done: all.filter((one) => one.isDone).map((one) => one.name),
    missing: all.filter((one) => !one.isDone).map((one) => one.name),
  };
}

/** Whose devices have erased what went, of the newest erasures. */
function Erased({ circle, count }) {
  const { data } = useData(`circles/${circle.id}/erasure?max=${Math.min(100, count)}`);
  if (!data || data.erasures.length === 0) return null;
  const { done, missing } = confirmations(data.erasures);
  return html`<${Section} title=${t('closing.erasedTitle')}>
    <div class="card fleeting column close" role="status">
    ${done.length > 0 && html`<p class="done">${t('closing.erasedBy', { names: names(done) })}</p>`}
    ${
      missing.length > 0
        ? html`<p>${t('closing.erasedMissing', { names: names(missing) })}</p>
          <p class="quiet">${t('closing.erasedLater')}</p>`
        : html`<p class="quiet">${t('closing.erasedAll')}</p>`
    }</div><//>`;
}

/** Closes it; who does not facilitate can only end it for now. */
function Close({ base, circle, closing, live, onDone }) {
  const [asked, setAsked] = useState(null);
  const { data } = useData(closing.may_close ? null : `circles/${circle.id}`, ['profile']);
  const isOver = live.state === 'closed';
  const going = closing.layers.closing;
  const isLeft = going.records.length + going.moments + going.signals > 0;
  if (!closing.may_close) {
    const who = (data?.facilitators ?? []).map((one) => one.name);
    const text = t('closing.facilitators', { names: names(who) });
    return html`${(!isOver || isLeft) && who.length > 0 && html`<p>${text}</p>`}
      ${
        !isOver &&
        html`<${Button} kind="full" onPress=${() => act(base, 'close')}>
        ${t('closing.endForNow')}<//>`
      }`;
  }
  if (isOver && !isLeft) return null;
  return html`<${Button} kind="main full" onPress=${async () =>
    setAsked(await ask('POST', `${base}/close`, { ask: true }))}>
      ${t(isOver ? 'closing.eraseRest' : 'closing.close')}<//>
    ${
      asked &&
      html`<${Confirm} title=${t('closing.closeTitle')} loss=${asked.entries > 0}
      yes=${t(asked.entries > 0 ? 'closing.closeAndErase' : 'closing.close')}
      onClose=${() => setAsked(null)} act=${async () => onDone(await ask('POST', `${base}/close`))}>
      <p>${t('closing.goes', { count: asked.records })}</p>
      ${asked.mixed > 0 && html`<p>${t('closing.mixed', { count: asked.mixed })}</p>`}
      <p class="quiet">${t('closing.goesHow')}</p><//>`
    }`;
}

export function Closing({ circle, place }) {
  const base = meetingPath(circle, place.id);
  const { data: closing, error, again } = useData(`${base}/closing`, WRITTEN);
  const { data: live } = useData(`${base}/live`, LIVE_TYPES);
  const evening = useEvening(circle, place.id, closing?.layers);
  const [erased, setErased] = useState(null); // how many erasures this closing made
  const good = useRef(null);
  useEffect(() => good.current?.focus(), [erased]);
  if (!closing || !live)
    return html`<${Screen} title=${t('closing.title')}>${
      error ? html`<${Notice} kind="problem">${sentence(error)}<//>` : html`<${Waiting} />`
    }<//>`;
  const isOver = live.state === 'closed';
  const rest = { circle, again, isOver, evening: isOver ? null : evening };
  const done = async (answer) => {
    setErased(answer.tombstones);
    give(`${base}/live`, await ask('GET', `${base}/live`));
    await again();
  };
  return html`<${Screen} wide title=${t(isOver ? 'closing.titleOver' : 'closing.title')}
    subtitle=${t(isOver ? 'closing.whatOver' : 'closing.what')}>
    ${
      isOver &&
      html`<div ref=${good} tabindex="-1"><${Notice} kind="good">${t('closing.isClosed')}<//></div>`
    }
    <${CheckOut} base=${base} live=${live} id=${place.id} />
    <div class="trays">
      <${Tray} name="spoken" icon="shares" isFleeting />
      <${Tray} name="closing" icon="leave" layer=${closing.layers.closing} isFleeting ...${rest} />
      <${Tray} name="months" icon="clock" layer=${closing.layers.months} ...${rest} />
      <${Tray} name="kept" icon="home" layer=${closing.layers.kept} ...${rest} /></div>
    <div class="closing-end column">
      ${
        isOver &&
        html`<${Erased} circle=${circle} count=${Math.max(1, erased ?? 1)} />`
      }
      <${Close} base=${base} circle=${circle} closing=${closing} live=${live} onDone=${done} />
      ${
        isOver &&
        html`<${Button} kind="full" onPress=${() => go('home')}>${t('common.toHome')}<//>`
      }
    </div><//>`;
}
