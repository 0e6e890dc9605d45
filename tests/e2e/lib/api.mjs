// The node's own interface over its Unix socket, as the command line uses it, without a process in
// between.
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

/** One request of that person's own node; the answer as JSON. An answer that is not 200 throws.
 * With onEvent what comes is handed to it as it comes; resolves with what ends the request. */
export function ask(person, method, path, { body, onEvent, headers = {} } = {}) {
  const at = join(person.vault, 'veillee');
  const socketPath = join(at, readdirSync(at).find((name) => name.endsWith('.sock')));
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const asked = request({ socketPath, method, path: `/api/v1/${path}`, agent: false,
      headers: { 'Content-Length': Buffer.byteLength(text), ...headers } }, (answer) => {
      let all = '';
      answer.setEncoding('utf8');
      answer.on('data', (data) => { all += data; if (onEvent) onEvent(data); });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(onEvent ? null : JSON.parse(all));
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${all}`));
      });
      answer.on('error', () => resolve(null));
      if (onEvent) resolve(() => asked.destroy());
    });
    asked.on('error', (error) => { if (!onEvent) reject(error); });
    asked.end(text);
  });
}
