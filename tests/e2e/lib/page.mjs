// The page's side of the local interface without a browser: exact heads, cookies, events.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';

/** Sends raw bytes to the port; what came until the other side closed, or for `seconds`. */
export function exchange(port, bytes, { seconds = 5, host = '127.0.0.1' } = {}) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    let text = '';
    const end = () => { socket.destroy(); resolve(text); };
    const timer = setTimeout(end, seconds * 1000);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (data) => { text += data; });
    socket.on('error', () => {});
    socket.on('close', () => { clearTimeout(timer); resolve(text); });
  });
}

/** The head of a request, field by field; a field that is undefined is left out. */
export function head(method, path, fields) {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined)
      .map((one) => `${name}: ${one}\r\n`));
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export const launchToken = (file) => /value="([^"]+)"/.exec(readFileSync(file, 'utf8'))[1];

/** The session that a launch token buys. */
export class Page {
  constructor(port) {
    this.port = port;
    this.cookie = null;
    this.token = null;
  }

  launchFields() {
    return {
      Host: `127.0.0.1:${this.port}`, Origin: 'null', 'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document',
      'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': 49,
    };
  }

  /** The right fields of a request by the page's scripts. */
  fields(method) {
    const fields = {
      Host: `127.0.0.1:${this.port}`, Cookie: this.cookie ?? undefined,
      'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty',
    };
    if (method !== 'GET') {
      fields.Origin = `http://127.0.0.1:${this.port}`;
      fields['X-Veillee-Token'] = this.token ?? undefined;
    }
    return fields;
  }

  /** {status, headers, text}. A field set to undefined is left out. */
  send(method, path, { body, fields = {} } = {}) {
    const headers = { ...this.fields(method), ...fields };
    if (body !== undefined) headers['Content-Length'] ??= Buffer.byteLength(body);
    for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: this.port, method, path, headers,
        setHost: false, agent: false, timeout: 20000 }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (data) => { text += data; });
        answer.on('end', () => resolve(
          { status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders, text }));
      });
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer`)));
      asked.end(body);
    });
  }

  async launch(file) {
    const answer = await this.send('POST', '/launch',
      { fields: this.launchFields(), body: `token=${launchToken(file)}` });
    if (answer.status !== 200) throw new Error(`launch: ${answer.status}`);
    this.setCookie = answer.headers['set-cookie'];
    this.cookie = this.setCookie[0].split(';')[0];
    this.token = (await this.json('GET', 'session')).token;
    return answer;
  }

  async api(method, path, body) {
    return this.send(method, `/api/v1/${path}`,
      { body: body === undefined ? undefined : JSON.stringify(body) });
  }

  /** A request that must succeed. */
  async json(method, path, body) {
    const { status, text } = await this.api(method, path, body);
    if (status !== 200) throw new Error(`${method} ${path}: ${status}: ${text}`);
    return JSON.parse(text);
  }

  /** Watches events. {status, list, next(name, seconds), pause, resume, close, ended}. */
  watch(last) {
    const fields = last === undefined ? {} : { 'Last-Event-ID': last };
    return watch({ host: '127.0.0.1', port: this.port, setHost: false,
      headers: { ...this.fields('GET'), ...fields } });
  }
}

/** Watches events by the given options of http.request. */
export function watch(options) {
  const list = [], waiting = new Set();
  const stream = { list, comments: 0, ended: false, begin: Date.now() };
  const wake = () => { for (const each of [...waiting]) each(); };
  let rest = '';
  const take = (block) => {
    const event = { at: Date.now() };
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trim();
      if (colon === 0) stream.comments++;
    }
    if (event.event) list.push({ ...event, data: JSON.parse(event.data) });
  };
  const asked = request({ path: '/api/v1/events', agent: false, ...options }, (answer) => {
    stream.status = answer.statusCode;
    stream.headers = answer.headers;
    stream.answer = answer;
    answer.setEncoding('utf8');
    answer.on('data', (data) => {
      rest += data;
      const blocks = rest.split('\n\n');
      rest = blocks.pop();
      blocks.forEach(take);
      wake();
    });
    answer.on('close', () => { stream.ended = true; wake(); });
    wake();
  });
  asked.on('error', () => { stream.ended = true; wake(); });
  asked.end();
  stream.close = () => asked.destroy();
  stream.until = (what, check, seconds = 5) => new Promise((resolve, reject) => {
    const look = () => {
      const found = check();
      if (!found && !stream.ended) return;
      clearTimeout(timer);
      waiting.delete(look);
      if (found) resolve(found);
      else reject(new Error(`the stream ended before ${what}: ${JSON.stringify(list)}`));
    };
    const timer = setTimeout(() => {
      waiting.delete(look);
      reject(new Error(`no ${what} in ${seconds} s: ${JSON.stringify(list)}`));
    }, seconds * 1000);
    waiting.add(look);
    look();
  });
  /** The first event of that name that passes `check`, from place `from` of the list. */
  stream.next = (name, { seconds = 5, from = 0, check = () => true } = {}) =>
    stream.until(name, () => list.slice(from).find((e) => e.event === name && check(e)), seconds);
  return stream;
}
