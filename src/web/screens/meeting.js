// One meeting: when, where, who comes; afterwards what was written and what came of it.
import { html, useEffect, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { useData, want } from '../core/live-data.js';
import { go, rename } from '../core/places.js';
import { meetingPath, taken, today } from '../core/planning.js';
import { clock, dayAndClock, names, t } from '../core/words.js';
import { Button, Choice, Field, Notice, Section, sentence, Waiting } from '../parts/basics.js';
import { Conflicts } from '../parts/conflicts.js';
import { Confirm } from '../parts/dialog.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { seenByCircle } from '../parts/keep.js';
import { Dot } from '../parts/person.js';
import { Prose } from '../parts/prose.js';
import { AddCommitment, AddDecision, Outcomes } from './decisions.js';
import { KeepDates } from './meetings.js';

const ANSWERS = ['coming', 'perhaps', 'not'];
const TYPES = ['meeting', 'reply', 'decision', 'commitment', 'part', 'profile'];

const nameIn = (members, person) =>
  members?.find((one) => one.person === person)?.name ?? t('meeting.somebody');

/** The date that is looked at; of a series not always its first. */
const startsOf = (meeting, place) =>
  meeting.recurrence && place.starts ? place.starts : meeting.starts;
const isDateOf = (meeting, place) =>
  Boolean(meeting.recurrence && place.starts && place.starts !== meeting.starts);

/** What is done to this date: one of a series becomes a meeting of its own first. */
function useOwn(circle, meeting, place) {
  return async (act) => {
    const id = await taken(circle, meeting, place.starts);
    const result = await act(id);
    // What it shows is here before it takes that name: what is typed meanwhile stays.
    const isAnother = id !== meeting.id && (await want(meetingPath(circle, id)));
    if (isAnother) rename(place, { id });
    return result;
  };
}

function When({ meeting, place, members }) {
  const starts = startsOf(meeting, place);
  const ends = isDateOf(meeting, place) ? null : meeting.ends;
  const who = (meeting.facilitators ?? []).map((one) => nameIn(members, one));
  const kind = meeting.place_kind && t(`places.${meeting.place_kind}`);
  return html`<section class="card column close">
    ${meeting.state === 'cancelled' && html`<p class="mark">${t('meetings.cancelled')}</p>`}
    <p class="when">${starts ? dayAndClock(starts) : t('meetings.noDate')}</p>
    ${ends && html`<p class="quiet">${
      ends.slice(0, 10) === starts?.slice(0, 10)
        ? t('meeting.until', { clock: clock(ends) })
        : t('meeting.until', { clock: dayAndClock(ends) })
    }</p>`}
    ${meeting.repeats && html`<p class="quiet first-large">${meeting.repeats}</p>`}
    ${
      meeting.place &&
      html`<p class="place-line"><${Icon} name="place" /><span>${meeting.place}
        ${kind && html`<span class="quiet"> · ${kind}</span>`}</span></p>`
    }
    ${meeting.directions && html`<p class="prose">${meeting.directions}</p>`}
    ${who.length > 0 && html`<p>
      ${t('meeting.facilitates', { names: names(who), count: who.length })}</p>`}
    ${who.length === 0 && meeting.state === 'planned' && html`<p class="quiet">
      ${t('meeting.nobodyFacilitates')}</p>`}
  </section>`;
}

function MyReply({ circle, meeting, place }) {
  const own = useOwn(circle, meeting, place);
  const all = ANSWERS.flatMap((answer) =>
    meeting.replies[answer].map((one) => ({ ...one, answer })),
  );
  const mine = isDateOf(meeting, place) ? null : all.find((one) => one.person === circle.me);
  const [wished, setWished] = useState(null);
  const known = mine?.brings ?? '';
  const [typed, setTyped] = useState(null); // what the circle was not told yet
  const brings = typed ?? known;
  const isNew = brings.trim() !== known;
  useEffect(() => {
    if (!isNew) setTyped(null);
  }, [known]);
  const [problem, setProblem] = useState('');
  const send = (values) =>
    own((id) => ask('POST', `circles/${circle.id}/replies`, { meeting: id, ...values }));
  const answer = async (value) => {
    setWished(value);
    try {
      await send({ answer: value });
    } catch (error) {
      setProblem(error);
    }
    setWished(null);
  };
  return html`<${Section} title=${t('home.areYouComing')}><div class="column">
    <${Choice} label=${t('home.areYouComing')} hideLabel isEven
      value=${wished ?? mine?.answer ?? null}
      options=${ANSWERS.map((one) => [one, t(`replies.${one}`)])} onValue=${answer} />
    <form class="column close" onSubmit=${(event) => {
      event.preventDefault();
      event.target.querySelector('button')?.click();
    }}><${Field} label=${t('meeting.brings')} hint=${t('meeting.bringsHint')} value=${brings}
      onValue=${setTyped} problem=${problem} seenBy=${seenByCircle({})} />
    ${isNew && html`<${Button} onPress=${() => send({ brings: brings.trim() })}
      onProblem=${setProblem}>${t('meeting.note')}<//>`}</form>
    </div><//>`;
}

function WhoComes({ meeting, place }) {
  const { replies } = meeting;
  if (isDateOf(meeting, place)) return null;
  const groups = [...ANSWERS, 'silent'].filter((one) => replies[one].length > 0);
  return html`<${Section} title=${t('meeting.whoComes')}>
    <dl class="column close">${groups.map(
      (group) => html`<div key=${group} class="column close">
      <dt class="quiet">${t(`meeting.answers.${group}`, { count: replies[group].length })}</dt>
      ${replies[group].map((one) => html`<dd key=${one.person} class="row">
        <${Dot} who=${one} away=${group !== 'coming'} /><span>${one.name}</span>
        ${one.brings &&
          html`<span class="quiet">${t('meeting.bringsWhat', { what: one.brings })}</span>`}
        ${one.note && html`<span class="quiet">${one.note}</span>`}</dd>`)}</div>`,
    )}</dl><//>`;
}

function Parts({ circle, meeting }) {
  const ids = meeting.parts ?? [];
  const { data } = useData(
    ids.length > 0 ? `circles/${circle.id}/parts?meeting=${meeting.id}` : null,
    ['part'],
  );
  const parts = ids.map((id) => data?.parts.find((one) => one.id === id)).filter(Boolean);
  const all = parts.reduce((sum, one) => sum + (one.minutes ?? 0), 0);
  const isFixed =
    meeting.state === 'closed' || meeting.state === 'cancelled' || !mayWrite(circle);
  return html`<${Section} title=${t('meeting.agenda')}>
    ${parts.length === 0 && html`<p class="quiet">${t('meeting.noAgenda')}</p>`}
    <ol class="list agenda">${parts.map(
      (one) => html`<li key=${one.id} class="row apart"><span>${one.title ||
        t(`kinds.${one.kind ?? 'talk'}`)}</span>
      ${one.minutes > 0 && html`<span class="quiet number">
        ${t('meeting.minutes', { count: one.minutes })}</span>`}</li>`,
    )}</ol>
    ${all > 0 && html`<p class="quiet">${t('meeting.inAll', { count: all })}</p>`}
    ${!isFixed && html`<${Button} kind="plain"
      onPress=${() => go('agenda', { id: meeting.id })}>${t('meeting.changeAgenda')}<//>`}<//>`;
}

function Cancel({ circle, meeting, place, onClose }) {
  const own = useOwn(circle, meeting, place);
  const set = (id, state) => ask('PATCH', meetingPath(circle, id), { state });
  const isSeries = Boolean(meeting.recurrence);
  const isDate = isDateOf(meeting, place);
  return html`<${Confirm} title=${t('meeting.cancelTitle')} onClose=${onClose}
    yes=${t(isDate ? 'meeting.cancelDate' : isSeries ? 'meeting.cancelAll' : 'meeting.cancelYes')}
    act=${() => own((id) => set(id, 'cancelled'))}>
    <p>${t(isSeries && !isDate ? 'meeting.cancelAllWhat' : 'meeting.cancelWhat')}</p>
    ${isDate && html`<${Button} kind="plain" onPress=${async () => {
      await set(meeting.id, 'cancelled');
      onClose();
    }}>${t('meeting.cancelAll')}<//>`}<//>`;
}

/** What changes it, around what does not (`children`). */
function Changes({ circle, meeting, place, onCancel, children }) {
  if (!mayWrite(circle)) return children;
  const { id } = meeting;
  if (meeting.state === 'cancelled')
    return html`${children}<${Button} onPress=${() =>
      ask('PATCH', meetingPath(circle, id), { state: 'planned' })}>${t('meeting.uncancel')}<//>`;
  return html`<${Button} icon="pen" onPress=${() =>
      go('plan', isDateOf(meeting, place) ? { id, starts: place.starts } : { id })}>
      ${t('meeting.edit')}<//>
    ${children}
    <${Button} kind="plain" onPress=${onCancel}>${t('meeting.cancel')}<//>`;
}

function Ahead({ circle, meeting, place, members }) {
  const [asked, setAsked] = useState(null);
  const own = useOwn(circle, meeting, place);
  const starts = startsOf(meeting, place);
  const open = () =>
    own(async (id) => {
      await ask('POST', `circles/${circle.id}/gather`, {});
      await ask('POST', `${meetingPath(circle, id)}/live/open`, {});
      go('live', { id });
    });
  const isNow = meeting.state === 'open';
  const isCancelled = meeting.state === 'cancelled';
  const isToday = starts?.slice(0, 10) === today();
  const isIn = mayWrite(circle);
  const isPlanned = isIn && !isNow && !isCancelled;
  return html`<${When} meeting=${meeting} place=${place} members=${members} />
    ${isIn && isNow && html`<${Button} kind="main full"
      onPress=${() => go('live', { id: meeting.id })}>${t('home.enter')}<//>`}
    ${isPlanned && html`<${MyReply} circle=${circle} meeting=${meeting} place=${place} />`}
    ${isPlanned && html`<${Button} kind=${isToday ? 'main full' : 'full'}
      onPress=${open}>${t('home.weAreHere')}<//>`}
    ${!isCancelled && html`<${WhoComes} meeting=${meeting} place=${place} />`}
    <${Parts} circle=${circle} meeting=${meeting} />
    <div class="row"><${Changes} circle=${circle} meeting=${meeting} place=${place}
      onCancel=${() => setAsked('cancel')}>
      <${Button} onPress=${() => setAsked('keep')}>${t('meetings.keep')}<//><//></div>
    ${asked === 'cancel' && html`<${Cancel} circle=${circle} meeting=${meeting} place=${place}
      onClose=${() => setAsked(null)} />`}
    ${asked === 'keep' && html`<${KeepDates} onClose=${() => setAsked(null)}
      path=${`${meetingPath(circle, meeting.id)}/calendar.ics`} />`}`;
}

function Attendance({ meeting, members }) {
  const persons = meeting.attendance ?? [],
    seats = meeting.seats ?? [];
  const all = persons.length + seats.length;
  if (all === 0 && !meeting.attended) return null;
  return html`<${Section} title=${t('meeting.wereThere')}>
    ${
      all === 0
        ? html`<p>${t('meeting.attended', { count: meeting.attended })}</p>`
        : html`<ul class="names">
      ${persons.map((one) => html`<li key=${one} class="row">
        <${Dot} who=${{ person: one, name: nameIn(members, one) }} />${nameIn(members, one)}</li>`)}
      ${seats.map((one) => html`<li key=${one} class="row">
        <${Dot} who=${{ seat: one }} />${one}</li>`)}</ul>`
    }<//>`;
}

function Behind({ circle, meeting, place, members }) {
  const [asked, setAsked] = useState(null);
  const text = (meeting.minutes ?? '').trim();
  const isIn = mayWrite(circle);
  return html`<${When} meeting=${meeting} place=${place} members=${members} />
    <${Attendance} meeting=${meeting} members=${members} />
    <${Section} title=${t('minutes.title')}><div class="column close">
      ${text ? html`<${Prose} text=${text} />` : html`<p class="quiet">${t('minutes.none')}</p>`}
      <p class="seen-by"><${Icon} name="eye" size=${18} />${seenByCircle(meeting)}</p>
      ${isIn && html`<${Button} icon="pen" onPress=${() => go('minutes', { id: meeting.id })}>
        ${t(text ? 'minutes.write' : 'minutes.begin')}<//>`}</div><//>
    <${Section} title=${t('decisions.title')}><div class="column close">
      <${Outcomes} circle=${circle} meeting=${meeting} />
      ${(meeting.decisions ?? []).length + (meeting.commitments ?? []).length === 0 &&
        html`<p class="quiet">${t('decisions.none')}</p>`}
      ${isIn && html`<div class="row">
        <${Button} icon="plus" onPress=${() => setAsked('decision')}>
          ${t('decisions.addDecision')}<//>
        <${Button} icon="plus" onPress=${() => setAsked('commitment')}>
          ${t('decisions.addCommitment')}<//></div>`}</div><//>
    <${Parts} circle=${circle} meeting=${meeting} />
    ${asked === 'decision' && html`<${AddDecision} circle=${circle} meeting=${meeting}
      onClose=${() => setAsked(null)} />`}
    ${asked === 'commitment' && html`<${AddCommitment} circle=${circle} meeting=${meeting}
      onClose=${() => setAsked(null)} />`}`;
}

const CONFLICTING = ['title', 'starts', 'ends', 'place', 'directions', 'place_kind', 'state'];
function sayValue(field, value) {
  if (field === 'starts' || field === 'ends') return dayAndClock(value);
  if (field === 'place_kind') return t(`places.${value}`);
  return field === 'state' ? t(`meeting.states.${value}`) : value;
}

const isBehind = (meeting, place) =>
  meeting.state === 'closed' ||
  (meeting.state === 'planned' && (startsOf(meeting, place) ?? '').slice(0, 10) < today());

export function Meeting({ circle, place }) {
  const path = meetingPath(circle, place.id);
  const { data: meeting, error } = useData(path, TYPES);
  const { data: all } = useData(`circles/${circle.id}/members?gone=yes`);
  if (!meeting)
    return html`<${Screen} title=${t('meeting.title')}>${
      error ? html`<${Notice} kind="problem">${sentence(error)}<//>` : html`<${Waiting} />`
    }<//>`;
  const View = isBehind(meeting, place) && !isDateOf(meeting, place) ? Behind : Ahead;
  const labels = Object.fromEntries(CONFLICTING.map((one) => [one, t(`meeting.fields.${one}`)]));
  return html`<${Screen} title=${meeting.title || t('meeting.title')}>
    <${Conflicts} circle=${circle} path=${path} record=${meeting} labels=${labels}
      say=${sayValue} />
    <${View} circle=${circle} meeting=${meeting} place=${place} members=${all?.members} /><//>`;
}
