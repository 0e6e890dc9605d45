// Meetings to come and meetings that were; their dates as a file of the phone's calendar.
import { html, useRef, useState } from '../lib/preact.js';
import { ask, part } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { useData } from '../core/live-data.js';
import { go } from '../core/places.js';
import { COMING_MAX, later, today, useComing } from '../core/planning.js';
import { dayAndClock, t } from '../core/words.js';
import {
  Button,
  Empty,
  Notice,
  Problem,
  say,
  Section,
  sentence,
  Waiting,
} from '../parts/basics.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';

const FIRST = 4, // of those to come
  PAGE = 20; // of those that were
const FILE_MAX = 1000000; // bytes; the node takes 1 MiB with what is around it

const Mark = ({ state }) =>
  state === 'cancelled' || state === 'open'
    ? html`<span class=${state === 'open' ? 'mark shared' : 'mark'}>
        ${t(`meetings.${state}`)}</span>`
    : null;

function Line({ circle, one }) {
  const enter = () =>
    one.state === 'open' && mayWrite(circle)
      ? go('live', { id: one.id })
      : go('meeting', { id: one.id, starts: one.starts });
  const about = [one.title, one.place].filter(Boolean).join(' · ');
  return html`<li><button type="button" class="item" onClick=${enter}>
    <span class="item-text"><span class="first-large">
      ${one.starts ? dayAndClock(one.starts) : t('meetings.noDate')}</span>
      ${about && html`<span>${about}</span>`}
      ${one.repeats && html`<span class="quiet">${one.repeats}</span>`}
      <${Mark} state=${one.state} /></span><${Icon} name="forward" /></button></li>`;
}

const stateOf = ({ open, cancelled }) => (open ? 'open' : cancelled ? 'cancelled' : 'planned');

const PlanOne = ({ circle, kind }) =>
  mayWrite(circle) &&
  html`<${Button} kind=${kind} icon="plus" onPress=${() => go('plan')}>${t('home.plan')}<//>`;

function Coming({ circle }) {
  const [many, setMany] = useState(FIRST);
  const { data: now, error } = useComing(circle, many);
  const shown = useRef(null); // stays while more of them are asked for
  const data = now ?? shown.current;
  shown.current = data;
  if (!data)
    return error ? html`<${Notice} kind="problem">${sentence(error)}<//>` : html`<${Waiting} />`;
  if (data.coming.length === 0)
    return html`<${Empty} text=${t('meetings.noneComing')} icon="meetings">
      <${PlanOne} circle=${circle} kind="main" /><//>`;
  return html`<${Section} title=${t('meetings.coming')}>
    <ul class="list">${data.coming.map((one) => html`<${Line} circle=${circle}
      key=${`${one.meeting} ${one.starts}`}
      one=${{ ...one, id: one.meeting, state: stateOf(one) }} />`)}</ul>
    ${data.more && many < COMING_MAX && html`<${Button} kind="plain"
      onPress=${() => setMany(many + 20)}>
      ${t('meetings.further')}<//>`}<//>
    <${PlanOne} circle=${circle} kind="main full" />`;
}

const dayOf = (one) => (one.starts ?? '').slice(0, 10);
const yesterday = () => later(today(), -24 * 60).slice(0, 10);
/** What is open still and began the day before is among those to come. */
const wasBefore = (one) =>
  one.state === 'closed' || dayOf(one) < (one.state === 'open' ? yesterday() : today());

/** A page of what was, newest first, and the pages behind it as they are asked for. */
function Past({ circle, after }) {
  const [isOpen, setOpen] = useState(false);
  const path = `circles/${circle.id}/meetings?backward=yes&max=${PAGE}&after=${part(after)}`;
  const { data, error } = useData(path, ['meeting']);
  if (error) return html`<${Notice} kind="problem">${sentence(error)}<//>`;
  if (!data) return html`<${Waiting} />`;
  const list = data.meetings.filter(wasBefore);
  return html`<ul class="list">${list.map((one) => html`<${Line} key=${one.id} circle=${circle}
      one=${one} />`)}</ul>
    ${list.length === 0 && !data.next && html`<p class="quiet">${t('meetings.nonePast')}</p>`}
    ${
      data.next &&
      (isOpen
        ? html`<${Past} circle=${circle} after=${data.next} />`
        : html`<${Button} kind="plain" onPress=${() => setOpen(true)}>${t('meetings.older')}<//>`)
    }`;
}

/** Gives a text to the browser as a file to keep. */
export function keepFile(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** The dates out: of all meetings, or of one (`path`). */
export function KeepDates({ path, onClose }) {
  const keep = async (passphrase) =>
    keepFile('calendar.ics', 'text/calendar', await ask('POST', path, { passphrase }));
  return html`<${Confirm} title=${t('meetings.keepTitle')} yes=${t('meetings.keepYes')} act=${keep}
    onClose=${onClose} passphrase><p>${t('meetings.keepWhat')}</p>
    <${Notice}><span>${t('meetings.keepPlain')}</span><//><//>`;
}

function TakeDates({ circle, onClose }) {
  const input = useRef(null);
  const [state, setState] = useState(null);
  const take = async () => {
    const file = input.current.files[0];
    if (!file) return setState({ problem: { key: 'meetings.takeNone' } });
    if (file.size > FILE_MAX) return setState({ problem: { key: 'meetings.takeLarge' } });
    const text = await file.text();
    let count = 0;
    for (let left = 1; left > 0;) {
      const answer = await ask('POST', `circles/${circle.id}/import/ics`, { text });
      count += answer.imported;
      left = answer.imported > 0 ? answer.left : 0;
      setState({ progress: t('meetings.taking', { count, of: count + left }) });
    }
    say(t('meetings.taken', { count }));
    return onClose();
  };
  return html`<${Dialog} title=${t('meetings.takeTitle')} onClose=${onClose}>
    <p>${t('meetings.takeWhat')}</p>
    <div class="field"><label for="calendar-file">${t('meetings.takeFile')}</label>
      <input id="calendar-file" type="file" accept=".ics,text/calendar" ref=${input} /></div>
    <${Problem} what=${state?.problem} />
    ${state?.progress && html`<p role="status">${state.progress}</p>`}
    <div class="row even"><${Button} onPress=${onClose}>${t('common.no')}<//>
      <${Button} kind="main" onPress=${take}
        onProblem=${(problem) => setState({ problem })}>
        ${t('meetings.takeYes')}<//></div><//>`;
}

export function Meetings({ circle }) {
  const [asked, setAsked] = useState(null);
  const close = () => setAsked(null);
  return html`<${Screen} title=${t('meetings.title')}>
    <${Coming} circle=${circle} />
    <${Section} title=${t('meetings.past')}>
      <${Past} circle=${circle} after=${`${today()}T23:59`} /><//>
    <${Section} title=${t('meetings.calendar')}><div class="row">
      <${Button} onPress=${() => setAsked('keep')}>${t('meetings.keep')}<//>
      ${
        mayWrite(circle) &&
        html`<${Button} onPress=${() => setAsked('take')}>${t('meetings.take')}<//>`
      }</div><//>
    ${asked === 'keep' && html`<${KeepDates} path=${`circles/${circle.id}/calendar.ics`}
      onClose=${close} />`}
    ${asked === 'take' && html`<${TakeDates} circle=${circle} onClose=${close} />`}<//>`;
}
