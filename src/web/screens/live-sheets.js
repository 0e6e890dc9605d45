// What a live meeting asks in a dialog: to whom the word goes, who arrives, a quiet signal, how the
// meeting is led.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { giveSome, useData } from '../core/live-data.js';
import {
  act,
  hereOf,
  isMine,
  isSame,
  keyOf,
  listed,
  markOf,
  partAfter,
  partTitle,
  passedOf,
  roundOne,
  roundRuns,
  whom,
} from '../core/meeting.js';
import { go } from '../core/places.js';
import { changeTaste } from '../core/taste.js';
import { names, t } from '../core/words.js';
import { Button, Field } from '../parts/basics.js';
import { Dialog } from '../parts/dialog.js';
import { Icon } from '../parts/icons.js';
import { Dot, nameOf } from '../parts/person.js';

/** One thing that can be done, over the whole width. */
const Line = ({ icon, onPress, children, hint }) => html`<${Button} kind="line" icon=${icon}
  onPress=${onPress}><span class="line-text"><span>${children}</span>
    ${hint && html`<span class="quiet">${hint}</span>`}</span><//>`;

const Person = ({ who, colours, onPress, hint, name = nameOf(who) }) => html`<${Button} kind="line"
  onPress=${onPress}><${Dot} who=${who} colour=${colours.get(who.person)} />
  <span class="line-text"><span>${name}</span>
    ${hint && html`<span class="quiet">${hint}</span>`}</span><//>`;

/** To whom the word goes: hands first, then who was not heard yet. */
function Give({ base, live, colours, onClose }) {
  const mayHand = live.turn && (isMine(live, live.turn) || live.turn.seat !== undefined);
  const rank = (one) =>
    one.hand ? 0 : live.not_heard.some((other) => isSame(one, other)) ? 1 : 2;
  const people = hereOf(live)
    .filter((one) => !one.speaks)
    .sort((a, b) => rank(a) - rank(b));
  const hint = (one) => (rank(one) === 2 ? null : t(['live.handUp', 'live.notYet'][rank(one)]));
  return html`<${Dialog} title=${t('live.giveTitle')} onClose=${onClose}>
    <div class="lines">${people.map(
      (one) => html`<${Person} key=${keyOf(one)} who=${one} colours=${colours} hint=${hint(one)}
      name=${isMine(live, one) ? t('live.meName', { name: nameOf(one) }) : nameOf(one)}
      onPress=${async () => {
        await act(base, mayHand ? 'hand_over' : 'turn', whom(one));
        onClose();
      }} />`,
    )}</div>
    <${Button} onPress=${onClose}>${t('common.no')}<//><//>`;
}

/** Who is here without a device of her own: a member, or a seat. */
function Arrive({ base, circle, live, colours, onClose }) {
  const { data } = useData(`circles/${circle.id}/members`, ['profile']);
  const [seat, setSeat] = useState('');
  const here = new Set(hereOf(live).map(keyOf));
  const absent = (data?.members ?? []).filter(
    (one) => one.role !== 'none' && !here.has(one.person),
  );
  const gone = live.places.filter((one) => !one.here && one.seat !== undefined);
  const arrive = (who) => async () => {
    await act(base, 'arrive', who);
    onClose();
  };
  return html`<${Dialog} title=${t('live.whoArrives')} onClose=${onClose}>
    ${
      absent.length + gone.length > 0 &&
      html`<div class="lines">${[...absent, ...gone].map(
        (one) => html`<${Person} key=${keyOf(one)} who=${one} colours=${colours}
        onPress=${arrive(whom(one))} />`,
      )}</div>`
    }
    <form class="column" onSubmit=${(event) => {
      event.preventDefault();
      event.target.querySelector('.main').click();
    }}>
      <${Field} label=${t('live.seat')} hint=${t('live.seatHint')} value=${seat} maxlength="80"
        seenBy=${t('live.seatSeenBy')} onValue=${setSeat} autocomplete="off" />
      <div class="row even"><${Button} onPress=${onClose}>${t('common.no')}<//>
        <${Button} kind="main" aria-disabled=${seat.trim() === '' ? 'true' : undefined}
          onPress=${async () => {
            if (seat.trim() !== '') await arrive({ seat: seat.trim() })();
          }}>${t('live.seatAdd')}<//></div>
    </form><//>`;
}

