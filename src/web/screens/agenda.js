// The parts of a meeting: their order, how long each is, one more, one less.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { useData } from '../core/live-data.js';
import { meetingPath } from '../core/planning.js';
import { t } from '../core/words.js';
import { Button, Field, Notice, sentence, useId, Waiting } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';

const KINDS = ['talk', 'round', 'silence', 'reading', 'exercise', 'break', 'closing'];

function One({ circle, one, at, ids, order }) {
  const [minutes, setMinutes] = useState(String(one.minutes ?? ''));
  const [problem, setProblem] = useState('');
  const kind = t(`kinds.${one.kind ?? 'talk'}`);
  const name = one.title || kind;
  const save = async () => {
    if (minutes === String(one.minutes ?? '')) return;
    try {
      const value = minutes === '' ? null : Number(minutes);
      await ask('PATCH', `circles/${circle.id}/parts/${one.id}`, { minutes: value });
      setProblem('');
    } catch (error) {
      setProblem(error);
    }
  };
  const swap = (to) => {
    const next = [...ids];
    [next[at], next[to]] = [next[to], next[at]];
    return order(next);
  };
  return html`<li class="card column close">
    <p><strong>${name}</strong> ${kind !== name && html`<span class="quiet">${kind}</span>`}</p>
    <div class="agenda-one" onFocusOut=${save}>
      <${Field} label=${t('agenda.minutes')} aria-label=${t('agenda.minutesOf', { part: name })}
        type="number" min="0" max="1440" inputmode="numeric" value=${minutes}
        onValue=${setMinutes} problem=${problem} />
      <${Button} kind="round" icon="up" disabled=${at === 0}
        label=${t('agenda.earlierOf', { part: name })} onPress=${() => swap(at - 1)} />
      <${Button} kind="round" icon="down" disabled=${at === ids.length - 1}
        label=${t('agenda.laterOf', { part: name })} onPress=${() => swap(at + 1)} />
      <${Button} kind="round" icon="close" label=${t('agenda.removeOf', { part: name })}
        onPress=${() => order(ids.filter((id) => id !== one.id))} /></div>
  </li>`;
}

function Add({ circle, meeting }) {
  const [title, setTitle] = useState(''),
    [kind, setKind] = useState('talk'),
    [minutes, setMinutes] = useState('15');
  const id = useId('k');
  const add = async () => {
    const part = await ask('POST', `circles/${circle.id}/parts`, {
      meeting: meeting.id,
      title: title.trim() || t(`kinds.${kind}`),
      kind,
      ...(minutes === '' ? {} : { minutes: Number(minutes) }),
    });
    await ask('PATCH', meetingPath(circle, meeting.id), { parts: { append: [part.id] } });
    setTitle('');
  };
  return html`<section class="card still column"><h2>${t('agenda.another')}</h2>
    <${Field} label=${t('agenda.title')} value=${title} onValue=${setTitle}
      seenBy=${t('plan.seenBy')} />
    <div class="field"><label for=${id}>${t('agenda.kind')}</label>
      <select id=${id} value=${kind} onChange=${(event) => setKind(event.target.value)}>
        ${KINDS.map((one) => html`<option key=${one} value=${one}
          selected=${one === kind}>${t(`kinds.${one}`)}</option>`)}</select></div>
    <${Field} label=${t('agenda.minutes')} type="number" min="0" max="1440" inputmode="numeric"
      value=${minutes} onValue=${setMinutes} />
    <${Button} icon="plus" onPress=${add}>${t('agenda.add')}<//></section>`;
}

export function Agenda({ circle, place }) {
  const { data: meeting, error } = useData(meetingPath(circle, place.id), ['meeting', 'part']);
  const { data } = useData(`circles/${circle.id}/parts?meeting=${place.id}`, ['part']);
  if (!meeting || !data)
    return html`<${Screen} title=${t('meeting.agenda')}>${
      error ? html`<${Notice} kind="problem">${sentence(error)}<//>` : html`<${Waiting} />`
    }<//>`;
  const ids = meeting.parts ?? [];
  const order = (parts) => ask('PATCH', meetingPath(circle, meeting.id), { parts });
  const parts = ids.map((id) => data.parts.find((one) => one.id === id)).filter(Boolean);
  return html`<${Screen} title=${t('meeting.agenda')} subtitle=${meeting.title}>
    ${parts.length === 0 && html`<p class="quiet">${t('meeting.noAgenda')}</p>`}
    <ol class="list">${parts.map((one, at) => html`<${One} key=${one.id} circle=${circle} one=${one}
      at=${at} ids=${parts.map((each) => each.id)} order=${order} />`)}</ol>
    <${Add} circle=${circle} meeting=${meeting} /><//>`;
}
