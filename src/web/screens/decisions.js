// What came of a meeting: decisions, and who does what until when, as marked lines.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { useData } from '../core/live-data.js';
import { day, t } from '../core/words.js';
import { Button, Field, Problem, useId } from '../parts/basics.js';
import { Dialog } from '../parts/dialog.js';
import { Icon } from '../parts/icons.js';
import { KeepChoice, keptFor, seenByCircle } from '../parts/keep.js';

const path = (circle, type, id) => `circles/${circle.id}/${type}${id ? `/${id}` : ''}`;
const change = (circle, type, one, values) => ask('PATCH', path(circle, type, one.id), values);

function Decision({ circle, one }) {
  const isOff = one.state === 'withdrawn';
  return html`<li class=${`marked decision ${isOff ? 'is-off' : ''}`}>
    <${Icon} name="check" /><div class="marked-text">
      <p><span class="unseen">${t('decisions.decision')} </span>
        <span class="prose">${one.text}</span></p>
      <p class="quiet">${isOff ? t('decisions.withdrawn') : t('decisions.by', { name: one.by })}
        ${' · '}${keptFor(one)}</p></div>
    ${mayWrite(circle) && html`<${Button} kind="plain" onPress=${() =>
      change(circle, 'decisions', one, { state: isOff ? 'taken' : 'withdrawn' })}>
      ${t(isOff ? 'decisions.takeAgain' : 'decisions.withdraw')}<//>`}</li>`;
}

/** What became of it. */
function CommitmentEnds({ circle, one, isOver }) {
  const set = (state) => change(circle, 'commitments', one, { state });
  if (isOver)
    return html`<${Button} kind="plain" onPress=${() => set('open')}>${t('decisions.reopen')}<//>`;
  return html`<span class="row"><${Button} icon="check" onPress=${() => set('done')}>
      ${t('decisions.done')}<//>
    <${Button} kind="plain" onPress=${() => set('dropped')}>${t('decisions.drop')}<//></span>`;
}

function Commitment({ circle, one }) {
  const isOver = one.state === 'done' || one.state === 'dropped';
  const who = one.name ?? one.seat ?? t('decisions.nobody');
  return html`<li class=${`marked commitment ${isOver ? 'is-off' : ''}`}>
    <${Icon} name="hand" /><div class="marked-text">
      <p><span class="unseen">${t('decisions.commitment')}</span> <strong>${who}</strong>${' : '}
        ${one.text}</p>
      <p class="quiet">${[
        one.until && t('decisions.untilDay', { day: day(one.until) }),
        isOver && t(`decisions.${one.state}`),
      ].filter(Boolean).join(' · ')}</p></div>
    ${
      mayWrite(circle) &&
      html`<${CommitmentEnds} circle=${circle} one=${one} isOver=${isOver} />`
    }</li>`;
}

/** `meeting` is the whole record, as of GET. */
export function Outcomes({ circle, meeting }) {
  const { decisions = [], commitments = [] } = meeting;
  if (decisions.length + commitments.length === 0) return null;
  return html`<ul class="list outcomes">
    ${decisions.map((one) => html`<${Decision} key=${one.id} circle=${circle} one=${one} />`)}
    ${commitments.map((one) => html`<${Commitment} key=${one.id} circle=${circle} one=${one} />`)}
    ${meeting.more_outcomes && html`<li class="quiet">${t('decisions.more')}</li>`}</ul>`;
}

export function AddDecision({ circle, meeting, text: first = '', onClose }) {
  const [text, setText] = useState(first);
  const [keep, setKeep] = useState('kept');
  const [problem, setProblem] = useState({});
  const months = meeting.keep_months || 6;
  const add = async () => {
    if (!text.trim()) return setProblem({ text: { key: 'decisions.textMissing' } });
    await ask('POST', path(circle, 'decisions'), {
      meeting: meeting.id,
      text: text.trim(),
      keep,
      ...(keep === 'months' ? { keep_months: months } : {}),
    });
    return onClose();
  };
  return html`<${Dialog} title=${t('decisions.addDecision')} onClose=${onClose}>
    <${Field} label=${t('decisions.what')} rows=${3} value=${text} onValue=${setText}
      seenBy=${seenByCircle({ keep, keep_months: months })} problem=${problem.text} />
    <${KeepChoice} label=${t('decisions.keepHow')} value=${keep} months=${months}
      onValue=${setKeep} />
    <${Ends} problem=${problem} setProblem=${setProblem} act=${add} onClose=${onClose} /><//>`;
}

function Ends({ problem, setProblem, act, onClose }) {
  const failed = (error) => setProblem({ [error.field ?? 'all']: error });
  return html`<${Problem} what=${problem.all} />
    <div class="row even"><${Button} onPress=${onClose}>${t('common.no')}<//>
      <${Button} kind="main" onPress=${act} onProblem=${failed}>${t('decisions.add')}<//></div>`;
}

export function AddCommitment({ circle, meeting, text: first = '', onClose }) {
  const { data } = useData(`circles/${circle.id}/members`);
  const [text, setText] = useState(first);
  const [who, setWho] = useState(circle.me);
  const [until, setUntil] = useState('');
  const [problem, setProblem] = useState({});
  const id = useId('w');
  const seats = meeting.seats ?? [];
  const add = async () => {
    if (!text.trim()) return setProblem({ text: { key: 'decisions.textMissing' } });
    const seat = who.startsWith('seat ') ? who.slice(5) : null;
    await ask('POST', path(circle, 'commitments'), {
      meeting: meeting.id,
      text: text.trim().replace(/\s+/g, ' '),
      ...(seat ? { seat } : who ? { person: who } : {}),
      ...(until ? { until } : {}),
    });
    return onClose();
  };
  return html`<${Dialog} title=${t('decisions.addCommitment')} onClose=${onClose}>
    <div class="field"><label for=${id}>${t('decisions.who')}</label>
      <select id=${id} value=${who} onChange=${(event) => setWho(event.target.value)}>
        ${(data?.members ?? []).map((one) => html`<option key=${one.person} value=${one.person}
          selected=${one.person === who}>${one.name}</option>`)}
        ${seats.map((one) => html`<option key=${one} value=${`seat ${one}`}>${one}</option>`)}
        <option value="">${t('decisions.nobody')}</option></select></div>
    <${Field} label=${t('decisions.does')} value=${text} onValue=${setText}
      seenBy=${seenByCircle({})} problem=${problem.text} />
    <${Field} label=${t('decisions.until')} type="date" value=${until} onValue=${setUntil}
      problem=${problem.until} />
    <${Ends} problem=${problem} setProblem=${setProblem} act=${add} onClose=${onClose} /><//>`;
}
