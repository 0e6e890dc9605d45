// A text that several people write at once, as this window has it. What is typed is in `text` at
// once; it goes to the node, one request at a time, and comes to lie on what others wrote
// meanwhile.
//
//   text = what the node has in `version`, then `sent`, then `typed` (core/text-ops.js)
//
//   loading --> settled --typed, or others did--> sending --answer--> settled
//                  sending --409--> loading, merged with what is here (an answer was lost, or the
//                                   node let the text go)
//                  sending --no answer--> tried again, the same request, until there is one
//
// A text that was left while something of it is not saved lives on here until it is. Locking lets
// all go.
import { ask, part } from './api.js';
import { onEvent } from './events.js';
import {
  apply,
  compose,
  divide,
  fromEdits,
  invert,
  isNothing,
  movePlace,
  points,
  toEdits,
  transform,
  units,
} from './text-ops.js';
import { difference, merge } from './text-merge.js';

const PAUSE_MS = 150; // between requests while one types
const AGAIN_MS = [500, 1000, 2000, 4000];
const PLACES = 200, // of a request; the node takes 256
  UNITS = 150000; // of its typed text; the node takes 1 MiB in all
const UNDO = 200,
  UNDO_PAUSE_MS = 1200, // what is typed without such a pause is taken back at once,
  UNDO_RUN = 40; // but not more letters than these
const CURSOR_MS = 600; // between two places that are told

const open = new Map(); // circle and meeting -> Writing

export class Writing {
  #path;
  #version = null;
  #base = ''; // what the node has in that version
  #sent = null;
  #typed = null;
  #known = ''; // what is known to be durable, and of which version
  #isDurable = true;
  #busy = false;
  #wanted = false; // a request, as soon as none is on its way
  #urgent = false; // to be written by the node at once
  #tries = 0;
  #timer = null;
  #composing = false;
  #held = null; // an answer that came meanwhile
  #heard = null; // the last event about this text
  #closed = false;
  #cursor = undefined; // where she writes; null: no more; undefined: nothing to tell
  #told = null;
  #cursorTimer = null;
  writers = []; // others who write here: {person, name, at}, `at` in `text` or null
  #undo = [];
  #redo = [];
  #lastTyped = -Infinity;
  #run = 0; // letters that the last undo takes back
  listeners = new Set(); // told {op}: of others, done to `text`; or {} when `state` changed
  text = '';
  problem = null; // a Refusal; 'unsaved': the node could not write it yet
  isReady = false;
  users = 0;

  constructor(circle, meeting) {
    this.circle = circle;
    this.meeting = meeting;
    this.#path = `circles/${part(circle)}/meetings/${part(meeting)}/minutes`;
    this.#load();
  }

  /** loading, saved, saving, away, problem */
  get state() {
    if (this.problem) return this.problem.status === 0 ? 'away' : 'problem';
    if (!this.isReady) return 'loading';
    return this.#isSettled() ? 'saved' : 'saving';
  }

  get canTakeBack() {
    return this.#undo.some((op) => !isNothing(op));
  }

