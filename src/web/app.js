// Which screen is shown when; the table of screens.
import { html, useEffect, useErrorBoundary, useReducer, useRef, useState } from './lib/preact.js';
import { onGone } from './core/api.js';
import { onEvent } from './core/events.js';
import { watchActivity } from './core/idle.js';
import { hasLeft } from './core/leave.js';
import { reload, reloadAll, useData } from './core/live-data.js';
import { begin, usePlace } from './core/places.js';
import { changeTaste, getTaste, isOfVault, loadTaste, onTaste } from './core/taste.js';
import { language, t } from './core/words.js';
import { say, Toasts } from './parts/basics.js';
import { Bar } from './parts/frame.js';
import { CircleSign } from './parts/sign.js';
import { Home } from './screens/home.js';

/** A screen whose module comes when it is wanted, or when the page has nothing else to do. */
const later = (load, name, more = {}) => ({ load, name, ...more });

/**
 * By the name of its place: what is shown, with {circle, place}. `alone`: needs no circle;
 * `steady`: goes on when its circle becomes another one (a draft that is founded); `within`: for
 * those who are in the circle, others are told that they are not. A screen that is added is in the
 * tests of all screens by standing here; `example`: what its place needs.
 */
export const screens = {
  home: { show: Home, within: true },
  circles: later(() => import('./screens/circles.js'), 'Circles', { alone: true }),
  start: later(() => import('./screens/start.js'), 'Start', { alone: true }),
  live: later(() => import('./screens/live.js'), 'Live', { within: true }),
  closing: later(() => import('./screens/closing.js'), 'Closing', { within: true }),
  meetings: later(() => import('./screens/meetings.js'), 'Meetings'),
  meeting: later(() => import('./screens/meeting.js'), 'Meeting'),
  minutes: later(() => import('./screens/minutes.js'), 'Minutes', { within: true }),
  plan: later(() => import('./screens/plan.js'), 'Plan', { within: true }),
  found: later(() => import('./screens/found.js'), 'Found', { alone: true }),
  invite: later(() => import('./screens/invite.js'), 'Invite', { steady: true, within: true }),
  members: later(() => import('./screens/members.js'), 'Members'),
  member: later(() => import('./screens/member.js'), 'Member'),
  devices: later(() => import('./screens/devices.js'), 'Devices'),
  agreement: later(() => import('./screens/agreement.js'), 'Agreement'),
  rules: later(() => import('./screens/rules.js'), 'Rules'),
  kept: later(() => import('./screens/kept.js'), 'Kept'),
  stick: later(() => import('./screens/stick.js'), 'Stick'),
  handbook: later(() => import('./screens/handbook.js'), 'Handbook', { alone: true }),
  chapter: later(() => import('./screens/handbook.js'), 'Chapter', { alone: true }),
  numbers: later(() => import('./screens/handbook.js'), 'Numbers', { alone: true }),
  shares: later(() => import('./screens/shares.js'), 'Shares'),
  share: later(() => import('./screens/shares.js'), 'Share'),
  write: later(() => import('./screens/shares.js'), 'Write', { within: true }),
  search: later(() => import('./screens/search.js'), 'Search'),
  settings: later(() => import('./screens/settings.js'), 'Settings', { alone: true }),
  agenda: later(() => import('./screens/agenda.js'), 'Agenda', {
    example: { id: 'next' },
    within: true,
  }),
};

const welcome = later(() => import('./screens/welcome.js'), 'Welcome');
const outside = later(() => import('./screens/outside.js'), 'Outside');
const locked = later(() => import('./screens/locked.js'), 'Locked');

const AFTER_FIRST_MS = 1000; // the first screen has what it shows by then

async function bring(one) {
  one.show ??= (await one.load())[one.name];
}

/** Everything that was not wanted yet, as long as the page is there: going there does not wait. */
async function bringAll() {
  for (const one of [locked, ...Object.values(screens)]) {
    if (hasLeft()) return;
    await bring(one);
  }
}

