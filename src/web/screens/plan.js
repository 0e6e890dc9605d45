// Planning a meeting, or changing one: one form.
import { html, useEffect, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { useData } from '../core/live-data.js';
import { back, replace } from '../core/places.js';
import { later, meetingPath, nthOf, rulesFor, taken, today } from '../core/planning.js';
import { t } from '../core/words.js';
import {
  Button,
  Choice,
  Field,
  Notice,
  Problem,
  sentence,
  useId,
  Waiting,
} from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { KeepChoice, seenByCircle } from '../parts/keep.js';

const PLACES = ['home', 'community', 'room', 'public', 'outdoors'];
// The node names the field that it refuses: what is wrong is said there.
const SHOWN = ['starts', 'ends', 'title', 'place', 'directions', 'recurrence', 'facilitators'];
const IN_DAYS = 7,
  CLOCK = '19:30'; // what is proposed

const weekday = (date, form = 'long') =>
  new Intl.DateTimeFormat(document.documentElement.lang, { weekday: form }).format(
    new Date(`${date}T12:00`),
  );

/** The rules that suit the date, in words; the one that it has, if it is another. */
function ruleOptions(date, rule, words) {
  const rules = rulesFor(date);
  const options = Object.entries(rules).map(([name, value]) => [
    value,
    name === 'never'
      ? t('plan.repeats.never')
      : t(`plan.repeats.${name}`, {
          day: weekday(date),
          nth: name === 'monthly' ? t(`plan.nth.${nthOf(date)}`) : '',
        }),
  ]);
  if (rule && !Object.values(rules).includes(rule)) options.push([rule, words ?? rule]);
  return options;
}

function Formats({ formats, value, onValue }) {
  const chosen = formats.find((one) => one.id === value);
  const line = (one) => html`<span class="format"><strong>${one.name}</strong>
    <span class="quiet">${t('meeting.minutes', { count: one.minutes })}</span>
    <span class="format-purpose">${one.purpose}</span></span>`;
  return html`<div class="field"><p class="label">${t('plan.format')}</p>
    <div class="card still">${
      chosen ? line(chosen) : html`<span class="format"><strong>${t('plan.noFormat')}</strong>
        <span class="format-purpose">${t('plan.noFormatWhat')}</span></span>`
    }</div>
    <details class="formats"><summary>${t('plan.otherFormat')}</summary>
      <${Choice} label=${t('plan.format')} hideLabel value=${value} onValue=${onValue}
        options=${[
          ...formats.map((one) => [one.id, line(one)]),
          ['', html`<span class="format"><strong>${t('plan.noFormat')}</strong>
            <span class="format-purpose">${t('plan.noFormatWhat')}</span></span>`],
        ]} /></details></div>`;
}

function Select({ label, hint, value, options, onValue, problem }) {
  const id = useId('l');
  return html`<div class="field"><label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}-h`}>${hint}</p>`}
    <select id=${id} value=${value ?? ''} aria-describedby=${hint ? `${id}-h` : undefined}
      aria-invalid=${problem ? 'true' : undefined}
      onChange=${(event) => onValue(event.target.value || null)}>
      ${options.map(([one, text]) => html`<option key=${one ?? ''} value=${one ?? ''}
        selected=${(one ?? '') === (value ?? '')}>${text}</option>`)}</select>
    ${problem && html`<p class="problem" role="alert">${sentence(problem)}</p>`}</div>`;
}

/** What the form begins with. */
function valuesOf(meeting, place, rotation, settings) {
  const months = meeting?.keep_months || settings?.keep_months || 6;
  const starts = meeting ? (place.starts ?? meeting.starts ?? '') : '';
  const ends = meeting && !place.starts ? (meeting.ends ?? '') : '';
  return {
    date: starts.slice(0, 10) || (meeting ? '' : later(today(), IN_DAYS * 24 * 60).slice(0, 10)),
    clock: starts.slice(11) || (meeting ? '' : CLOCK),
    end: ends.slice(11),
    title: meeting?.title ?? '',
    place: meeting?.place ?? '',
    place_kind: meeting?.place_kind ?? null,
    directions: meeting?.directions ?? '',
    facilitator: meeting ? (meeting.facilitators?.[0] ?? null) : (rotation?.[0]?.person ?? null),
    recurrence: meeting?.recurrence ?? null,
    format: meeting ? '' : 'talking-circle',
    keep: meeting?.keep ?? (settings?.keep_months > 0 ? 'months' : 'kept'),
    keep_months: months,
  };
}

/** The end on the clock is of the same evening, or of the night after. */
function endOf(starts, clock) {
  if (!clock || !starts.includes('T')) return '';
  const day = starts.slice(0, 10);
  return clock > starts.slice(11) ? `${day}T${clock}` : `${later(`${day}T${clock}`, 1440)}`;
}

function bodyOf(values, { isNew, isDate }, facilitators) {
  const starts = values.clock ? `${values.date}T${values.clock}` : values.date;
  const others = (facilitators ?? []).slice(1).filter((one) => one !== values.facilitator);
  return {
    title: values.title.trim(),
    starts,
    ends: endOf(starts, values.end),
    place: values.place.trim(),
    place_kind: values.place_kind,
    directions: values.directions.trim(),
    facilitators: [...(values.facilitator ? [values.facilitator] : []), ...others],
    keep: values.keep,
    keep_months: values.keep === 'months' ? values.keep_months : null,
    ...(isDate ? {} : { recurrence: values.recurrence }),
    ...(isNew && values.format ? { format: values.format } : {}),
  };
}

/** Nothing that is empty is sent when there was nothing. */
const filled = (body) =>
  Object.fromEntries(
    Object.entries(body).filter(([, one]) => one !== '' && one !== null && one?.length !== 0),
  );

