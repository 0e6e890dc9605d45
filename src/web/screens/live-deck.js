// What a thumb does in a live meeting: one's own turn, or what comes next.
import { html, useLayoutEffect, useRef } from '../lib/preact.js';
import {
  act,
  goesOn,
  isMine,
  isSame,
  keyOf,
  listed,
  markOf,
  mineOf,
  partAfter,
  partTitle,
  passedOf,
  roundOne,
  roundRuns,
  whom,
} from '../core/meeting.js';
import { t } from '../core/words.js';
import { Button } from '../parts/basics.js';
import { nameOf } from '../parts/person.js';

const Big = ({ icon, kind = '', onPress, children }) => html`<${Button} kind=${`big ${kind}`}
  icon=${icon} onPress=${onPress}><span class="big-text">${children}</span><//>`;

const SETTLE_MS = 500; // a second press that was meant for the turn before does nothing

/** Whose turn it is that one may end: one's own, or of somebody without a device. */
function Turn({ base, live }) {
  const { turn } = live;
  const isOwn = isMine(live, turn);
  const begin = useRef(performance.now());
  const end = (action) => async () => {
    if (!isOwn && performance.now() - begin.current < SETTLE_MS) return;
    await act(base, action, whom(turn));
  };
  return html`
    <${Big} icon="check" kind="main" onPress=${end('done')}>
      ${isOwn ? t('live.done') : t('live.doneOf', { name: nameOf(turn) })}<//>
    <${Big} icon="forward" onPress=${end('pass')}>
      ${isOwn ? t('live.pass') : t('live.passOf', { name: nameOf(turn) })}<//>`;
}

/** Nobody has the word. */
function Between({ base, live, open }) {
  const passed = passedOf(live);
  const next = partAfter(live);
  const hand = live.hands[0];
  const first = [];
  if (live.round?.over && passed.length > 0)
    first.push(html`<${Big} key="again" icon="members" onPress=${() =>
      act(base, 'round', { order: passed.map(roundOne) })}>
      ${t('live.askAgain', { names: listed(live, passed) })}<//>`);
  if (hand)
    first.push(html`<${Big} key="hand" icon="hand" kind="main"
      onPress=${() => act(base, 'turn', whom(hand))}>
      ${t('live.giveTo', { name: isMine(live, hand) ? t('live.me') : nameOf(hand) })}<//>`);
  if (live.round?.over && next)
    first.push(html`<${Big} key="part" icon="forward" kind=${hand ? '' : 'main'}
      onPress=${() => act(base, 'part', { part: next.id })}>${partTitle(next)}<//>`);
  else if (live.round?.over && live.parts.length > 0)
    first.push(html`<${Big} key="close" icon="home" kind=${hand ? '' : 'main'}
      onPress=${() => open('closing')}>${t('live.finish')}<//>`);
  if (!live.round || first.length < 2)
    first.push(html`<${Big} key="round" icon="circles" kind=${first.length === 0 ? 'main' : ''}
      onPress=${() => act(base, 'round')}>${t('live.startRound')}<//>`);
  if (first.length < 2)
    first.push(html`<${Big} key="take" icon="shares"
      onPress=${() => act(base, 'turn', whom(mineOf(live)))}>${t('live.takeWord')}<//>`);
  return first.slice(0, 2);
}

/** Somebody else speaks: one listens; a hand, or passing beforehand. */
function Listening({ base, live }) {
  const mine = mineOf(live);
  const waits = roundRuns(live) && markOf(live, mine) === 'waits';
  const isNext = isSame(mine, live.next);
  return html`
    ${
      mine.hand
        ? html`<${Big} key="lower" icon="hand" kind="on" onPress=${() => act(base, 'lower')}>
          ${t('live.lower')}<//>`
        : html`<${Big} key="hand" icon="hand" onPress=${() => act(base, 'hand')}>
          ${t('live.hand')}<//>`
    }
    ${
      waits &&
      html`<${Big} key="pass" icon="forward" onPress=${() => act(base, 'pass')}>
      ${isNext ? t('live.passNext') : t('live.passMine')}<//>`
    }`;
}

function deckOf(live) {
  const mine = mineOf(live);
  if (live.state === 'before') return 'before';
  if (live.state === 'closed') return 'closed';
  if (!mine?.here) return 'arrive';
  if (live.state === 'paused') return 'paused';
  if (!live.turn) return 'between';
  return isMine(live, live.turn) || live.turn.seat !== undefined ? 'turn' : 'listening';
}

const decks = {
  before: ({ base }) => html`<${Big} icon="home" kind="main" onPress=${() => act(base, 'open')}>
    ${t('live.open')}<//>`,
  arrive: ({ base }) => html`<${Big} icon="home" kind="main" onPress=${() => act(base, 'arrive')}>
    ${t('live.arrive')}<//>`,
  paused: ({ base }) => html`<${Big} icon="play" kind="main" onPress=${() => act(base, 'resume')}>
    ${t('live.resume')}<//>`,
  closed: ({ open }) => html`<${Big} icon="home" kind="main" onPress=${() => open('closing')}>
    ${t('live.seeKept')}<//>`,
  turn: Turn,
  between: Between,
  listening: Listening,
};

/** `open(name)`: opens one of the sheets. */
export function Deck({ base, live, open }) {
  const box = useRef(null);
  const had = useRef(false); // the focus, in a button that may be gone now
  const name = deckOf(live);
  const Show = decks[name];
  useLayoutEffect(() => {
    if (had.current && document.activeElement === document.body)
      box.current.focus({ preventScroll: true });
  });
  const isIn = goesOn(live) && Boolean(mineOf(live)?.here);
  return html`<div class="deck" ref=${box} tabindex="-1" role="group"
    aria-label=${t('live.deck')} onFocusIn=${() => {
      had.current = true;
    }} onFocusOut=${(event) => {
      had.current = event.relatedTarget === null;
    }}>
    <div class="deck-main"><${Show} key=${`${name} ${live.turn ? keyOf(live.turn) : ''}`}
      base=${base} live=${live} open=${open} /></div>
    ${
      goesOn(live) &&
      html`<div class="deck-more">
      ${isIn && name === 'between' && html`<${HandButton} base=${base} live=${live} />`}
      ${
        isIn &&
        name === 'turn' &&
        html`<${Button} icon="members" onPress=${() => open('give')}>
        ${t('live.handOverShort')}<//>`
      }
      <${Button} icon="fist" kind="secret" onPress=${() => open('signal')}>
        ${t('live.signal')}<//>
      <${Button} icon="more" onPress=${() => open('lead')}>${t('live.lead')}<//></div>`
    }</div>`;
}

function HandButton({ base, live }) {
  const mine = mineOf(live);
  return html`<${Button} icon="hand" aria-pressed=${mine.hand ? 'true' : 'false'}
    onPress=${() => act(base, mine.hand ? 'lower' : 'hand')}>
    ${mine.hand ? t('live.lowerShort') : t('live.handShort')}<//>`;
}