const SIGNALS = [
  ['break', 'pause'],
  ['slower', 'clock'],
  ['uneasy', 'fist'],
  ['help', 'members'],
];

/** Sealed to who facilitates; said before it is given. */
function Signal({ base, circle, live, onClose }) {
  const { data } = useData(`circles/${circle.id}`, ['profile']);
  const [text, setText] = useState('');
  const [sent, setSent] = useState(null);
  const send = async (kind) => {
    const { signals } = await ask('POST', `${base}/signal`, { kind, text: text.trim() });
    giveSome(`${base}/live`, { signals });
    setText('');
    setSent(kind);
  };
  const who = (data?.facilitators ?? []).map((one) => one.name);
  const mine = live.signals.filter((one) => one.mine);
  return html`<${Dialog} title=${t('live.signalTitle')} onClose=${onClose}>
    <p class="seen-by secret"><${Icon} name="fist" />${
      who.length > 0 ? t('live.signalFor', { names: names(who) }) : t('common.waiting')
    }</p>
    ${
      sent === null
        ? html`<${Field} label=${t('live.signalText')} value=${text} onValue=${setText}
          maxlength="160" autocomplete="off" />
        <div class="lines">${SIGNALS.map(
          ([kind, icon]) => html`<${Line} key=${kind} icon=${icon} onPress=${() => send(kind)}>
          ${t(`live.signals.${kind}`)}<//>`,
        )}</div>
        <${Button} onPress=${onClose}>${t('common.no')}<//>`
        : html`<div class="lines"><p role="status">${t('live.signalSent')}</p>
        <${Button} kind="main" onPress=${onClose}>${t('live.signalBack')}<//></div>`
    }
    ${
      sent === null &&
      mine.length > 0 &&
      html`<p class="quiet">${t('live.signalsGiven', {
        list: names(mine.map((one) => t(`live.signals.${one.kind}`))),
      })}</p>`
    }<//>`;
}

/** What one may do about somebody; anybody may, so it goes on when a device is missing. */
function About({ base, live, who, colours, onClose }) {
  const place = live.places.find((one) => isSame(one, who));
  if (!place) return null;
  const mine = Boolean(place.mine);
  const canPass = place.speaks || (roundRuns(live) && markOf(live, place) === 'waits');
  const doing = (action) => async () => {
    await act(base, action, whom(place));
    onClose();
  };
  const name = nameOf(place);
  return html`<${Dialog} title=${name} onClose=${onClose}>
    <div class="row"><${Dot} who=${place} colour=${colours.get(place.person)} />
      <span class="quiet">${stateOf(live, place)}</span></div>
    <div class="lines">
      ${
        place.here &&
        !place.speaks &&
        html`<${Line} icon="shares" onPress=${doing('turn')}>
        ${mine ? t('live.takeWord') : t('live.giveTo', { name })}<//>`
      }
      ${
        place.speaks &&
        html`<${Line} icon="check" onPress=${doing('done')}>
        ${mine ? t('live.done') : t('live.doneOf', { name })}<//>`
      }
      ${
        canPass &&
        html`<${Line} icon="forward" onPress=${doing('pass')}>
        ${mine ? t('live.pass') : t('live.passOf', { name })}<//>`
      }
      ${
        place.here &&
        !place.speaks &&
        html`<${Line} icon="hand" onPress=${doing(place.hand ? 'lower' : 'hand')}>
        ${t(place.hand ? 'live.lower' : mine ? 'live.hand' : 'live.handOf', { name })}<//>`
      }
      ${
        place.here
          ? html`<${Line} icon="leave" onPress=${doing('depart')}>
          ${mine ? t('live.depart') : t('live.departOf', { name })}<//>`
          : html`<${Line} icon="home" onPress=${doing('arrive')}>
          ${mine ? t('live.arrive') : t('live.arriveOf', { name })}<//>`
      }
    </div>
    <${Button} onPress=${onClose}>${t('common.back')}<//><//>`;
}