  #isSettled() {
    return !this.#sent && !this.#typed && this.#isDurable;
  }

  #tell(told = {}) {
    for (const listener of this.listeners) listener(told);
    if (this.users === 0 && this.isReady && this.#isSettled()) this.close();
  }

  // ---- what is typed here

  /** `op` was done to the text of the field. `typing`: letter after letter, undone together. */
  type(op, typing = true) {
    if (isNothing(op)) return;
    const now = performance.now();
    const back = invert(op, this.text);
    const last = this.#undo.at(-1);
    if (typing && last && now - this.#lastTyped < UNDO_PAUSE_MS && this.#run++ < UNDO_RUN)
      this.#undo[this.#undo.length - 1] = compose(back, last);
    else {
      this.#undo = [...this.#undo, back].slice(-UNDO);
      this.#run = 1;
    }
    this.#lastTyped = typing ? now : -Infinity;
    this.#redo = [];
    this.#do(op);
  }

  #do(op) {
    this.text = apply(op, this.text);
    this.writers = this.writers.map((one) =>
      one.at === null ? one : { ...one, at: movePlace(op, one.at) });
    this.#typed = this.#typed ? compose(this.#typed, op) : op;
    this.#soon(PAUSE_MS);
    this.#tell();
  }

  /** Takes back, or does again, what was typed here and nothing else. Gives the op, or null. */
  takeBack(again = false) {
    const from = again ? this.#redo : this.#undo,
      to = again ? this.#undo : this.#redo;
    while (from.length > 0) {
      const op = from.pop();
      if (isNothing(op)) continue;
      to.push(invert(op, this.text));
      this.#lastTyped = -Infinity;
      this.#do(op);
      return op;
    }
    return null;
  }

  /** While letters are composed in the field nothing is done to it. */
  compose(isComposing) {
    this.#composing = isComposing;
    if (isComposing || !this.#held) return;
    const held = this.#held;
    this.#held = null;
    held();
  }

  /** Everything is to be durable now. */
  save() {
    if (this.#isSettled() || !this.isReady) return;
    this.#urgent = true;
    if (this.#busy) this.#wanted = true;
    else this.#send();
  }

  /** Where the caret is, for the others; null: not here. The node keeps that nowhere. */
  moveTo(at) {
    if (at === this.#told) return;
    this.#cursor = this.#told = at;
    this.#cursorTimer ??= setTimeout(() => {
      this.#cursorTimer = null;
      if (this.#cursor !== undefined && this.#tellsCursors) this.#soon(0);
    }, CURSOR_MS);
  }
  #tellsCursors = false; // whether the node does

  #takeWriters(writers) {
    if (writers === undefined) return;
    this.#tellsCursors = true;
    this.writers = writers.map((one) => ({
      ...one,
      at: one.at === null ? null : units(this.text, 0, Math.min(one.at, points(this.text))),
    }));
  }

  // ---- to and from the node

  #soon(wait) {
    this.#wanted = true;
    if (this.#busy) return;
    if (this.#timer !== null) {
      if (wait > 0) return;
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, wait);
  }

  async #request(method, path, body) {
    this.#busy = true;
    this.#wanted = false;
    // Goes out although the window is being closed; a browser lets only small ones do so.
    const keepalive = body?.save === true && JSON.stringify(body).length < 60000;
    try {
      const answer = await ask(method, path, body, { keepalive });
      this.#tries = 0;
      return this.#closed ? null : answer;
    } catch (error) {
      this.#busy = false;
      if (this.#closed) return null;
      if (error.status === 409 && error.field === 'base') this.#load();
      else {
        this.problem = error;
        // What the node refused stays as it is until something else is typed, or the node is back.
        if (error.status === 0 || error.status >= 500)
          this.#soon(AGAIN_MS[Math.min(this.#tries++, AGAIN_MS.length - 1)]);
        else if (this.#sent) this.#unsend();
        this.#tell();
      }
      return null;
    }
  }

  #unsend() {
    this.#typed = this.#typed ? compose(this.#sent, this.#typed) : this.#sent;
    this.#sent = null;
  }

  async #load() {
    const answer = await this.#request('GET', this.#path);
    if (answer) this.#whenFree(this.isReady, () => this.#loaded(answer));
  }

  #loaded({ version, saved, text, writers }) {
    const merged = this.isReady ? merge(this.#known, this.text, text) : text;
    const shown = difference(this.text, merged);
    const mine = difference(text, merged);
    this.#follow(shown);
    this.text = merged;
    this.#base = text;
    this.#version = version;
    this.#sent = null;
    this.#typed = isNothing(mine) ? null : mine;
    this.isReady = true;
    this.#takeWriters(writers);
    this.#settle(saved, null);
    this.#tell({ op: shown });
    if (this.#typed) this.#soon(0);
  }

  #whenFree(touches, act) {
    if (touches && this.#composing) {
      this.#held = () => this.#whenFree(touches, act);
      return;
    }
    this.#busy = false;
    act();
    if (this.#wanted) this.#soon(this.#urgent ? 0 : PAUSE_MS);
  }

  async #send() {
    if (this.#busy) return;
    if (this.#version === null) {
      this.#load();
      return;
    }
    if (!this.#sent && this.#typed) {
      const [first, rest] = divide(this.#typed, PLACES, UNITS);
      this.#sent = first;
      this.#typed = rest;
      if (rest) this.#wanted = true;
    }
    const more = this.#typed !== null;
    const body = {
      base: this.#version,
      operations: this.#sent ? toEdits(this.#sent, this.#base) : [],
    };
    if (this.#urgent && !more) {
      body.save = true;
      this.#urgent = false;
    }
    if (this.#tellsCursors && this.#cursor !== undefined && !more) {
      const at = this.#cursor;
      body.cursor = at === null ? null : points(this.text, 0, Math.min(at, this.text.length));
      this.#cursor = undefined;
    }
    const answer = await this.#request('POST', `${this.#path}/edits`, body);
    if (more) this.#wanted = true;
    if (answer) this.#whenFree(answer.changes.length > 0, () => this.#answered(answer));
  }

  #answered({ version, saved, error, changes, writers }) {
    const sent = this.#sent ? apply(this.#sent, this.#base) : this.#base;
    let theirs = fromEdits(changes, sent);
    this.#base = apply(theirs, sent);
    this.#version = version;
    this.#sent = null;
    if (this.#typed) [this.#typed, theirs] = transform(this.#typed, theirs);
    this.#follow(theirs);
    this.text = apply(theirs, this.text);
    this.#takeWriters(writers);
    this.#settle(saved, error);
    this.#tell(isNothing(theirs) ? {} : { op: theirs });
  }

  /** The event about an answer may be here before it. */
  #settle(saved, error) {
    const isSaved = saved || (this.#heard?.version === this.#version && this.#heard.saved);
    this.#isDurable = isSaved;
    if (isSaved) this.#known = this.#base;
    this.problem = error ? 'unsaved' : null;
  }

  /** What could be undone lies elsewhere after what others did. */
  #follow(op) {
    if (isNothing(op)) return;
    for (const stack of [this.#undo, this.#redo]) {
      let theirs = op;
      for (let k = stack.length - 1; k >= 0; k--)
        [stack[k], theirs] = transform(stack[k], theirs);
    }
  }

  heard({ name, data }) {
    if (name === 'resync') {
      this.#tries = 0;
      this.#soon(0);
    } else if (name === 'minutes' && data.meeting === this.meeting) {
      this.#heard = data;
      if (data.version !== this.#version) return;
      this.#settle(data.saved, data.error);
      this.#tell();
    } else if (name === 'cursor' && data.meeting === this.meeting) {
      this.#takeWriters(data.writers);
      this.#tell();
    } else if (name === 'change' && data.circle === this.circle) {
      const isMine = data.records === 'many' || data.records.some((one) => one.id === this.meeting);
      if (isMine) this.#soon(20);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#cursorTimer);
    this.writers = [];
    open.delete(`${this.circle} ${this.meeting}`);
    this.listeners.clear();
    this.text = this.#base = this.#known = '';
    this.#sent = this.#typed = null;
    this.#undo = this.#redo = [];
  }
}

/** The text of a meeting's minutes, one for all who show it in this window; then stopWriting(). */
export function write(circle, meeting) {
  const key = `${circle} ${meeting}`;
  if (!open.has(key)) open.set(key, new Writing(circle, meeting));
  const writing = open.get(key);
  writing.users++;
  return writing;
}
export function stopWriting(writing) {
  writing.users--;
  if (writing.users > 0) return;
  writing.moveTo(null);
  if (writing.state === 'saved' || !writing.isReady) writing.close();
  else writing.save();
}

onEvent((event) => {
  if (event.name === 'locked') for (const writing of [...open.values()]) writing.close();
  else for (const writing of [...open.values()]) writing.heard(event);
});
// The window is hidden or closed: what waits in the node is written at once.
addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') for (const one of open.values()) one.save();
});