/** The values of the form, how they change, and how they are sent. */
function useForm({ circle, meeting, place, rotation, settings }) {
  const [values, setValues] = useState(() => valuesOf(meeting, place, rotation, settings));
  const [problem, setProblem] = useState({});
  const is = { isNew: !meeting, isDate: Boolean(place.starts && place.starts !== meeting?.starts) };
  const change = (some) => {
    setValues({ ...values, ...some });
    setProblem({});
  };
  const set = (name) => (value) => change({ [name]: value });
  const setDate = (date) => {
    const before = rulesFor(values.date),
      name = Object.keys(before).find((one) => before[one] === values.recurrence);
    change({ date, recurrence: name ? (rulesFor(date)[name] ?? null) : values.recurrence });
  };
  const send = async () => {
    if (!values.date) return setProblem({ starts: { key: 'plan.dateMissing' } });
    const body = bodyOf(values, is, meeting?.facilitators);
    if (is.isNew) {
      const made = await ask('POST', `circles/${circle.id}/meetings`, filled(body));
      return replace('meeting', { id: made.id });
    }
    const id = is.isDate ? await taken(circle, meeting, place.starts) : meeting.id;
    await ask('PATCH', meetingPath(circle, id), body);
    return is.isDate ? replace('meeting', { id }) : back();
  };
  const failed = (error) =>
    setProblem({ [SHOWN.includes(error.field) ? error.field : 'all']: error });
  useEffect(() => {
    document.querySelector('[aria-invalid="true"]')?.focus();
  }, [problem]);
  return { values, problem, set, setDate, send, failed, ...is };
}

function Form({ circle, meeting, place, formats, rotation, settings, members }) {
  const form = useForm({ circle, meeting, place, rotation, settings });
  const { values, problem, set, isNew, isDate } = form;
  const format = formats.find((one) => one.id === values.format);
  const proposed = rotation?.[0];
  const hint = proposed && isNew ? t('plan.turnOf', { name: proposed.name }) : null;
  const seen = t('plan.seenBy');
  return html`<form class="column" onSubmit=${(event) => {
    event.preventDefault();
    event.target.querySelector('.main').click();
  }}>
    ${meeting?.recurrence && !isDate && html`<${Notice}>${t('plan.wholeSeries')}<//>`}
    ${isNew && html`<${Formats} formats=${formats} value=${values.format}
      onValue=${set('format')} />`}
    <div class="side-by-side">
      <${Field} label=${t('plan.date')} type="date" required value=${values.date}
        onValue=${form.setDate} problem=${problem.starts} />
      <${Field} label=${t('plan.clock')} type="time" value=${values.clock}
        onValue=${set('clock')} />
      <${Field} label=${t('plan.end')} type="time" value=${values.end} onValue=${set('end')}
        problem=${problem.ends} />
    </div>
    ${!isDate && html`<${Select} label=${t('plan.repeatsLabel')} value=${values.recurrence}
      options=${ruleOptions(values.date, values.recurrence, meeting?.repeats)}
      onValue=${set('recurrence')} problem=${problem.recurrence} />`}
    <${Field} label=${t('plan.place')} hint=${t('plan.placeHint')} value=${values.place}
      onValue=${set('place')} problem=${problem.place} seenBy=${seen} />
    <${Select} label=${t('plan.placeKind')} value=${values.place_kind}
      options=${[[null, t('plan.notSaid')], ...PLACES.map((one) => [one, t(`places.${one}`)])]}
      onValue=${set('place_kind')} />
    <${Field} label=${t('plan.directions')} rows=${2} value=${values.directions}
      onValue=${set('directions')} problem=${problem.directions} seenBy=${seen} />
    <${Select} label=${t('plan.facilitator')} hint=${hint} value=${values.facilitator}
      options=${[
        ...members.map((one) => [one.person, one.name]),
        [null, t('plan.nobodyYet')],
      ]} onValue=${set('facilitator')} problem=${problem.facilitators} />
    <${Field} label=${t('plan.title')}
      hint=${format ? t('plan.titleHint', { name: format.name }) : null} value=${values.title}
      onValue=${set('title')} problem=${problem.title} seenBy=${seen} />
    <${KeepChoice} label=${t('plan.keep')} value=${values.keep} months=${values.keep_months}
      onValue=${set('keep')} />
    <p class="seen-by"><${Icon} name="eye" size=${18} />${seenByCircle(values)}</p>
    <${Problem} what=${problem.all} />
    <${Button} kind="main full" onPress=${form.send} onProblem=${form.failed}>
      ${t(isNew ? 'plan.make' : 'plan.save')}<//></form>`;
}

export function Plan({ circle, place }) {
  const path = `circles/${circle.id}`;
  const { data: meeting, error } = useData(place.id ? meetingPath(circle, place.id) : null);
  const { data: formats } = useData(`formats?lang=${document.documentElement.lang}`);
  const { data: rotation } = useData(`${path}/rotation`);
  const { data: settings, error: none } = useData(`${path}/settings`);
  const { data: members } = useData(`${path}/members`);
  const isReady = formats && rotation && members && (settings || none) && (meeting || !place.id);
  return html`<${Screen} title=${t(place.id ? 'plan.change' : 'home.plan')}>
    ${
      isReady
        ? html`<${Form} circle=${circle} meeting=${meeting ?? null} place=${place}
          formats=${formats.formats} rotation=${rotation.order} settings=${settings}
          members=${members.members} />`
        : error
          ? html`<${Notice} kind="problem">${sentence(error)}<//>`
          : html`<${Waiting} />`
    }<//>`;
}
