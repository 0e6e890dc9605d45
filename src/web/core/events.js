// The node's events. One window of the browser watches (a browser opens few connections to a
// host),
// and tells the others; if it goes another one takes its place.
//
//   starting --ready--> watching --silence of 25 s, or it broke off--> away --ready, resync-->
// watching
//
// `state()` is one of these. Listeners get {name, data}; on coming back a `resync`, so that
// everything
// is loaded anew.
const SILENCE_MS = 25000; // the node says something every 15 s
const TRY_MS = [250, 1000, 2000, 5000];

const listeners = new Set(),
  watchers = new Set();
const channel = new BroadcastChannel('events');
let last = null; // number of the newest event
let now = 'starting';
let leader = false,
  stopped = false;
let going = null; // AbortController of the stream

export const state = () => now;
/** `listener({name, data})`; gives a function that ends it. */
export function onEvent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
/** Told when state() changes. */
export function onState(listener) {
  watchers.add(listener);
  return () => watchers.delete(listener);
}

function become(next) {
  if (next === now) return;
  now = next;
  for (const watcher of watchers) watcher(next);
  if (leader) channel.postMessage({ state: next });
}

function tell(event) {
  if (event.id !== undefined) last = event.id;
  if (leader) channel.postMessage({ event });
  for (const listener of listeners) listener(event);
}

channel.onmessage = ({ data }) => {
  if (leader || stopped) return;
  if (data.event) tell(data.event);
  if (data.state) become(data.state);
};

function take(block) {
  const event = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
  }
  if (event.event === undefined) return; // a comment
  const wasAway = now !== 'watching';
  const name = event.event === 'ready' && wasAway ? 'resync' : event.event;
  become('watching');
  tell({ name, id: event.id, data: JSON.parse(event.data) });
}

async function watch() {
  going = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => going.abort(), SILENCE_MS);
  };
  heard();
  try {
    const query = last === null ? '' : `?last=${last}`;
    const answer = await fetch(`/api/v1/events${query}`, { signal: going.signal });
    if (answer.status === 401) {
      tell({ name: 'gone', data: {} });
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      heard();
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      blocks.forEach(take);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function lead() {
  leader = true;
  for (let tries = 0; !stopped;) {
    const begin = performance.now();
    await watch().catch(() => {});
    if (stopped) return;
    become('away');
    if (performance.now() - begin > 10000) tries = 0;
    const wait = TRY_MS[Math.min(tries++, TRY_MS.length - 1)];
    await new Promise((resolve) => {
      setTimeout(resolve, wait);
    });
  }
}

/** Begins to watch, or to listen to the window that does. */
export function start() {
  navigator.locks.request('events', () => lead()).catch(() => {});
  // A window that only listens hears nothing until something happens; it has loaded by itself.
  if (now === 'starting')
    setTimeout(() => {
      if (now === 'starting') become('watching');
    }, 1500);
}

/** For good: nothing is heard any more. */
export function stop() {
  stopped = true;
  listeners.clear();
  watchers.clear();
  channel.close();
  going?.abort();
}