/** "a la parole", "main levée", "pas encore" … */
export function stateOf(live, place) {
  if (!place.here) return t('live.left');
  if (place.speaks) return t('live.speaks');
  const mark = markOf(live, place);
  const list = [
    place.seat !== undefined && t('live.noDevice'),
    isSame(place, live.next) && t('live.isNext'),
    place.hand && t('live.handUp'),
    mark === 'passed' && t('live.passed'),
    mark === 'spoke' && t('live.spoke'),
    live.state !== 'closed' && mark !== 'spoke' && !place.heard && t('live.notYet'),
  ].filter(Boolean);
  return list.join(', ');
}

/** Everything that leads the meeting, one thumb away for everybody. */
function Lead({ base, live, open, place, onClose }) {
  const next = partAfter(live);
  const passed = passedOf(live);
  const notHeard = live.not_heard;
  const others = hereOf(live).filter((one) => !notHeard.some((other) => isSame(one, other)));
  const doing =
    (action, body = {}) =>
    async () => {
      await act(base, action, body);
      onClose();
    };
  const isPaused = live.state === 'paused';
  const isMixed = notHeard.length > 0 && others.length > 0;
  return html`<${Dialog} title=${t('live.leadTitle')} onClose=${onClose}>
    <p class="quiet">${t('live.leadAll')}</p>
    <div class="lines">
      ${
        next &&
        html`<${Line} icon="forward" hint=${partTitle(next)}
        onPress=${doing('part', { part: next.id })}>
        ${t(live.part ? 'live.nextPart' : 'live.firstPart')}<//>`
      }
      <${Line} icon="circles" onPress=${doing('round')}>${t('live.startRound')}<//>
      ${
        isMixed &&
        html`<${Line} icon="circles" hint=${listed(live, notHeard)}
        onPress=${doing('round', { order: [...notHeard, ...others].map(roundOne) })}>
        ${t('live.startRoundFirst')}<//>`
      }
      ${
        passed.length > 0 &&
        html`<${Line} icon="circles" hint=${listed(live, passed)}
        onPress=${doing('round', { order: passed.map(roundOne) })}>${t('live.askPassed')}<//>`
      }
      <${Line} icon="shares" onPress=${() => open('give')}>${t('live.giveWord')}<//>
      <${Line} icon="plus" hint=${t('live.arrivesHint')} onPress=${() => open('arrive')}>
        ${t('live.arrives')}<//>
      <${Line} icon=${isPaused ? 'play' : 'pause'} onPress=${doing(isPaused ? 'resume' : 'pause')}>
        ${t(isPaused ? 'live.resume' : 'live.pause')}<//>
      <${Line} icon="screen" hint=${t('live.commonHint')} onPress=${() => {
        onClose();
        go('live', { id: place.id, view: 'common' });
      }}>${t('live.common')}<//>
      <${Line} icon="eye" hint=${t('live.quietHint')} onPress=${async () => {
        onClose();
        await changeTaste({ quiet: true });
      }}>${t('live.quiet')}<//>
      <${Line} icon="home" onPress=${() => {
        onClose();
        go('closing', { id: place.id });
      }}>${t('live.finish')}<//>
    </div>
    <${Button} onPress=${onClose}>${t('common.back')}<//><//>`;
}

const sheets = { give: Give, arrive: Arrive, signal: Signal, lead: Lead, about: About };

/** The one that is open: {name, who}, or null. */
export function Sheet({ sheet, ...rest }) {
  const Show = sheet && sheets[sheet.name];
  return Show ? html`<${Show} key=${sheet.name} who=${sheet.who} ...${rest} />` : null;
}
