// Texts that try to be something else than text, and the fields that take texts.
import { execFileSync } from 'node:child_process';
import { BINARY } from './person.mjs';

/** What an element of theirs would carry; `globalThis.pwned` is what their scripts would set. */
export const MARK = 'zz-hostile';
const RUN = 'globalThis.pwned=1;alert(1)';

const CORES = [
  `<img src=x id=${MARK} onerror="${RUN}">`, `<script id=${MARK}>${RUN}</script>`,
  `<svg id=${MARK} onload=${RUN}>`, `<svg><script>${RUN}</script></svg>`,
  `<iframe id=${MARK} src="javascript:${RUN}"></iframe>`,
  `<a id=${MARK} href="javascript:${RUN}">x</a>`,
  `<style id=${MARK}>*{display:none}</style>`, `<base id=${MARK} href="http://127.0.0.9/">`,
  `<form id=${MARK} action=http://127.0.0.9/><button>x</button></form>`,
  `<meta http-equiv=refresh content="0;url=http://127.0.0.9/">`,
  `<link rel=stylesheet id=${MARK} href=http://127.0.0.9/x.css>`,
  `<video id=${MARK} autoplay onplay=${RUN}><source src=x onerror=${RUN}></video>`,
  `<details id=${MARK} open ontoggle=${RUN}>`, `<input id=${MARK} autofocus onfocus=${RUN}>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${RUN}>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `"><img src=x id=${MARK} onerror=${RUN}>`, `' onmouseover='${RUN}' x='`,
  `" autofocus onfocus="${RUN}" x="`, '`-alert(1)-`', '${globalThis.pwned=1}', '{{constructor}}',
  `javascript:${RUN}`, `data:text/html,<script>${RUN}</script>`, 'http://127.0.0.9/pixel.png',
  'file:///etc/passwd', '//127.0.0.9/x', `</textarea><script>${RUN}</script>`,
  `</title><script>${RUN}</script>`, `<!--><img src=x onerror=${RUN}>-->`,
  `<![CDATA[<img src=x onerror=${RUN}>]]>`, `&lt;img src=x onerror=${RUN}&gt;`, '&#60;b&#62;&nbsp;',
  '\u202Egnp.exe', '\u2066\u202Eabc\u2069', '\u200F\u200E\u061C', '\u2067\u2067\u2067\u2067x',
  'Ze\u0301\u0302\u0303\u0304', 'e' + '\u0301\u0489\u035C'.repeat(25), '\u{1F468}\u200D\u{1F469}',
  '\uFEFFbom', '\u200B\u200B\u2060', '\uFFFD\uFFFE', '\u0000nul', '\u0007\u001B[31mred',
  '\u0085\u2028', 'a\tb', 'W'.repeat(180), '\u6F22'.repeat(60), '-'.repeat(120),
  '__proto__', 'constructor', 'null',
  'undefined', 'NaN', '[object Object]', '%s%n%00', '../../../keys', 'common.back', '{name}',
  '{count}', "Robert'); DROP TABLE cells;--", '\\u003cimg src=x\\u003e', '<', '>', '&',
  '"', "'", '=1+1',
];

/** One of them, or two put together; `random` in [0, 1). */
export function hostile(random) {
  const one = () => CORES[Math.floor(random() * CORES.length)];
  const shape = random();
  if (shape < 0.55) return one();
  if (shape < 0.8) return `${one()} ${one()}`;
  if (shape < 0.9) return `${one()}\n${one()}`;
  return `x${one().toUpperCase()}`;
}

/** [{type, field, kind, most}] of every field that is a text: kind is `one`, `set` or `list`; from
 * the program's own table of fields. */
export function textFields() {
  const fields = [];
  let type = null;
  for (const line of execFileSync(BINARY, ['debug', 'api-doc'], { encoding: 'utf8' }).split('\n')) {
    type = /^### `(\w+)`/.exec(line)?.[1] ?? type;
    const row = /^\| `(\w+)` \| (.*?(?:one line|text), at most (\d+) bytes.*?) \|/.exec(line);
    if (!row) continue;
    const [, field, value, most] = row;
    const kind = value.startsWith('set') ? 'set' : value.startsWith('list') ? 'list' : 'one';
    fields.push({ type, field, kind, most: Number(most) });
  }
  return fields;
}

/** Cut to so many bytes of UTF-8. */
export function cut(text, most) {
  let out = '', size = 0;
  for (const letter of text) {
    size += Buffer.byteLength(letter);
    if (size > most) break;
    out += letter;
  }
  return out;
}
