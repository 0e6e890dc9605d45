// Minutes, written together: the field, what is said beside it, who writes.
import { html, useEffect, useReducer, useRef, useState } from '../lib/preact.js';
import { movePlace, passes, spliceOp, typedOp } from '../core/text-ops.js';
import { useData } from '../core/live-data.js';
import { t } from '../core/words.js';
import { stopWriting, write } from '../core/writing.js';
import { Button, Notice, sentence, useId, Waiting } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { seenByCircle } from '../parts/keep.js';
import { Dot } from '../parts/person.js';
import { AddCommitment, AddDecision, Outcomes } from './decisions.js';

const TYPES = ['meeting', 'decision', 'commitment'];
// What the node refuses in a text (docs/records.md): control characters, halves of letters.
const UNWANTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cs}/gu;
const TYPED = ['insertText', 'insertCompositionText', 'deleteContentBackward', 'insertLineBreak'];

/** Does what others wrote to the field; the caret, the selection and what is seen stay. */
function showOthers(field, writing, op) {
  const { selectionStart, selectionEnd, selectionDirection, scrollTop } = field;
  field.value = writing.text;
  field.setSelectionRange(
    movePlace(op, selectionStart),
    movePlace(op, selectionEnd),
    selectionDirection,
  );
  field.scrollTop = scrollTop;
}

/** Puts the caret where something was taken back or done again. */
function showTakenBack(field, writing, op) {
  let at = 0,
    caret = 0;
  for (const piece of op) {
    if (typeof piece === 'string') caret = at += piece.length;
    else if (passes(piece)) at += piece;
    else caret = at;
  }
  field.value = writing.text;
  field.setSelectionRange(caret, caret);
}

function takeBack(field, writing, again) {
  const op = writing.takeBack(again);
  if (op) showTakenBack(field, writing, op);
}

function onField(field, writing) {
  const events = {
    input(event) {
      let caret = field.selectionEnd;
      const clean = field.value.replace(UNWANTED, '');
      if (clean !== field.value) {
        caret = field.value.slice(0, caret).replace(UNWANTED, '').length;
        field.value = clean;
        field.setSelectionRange(caret, caret);
      }
      writing.type(typedOp(writing.text, clean, caret), TYPED.includes(event.inputType));
      writing.moveTo(caret);
    },
    keydown(event) {
      // The browser's own undo would bring back the text of others as it was.
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      takeBack(field, writing, key === 'y' || event.shiftKey);
    },
    beforeinput(event) {
      if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return;
      event.preventDefault();
      takeBack(field, writing, event.inputType === 'historyRedo');
    },
    compositionstart: () => writing.compose(true),
    compositionend: () => writing.compose(false),
    blur: () => {
      writing.moveTo(null);
      writing.save();
    },
    keyup: () => writing.moveTo(field.selectionEnd),
    pointerup: () => writing.moveTo(field.selectionEnd),
  };
  const all = Object.entries(events);
  for (const [name, listener] of all) field.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of all) field.removeEventListener(name, listener);
  };
}

/** The text of a meeting in this window, drawn again when its state changes. */
function useWriting(circle, meeting) {
  const [, draw] = useReducer((count) => count + 1, 0);
  const held = useRef(null);
  useEffect(() => {
    const writing = write(circle, meeting);
    held.current = writing;
    writing.listeners.add(draw);
    draw();
    return () => {
      writing.listeners.delete(draw);
      stopWriting(writing);
      held.current = null;
    };
  }, [circle, meeting]);
  return held.current;
}