/** A screen, when it is here. */
function Screen({ one, ...values }) {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    if (!one.show) bring(one).then(draw, () => say({ status: 0 }));
  }, [one]);
  return one.show ? html`<${one.show} ...${values} />` : null;
}

/** This window has no session any more: the node was started anew, or locked from elsewhere. */
const Gone = () => html`<main class="door">
  <span class="door-picture"><${CircleSign} /></span>
  <h1>${t('gone.title')}</h1><p>${t('gone.how')}</p></main>`;

function Broken({ again }) {
  return html`<main class="door"><div class="column" role="alert"><h1>${t('common.broken')}</h1>
    <p>${t('common.brokenWhat')}</p></div>
    <button type="button" class="button main" onClick=${again}>
      ${t('common.toHome')}</button></main><${Bar} />`;
}

/** The circle that is looked at: the place's, else the one of last time, else the first. */
function circleOf(status, place) {
  const all = status.circles ?? [];
  const wanted = place.circle ?? getTaste().last_circle;
  return all.find((one) => one.id === wanted) ?? all[0] ?? null;
}

function Open({ status }) {
  const place = usePlace();
  const [problem, reset] = useErrorBoundary();
  const circle = circleOf(status, place);
  const id = circle?.id ?? null;
  const wanted = screens[place.screen] ?? screens.home;
  const mine = circle?.gone && wanted.within ? outside : wanted;
  const screen = circle || wanted.alone ? mine : screens.start;
  useEffect(() => {
    // What does not come now is asked for when it is wanted.
    const timer = setTimeout(() => bringAll().catch(() => {}), AFTER_FIRST_MS);
    return () => clearTimeout(timer);
  }, []);
  // While she waits to be let in, the circle that she joins may still be gone again.
  const kept = circle?.draft || circle?.me ? id : null;
  useEffect(() => {
    if (kept && kept !== getTaste().last_circle) changeTaste({ last_circle: kept }).catch(() => {});
  }, [kept]);
  if (problem)
    return html`<${Broken} again=${() => {
      reset();
      begin('home');
    }} />`;
  const of = screen.alone || screen.steady ? '' : id;
  return html`<a class="skip" href="#content" onClick=${(event) => {
    event.preventDefault();
    document.getElementById('content')?.querySelector('a, button, input, textarea')?.focus();
  }}>${t('common.skip')}</a>
    <div class="frame"><${Screen} key=${`${of} ${place.key}`} one=${screen} circle=${circle}
      place=${place} status=${status} />
      <${Bar} hasCircle=${circle !== null && !circle.draft} /></div>`;
}

export function App() {
  const { data: status } = useData('status');
  const [isGone, setGone] = useState(false);
  const [, draw] = useReducer((count) => count + 1, 0);
  const isOpen = status ? !status.locked : null;
  const open = useRef(false);
  open.current = isOpen === true;
  useEffect(() => {
    watchActivity(() => open.current);
    onGone(() => setGone(true));
    onTaste(draw);
    return onEvent(({ name }) => {
      if (name === 'locked' || name === 'unlocked') reload('status');
      if (name === 'gone') setGone(true);
      if (name === 'preferences') loadTaste(true);
    });
  }, []);
  const spoken = language();
  const before = useRef(spoken);
  useEffect(() => {
    // Every word changes where it stands: what somebody is typing stays.
    if (before.current !== spoken) reloadAll();
    before.current = spoken;
  }, [spoken]);
  useEffect(() => {
    if (isOpen === null) return;
    if (!isOpen) begin('home');
    if (isOfVault() !== isOpen) loadTaste(isOpen).then(draw);
  }, [isOpen]);
  if (isGone) return html`<${Gone} />`;
  if (!status || isOfVault() !== isOpen) return null;
  const screen = status.locked
    ? status.new
      ? html`<${Screen} one=${welcome} />`
      : html`<${Screen} one=${locked} />`
    : html`<${Open} status=${status} />`;
  return html`<div>${screen}<${Toasts} /></div>`;
}
