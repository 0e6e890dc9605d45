// Requests to the node: each carries the session's header token, each refusal is one sentence.
import { language } from './words.js';

/** What the node answered when it did not do it. `name` as in docs/api.md, `field` or null. */
export class Refusal extends Error {
  constructor(status, answer) {
    super(answer.message ?? '');
    this.status = status; // 0: the node did not answer
    this.name = answer.error ?? 'AWAY';
    this.field = answer.field ?? null;
    this.waitMs = answer.wait_ms ?? 0;
    this.messages = answer.messages ?? {}; // the same in each language, by its name
  }
}

let token = null;
const gone = new Set(); // told when there is no session any more

export const onGone = (listener) => {
  gone.add(listener);
};

async function headers(method) {
  const fields = { 'Accept-Language': language() };
  if (method === 'GET') return fields;
  token ??= (await ask('GET', 'session')).token;
  return { ...fields, 'Content-Type': 'application/json', 'X-Veillee-Token': token };
}

/** One request. Gives the parsed answer, or throws a Refusal. `keepalive`: goes out to its end. */
export async function ask(method, path, body, { keepalive = false } = {}) {
  let response, text;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      keepalive,
      headers: await headers(method),
      body: body === undefined ? (method === 'GET' ? undefined : '{}') : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(0, {});
  }
  if (response.status === 401) {
    for (const listener of gone) listener();
    throw new Refusal(401, {});
  }
  const answer = response.headers.get('Content-Type')?.startsWith('application/json')
    ? JSON.parse(text)
    : text;
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/** A path's part that comes from data. */
export const part = (text) => encodeURIComponent(text);

/** Closes the vault and every session; goes out although the page is being left. */
export function lockAndForget() {
  if (token === null) {
    return fetch('/api/v1/session')
      .then((answer) => answer.json())
      .then((answer) => {
        token = answer.token;
        return lockAndForget();
      })
      .catch(() => {});
  }
  const fields = { 'Content-Type': 'application/json', 'X-Veillee-Token': token };
  token = null;
  return fetch('/api/v1/lock', {
    method: 'POST',
    keepalive: true,
    headers: fields,
    body: '{}',
  }).catch(() => {});
}
