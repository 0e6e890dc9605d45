// What screens show: answers of the node, by their path, loaded again when an event says so. Two
// screens that read one path share the answer; two loads at once are one.
import { useEffect, useReducer } from '../lib/preact.js';
import { ask } from './api.js';
import { onEvent } from './events.js';

// path -> {answer, at, error, loading, again, given, isNew, goes, readers, types}; `at`: when the
// answer came, by performance.now(), for what goes on since; `isNew`: no screen has read it yet;
// `goes`: it is being erased, nothing is asked for any more
const known = new Map();

/** Whether an event may change what a path answers. `types` narrows it: of records that matter. */
function concerns(path, types, { name, data }) {
  if (name === 'resync' || name === 'unlocked') return true;
  if (name === 'preferences') return path === 'preferences';
  if (name === 'circles') return path === 'status';
  if (name === 'network') {
    return (
      path === 'status' ||
      path === 'peers' ||
      path === 'pairing' ||
      /\/(present|live)$/.test(path)
    );
  }
  if (name === 'minutes' || name === 'cursor') return false; // the writing screen asks by itself
  if (name !== 'change') return false;
  if (path === 'status') return data.membership;
  if (!path.startsWith(`circles/${data.circle}`)) return false;
  if (!types || data.membership || data.records === 'many' || data.records.length === 0)
    return true;
  return data.records.some((record) => types.includes(record.type));
}

async function load(path) {
  const entry = known.get(path);
  if (!entry || entry.goes) return;
  if (entry.loading) {
    entry.again = true;
    return;
  }
  entry.loading = true;
  do {
    entry.again = false;
    entry.given = false;
    try {
      const answer = await ask('GET', path);
      if (!entry.given) Object.assign(entry, { answer, at: performance.now(), error: null });
    } catch (error) {
      entry.error = error;
    }
  } while (entry.again && !entry.goes);
  entry.loading = false;
  for (const reader of entry.readers) reader();
}

onEvent((event) => {
  if (event.name === 'locked') return forget();
  // What no screen shows now is loaded when one shows it again.
  for (const [path, entry] of known) {
    if (!concerns(path, entry.types, event)) continue;
    entry.isNew = false;
    if (entry.readers.size > 0) load(path);
  }
});

/** Lets every answer go. */
export function forget() {
  for (const [path, entry] of known) {
    if (entry.readers.size === 0) known.delete(path);
    else if (path !== 'status') Object.assign(entry, { answer: undefined });
  }
}

/** Loads all again that is shown: what the node says in the words of a language. */
export function reloadAll() {
  for (const [path, entry] of known) {
    if (entry.readers.size > 0) load(path);
    else known.delete(path);
  }
}

/** Loads a path again, for a change that no event tells. */
export const reload = (path) => load(path);

/**
 * A path's answer that came with another request. What was being loaded meanwhile may be older: it
 * is not taken.
 */
export function give(path, answer) {
  const entry = known.get(path);
  if (!entry) return;
  Object.assign(entry, { answer, at: performance.now(), error: null, given: true });
  for (const reader of entry.readers) reader();
}

/** Some members of a path's answer; the others stay as of when they came. */
export function giveSome(path, values) {
  const entry = known.get(path);
  if (!entry?.answer) return;
  entry.answer = { ...entry.answer, ...values };
  entry.again = entry.loading; // what is on its way may be older
  for (const reader of entry.readers) reader();
}

const KEEP = 24; // answers of screens that were left, for going back without waiting

function trim() {
  const left = [...known].filter(([, entry]) => entry.readers.size === 0);
  for (const [path] of left.slice(0, Math.max(0, left.length - KEEP))) known.delete(path);
}

function entryOf(path, types) {
  if (!known.has(path)) {
    const nothing = { answer: undefined, at: 0, error: null, given: false };
    known.set(path, { ...nothing, loading: false, again: false, readers: new Set(), types });
  }
  return known.get(path);
}

/**
 * Erases what a path names; the screen that shows it is to be left then, and asks no more. When
 * that is refused it stays, as it is by then: events that came meanwhile were passed over.
 */
export async function erase(path) {
  const entry = known.get(path);
  if (entry) entry.goes = true;
  try {
    await ask('DELETE', path);
    known.delete(path);
  } catch (error) {
    if (entry) entry.goes = false;
    load(path);
    throw error;
  }
}

/** Asks for what a screen that comes will show. Gives the answer, undefined if there is none. */
export async function want(path) {
  const entry = entryOf(path, null);
  await load(path);
  entry.isNew = entry.answer !== undefined; // the screen need not ask again
  return entry.answer;
}

/**
 * {data, at, error, again}: the last answer of a path, undefined before the first, and when it
 * came. `path` null: nothing.
 * `types`: of records, when changes of others do not matter.
 */
export function useData(path, types = null) {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    if (path === null) return undefined;
    const entry = entryOf(path, types);
    entry.readers.add(draw);
    if (!entry.isNew) load(path);
    entry.isNew = false;
    return () => {
      entry.readers.delete(draw);
      trim();
    };
  }, [path]);
  const entry = path === null ? null : known.get(path);
  return {
    data: entry?.answer,
    at: entry?.at ?? 0,
    error: entry?.error ?? null,
    again: () => load(path),
  };
}