/** The heading under which a place is, or null. */
function headingAbove(text, at) {
  const above = text.slice(0, at).split('\n');
  const last = text.slice(at).split('\n')[0];
  above[above.length - 1] += last;
  return above.reverse().find((line) => /^#+\s/.test(line))?.replace(/^#+\s*/, '') ?? null;
}

function Writers({ writing }) {
  const { writers, text } = writing;
  return html`<ul class="writers" aria-label=${t('minutes.writers')}>${writers.map((one) => {
    const under = one.at === null ? null : headingAbove(text, one.at);
    return html`<li key=${one.person} class="row"><${Dot} who=${one} /><span>${
      under
        ? t('minutes.writesUnder', { name: one.name, heading: under })
        : t('minutes.writes', { name: one.name })
    }</span></li>`;
  })}</ul>`;
}

const SAYS = { away: 'minutes.away', saving: 'minutes.saving', saved: 'minutes.saved' };

function State({ writing }) {
  const { state, problem } = writing;
  if (state === 'away') return html`<${Notice} kind="problem">${t('minutes.away')}<//>`;
  if (state === 'problem')
    return html`<${Notice} kind="problem">
      ${problem === 'unsaved' ? t('minutes.unsaved') : sentence(problem)}<//>`;
  return html`<p class=${`minutes-state ${state}`}>
    ${state === 'saved' && html`<${Icon} name="check" size=${18} />`}${t(SAYS[state])}</p>`;
}

/** Where the line begins in which the caret stands, and the line. */
function lineOf({ value, selectionStart }) {
  const begin = value.lastIndexOf('\n', selectionStart - 1) + 1;
  const end = value.indexOf('\n', selectionStart);
  return [begin, value.slice(begin, end < 0 ? value.length : end)];
}

/** Makes the line of the caret a heading, or a heading a line. */
function toggleHeading(field, writing) {
  const [begin, line] = lineOf(field);
  const mark = /^#+\s*/.exec(line)?.[0] ?? '';
  const op = mark ? spliceOp(begin, mark.length, '') : spliceOp(begin, 0, '## ');
  writing.type(op, false);
  const caret = field.selectionStart + (mark ? -mark.length : 3);
  field.value = writing.text;
  field.focus();
  field.setSelectionRange(Math.max(begin, caret), Math.max(begin, caret));
}

/** What a decision is begun with: what is selected, else the caret's line. */
function chosenText(field) {
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  return (chosen || lineOf(field)[1]).replace(/^\s*(#+|[-*])\s*/, '').trim();
}

function Editor({ writing, label, seenBy, onAdd }) {
  const field = useRef(null),
    id = useId('m');
  useEffect(() => {
    const { current } = field;
    current.value = writing.text;
    const show = ({ op }) => {
      if (op) showOthers(current, writing, op);
    };
    writing.listeners.add(show);
    const off = onField(current, writing);
    return () => {
      writing.listeners.delete(show);
      off();
    };
  }, [writing]);
  return html`<div class="field minutes-field">
    <div class="row apart"><label class="label" for=${id}>${label}</label>
      <${State} writing=${writing} /></div>
    <p class="seen-by" id=${`${id}-s`}><${Icon} name="eye" size=${18} />${seenBy}</p>
    <textarea ref=${field} id=${id} rows="8" aria-describedby=${`${id}-s ${id}-h`}
      spellcheck="true"></textarea>
    <${Writers} writing=${writing} />
    <div class="row minutes-tools" role="group" aria-label=${t('minutes.tools')}>
      <${Button} onPress=${() => toggleHeading(field.current, writing)}>${t('minutes.heading')}<//>
      <${Button} icon="check" onPress=${() => onAdd('decision', chosenText(field.current))}>
        ${t('decisions.addDecision')}<//>
      <${Button} icon="hand" onPress=${() => onAdd('commitment', chosenText(field.current))}>
        ${t('decisions.addCommitment')}<//>
      <${Button} icon="undo" label=${t('minutes.undo')} disabled=${!writing.canTakeBack}
        onPress=${() => takeBack(field.current, writing, false)} /></div>
    <p class="hint" id=${`${id}-h`}>${t('minutes.hint')}</p></div>`;
}

/**
 * The minutes of a meeting to write in, beside anything: `circle` as in status, `meeting` its id.
 */
export function MinutesPane({ circle, meeting }) {
  const { data } = useData(`circles/${circle.id}/meetings/${meeting}`, TYPES);
  const [adds, setAdds] = useState(null);
  const writing = useWriting(circle.id, meeting);
  if (writing?.problem && !writing.isReady && writing.state === 'problem')
    return html`<${Notice} kind="problem">${sentence(writing.problem)}<//>`;
  if (!writing?.isReady || !data) return html`<${Waiting} />`;
  const Adding = adds && (adds.sort === 'decision' ? AddDecision : AddCommitment);
  return html`<section class="minutes">
    <${Editor} writing=${writing} label=${t('minutes.title')} seenBy=${seenByCircle(data)}
      onAdd=${(sort, text) => setAdds({ sort, text })} />
    <${Outcomes} circle=${circle} meeting=${data} />
    ${Adding && html`<${Adding} circle=${circle} meeting=${data} text=${adds.text}
      onClose=${() => setAdds(null)} />`}
  </section>`;
}

export function Minutes({ circle, place }) {
  const { data } = useData(`circles/${circle.id}/meetings/${place.id}`, TYPES);
  return html`<${Screen} title=${data?.title || t('meeting.title')}>
    <${MinutesPane} circle=${circle} meeting=${place.id} /><//>`;
}
