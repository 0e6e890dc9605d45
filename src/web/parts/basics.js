// Buttons, fields, notices: what every screen is made of.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { language, t } from '../core/words.js';
import { Icon } from './icons.js';

/**
 * A button. `onPress` may be asynchronous: meanwhile the button is busy and cannot be pressed
 * again. What
 * it throws is shown by `onProblem`, else as a notice at the foot of the page.
 */
export function Button({ children, kind = '', icon, onPress, onProblem, label, ...rest }) {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  const press = async (event) => {
    if (busy || !onPress) return;
    setBusy(true);
    try {
      await onPress(event);
    } catch (error) {
      (onProblem ?? say)(error);
    }
    if (alive.current) setBusy(false);
  };
  return html`<button type="button" class=${`button ${kind}`} aria-label=${label} aria-busy=${busy}
    onClick=${onPress && press} ...${rest}>
    ${
      busy
        ? html`<span class="busy" aria-hidden="true"></span>`
        : icon && html`<${Icon} name=${icon} />`
    }
    ${children}</button>`;
}

/**
 * What is to be said, in the language that is spoken now: a text, {key, values} of a sentence of
 * the catalogue, or what went wrong: the node's own sentence, or that it is away. Who keeps it
 * keeps `what`, so that it is said anew when the language changes.
 */
export function sentence(what) {
  if (typeof what === 'string') return what;
  if (what.key) return t(what.key, what.values);
  if (what.status === 0) return t('common.away');
  return what.messages?.[language()] || what.message || t('common.failed');
}

let show = () => {};
/** Says it at the foot of the page, for a while: what sentence() takes. */
export const say = (what) => show(what);

/** Where say() is seen, once in the page. */
export function Toasts() {
  const [what, setWhat] = useState('');
  useEffect(() => {
    let timer;
    show = (next) => {
      clearTimeout(timer);
      setWhat(next);
      timer = setTimeout(() => setWhat(''), 7000);
    };
    return () => clearTimeout(timer);
  }, []);
  return html`<div class="toast" role="status" aria-live="polite">
    ${what && html`<div class="notice">${sentence(what)}</div>`}</div>`;
}

let count = 0;
export function useId(prefix = 'f') {
  const id = useRef(null);
  id.current ??= `${prefix}${++count}`;
  return id.current;
}

/**
 * A label, a control, what is to be known before writing (`hint`), and what is wrong with it
 * (`problem`: what sentence() takes).
 * `seenBy`: who will see it and for how long, a sentence.
 */
export function Field({
  label,
  hint,
  problem,
  seenBy,
  value,
  onValue,
  rows,
  type = 'text',
  ...rest
}) {
  const id = useId();
  const about = [hint && `${id}-h`, seenBy && `${id}-s`, problem && `${id}-p`]
    .filter(Boolean)
    .join(' ');
  const common = {
    id,
    value,
    'aria-describedby': about || undefined,
    'aria-invalid': problem ? 'true' : undefined,
    onInput: (event) => onValue(event.target.value),
    ...rest,
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}-h`}>${hint}</p>`}
    ${seenBy && html`<p class="seen-by" id=${`${id}-s`}>
      <${Icon} name="eye" size=${18} />${seenBy}</p>`}
    ${
      rows
        ? html`<textarea rows=${rows} ...${common}></textarea>`
        : html`<input type=${type} ...${common} />`
    }
    ${problem && html`<p class="problem" id=${`${id}-p`} role="alert">${sentence(problem)}</p>`}
  </div>`;
}

const LATE_MS = 1000; // what came of a choice is here by then

/** What was chosen counts until the value says so too: an answer to something older, which comes
 * meanwhile, does not take it back. [what is shown, choose]; `onValue` may be asynchronous. */
export function useChosen(value, onValue) {
  const [chosen, setChosen] = useState(null);
  const latest = useRef(value),
    waits = useRef(0); // for what came of a choice
  latest.current = value;
  useEffect(() => {
    if (chosen?.value === value && waits.current === 0) setChosen(null);
  }, [chosen, value]);
  const choose = async (next) => {
    const mine = { value: next };
    const end = () => setChosen((now) => (now === mine ? null : now));
    setChosen(mine);
    waits.current++;
    try {
      await onValue(next);
      setTimeout(end, latest.current === next ? 0 : LATE_MS);
    } catch (error) {
      say(error);
      end();
    }
    waits.current--;
  };
  return [chosen ? chosen.value : value, choose];
}

/** A text that can be typed over: it follows the value until somebody types, and what she typed
 * stays whatever comes. [text, type, saved]; after `saved(sent)` it follows the value again, unless
 * she typed on. */
export function useDraft(value) {
  const [typed, setTyped] = useState(null);
  const isSaved = useRef(false),
    latest = useRef(null);
  latest.current = typed;
  useEffect(() => {
    if (isSaved.current) setTyped(null);
    isSaved.current = false;
  }, [value]);
  const type = (text) => {
    isSaved.current = false;
    setTyped(text);
  };
  return [
    typed ?? value,
    type,
    (sent) => {
      isSaved.current = latest.current === sent;
    },
  ];
}

/** One of a few: `options` is [[value, label], …]. `isEven`: all of the same width. */
export function Choice({ label, hint, options, value, onValue, hideLabel = false, isEven }) {
  const name = useId('c');
  const [shown, choose] = useChosen(value, onValue);
  return html`<fieldset class="field" aria-describedby=${hint ? `${name}-h` : undefined}>
    <legend class=${hideLabel ? 'unseen' : 'label'}>${label}</legend>
    ${hint && html`<p class="hint" id=${`${name}-h`}>${hint}</p>`}
    <div class=${isEven ? 'choices even' : 'choices'}>${options.map(
      ([one, text]) => html`<label class="choice" key=${String(one)}>
      <input type="radio" name=${name} value=${String(one)} checked=${one === shown}
        onChange=${() => choose(one)} /><span>${text}</span></label>`,
    )}</div>
  </fieldset>`;
}

export function Switch({ label, hint, value, onValue }) {
  const id = useId('s');
  const [shown, choose] = useChosen(value, onValue);
  return html`<div class="field"><label class="switch" for=${id}>
    <input id=${id} type="checkbox" role="switch" checked=${shown}
      aria-describedby=${hint ? `${id}-h` : undefined}
      onChange=${(event) => choose(event.target.checked)} />
    <span>${label}</span></label>
    ${hint && html`<p class="hint" id=${`${id}-h`}>${hint}</p>`}</div>`;
}

export function Notice({ kind = '', role = kind === 'problem' ? 'alert' : undefined, children }) {
  return html`<div class=${`notice ${kind}`} role=${role}>
    ${children}</div>`;
}

/** What went wrong, of more than one field: `what` as sentence() takes it; nothing without it. */
export const Problem = ({ what }) =>
  what ? html`<${Notice} kind="problem">${sentence(what)}<//>` : null;

/** What stands where nothing is yet: a sentence, a drawing, one action. */
export function Empty({ text, icon = 'home', children }) {
  return html`<div class="empty"><${Icon} name=${icon} size=${72} />
    <p>${text}</p>${children}</div>`;
}

/** While the first answer is not here. */
export const Waiting = () => html`<p class="quiet" role="status">${t('common.waiting')}</p>`;

/** A part of a screen with its heading in line style. */
export function Section({ title, children }) {
  return html`<section class="section">
    <h2 class="section-title">${title}</h2>${children}</section>`;
}
