// A file for a USB stick, for who was away: sealed to the circle's devices.
import { html, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Button, Problem, Section } from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';

const PIECE = 256 * 1024; // bytes of a file sent at a time

const bytesOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

/** Writes it piece by piece; `tell` hears how far. Gives the file. */
async function write(circle, passphrase, tell) {
  const begun = await ask(
    'POST',
    `circles/${circle.id}/bundle`,
    passphrase ? { passphrase } : {},
  );
  const pieces = [];
  for (;;) {
    const answer = await ask('POST', 'bundle/next', { bundle: begun.bundle });
    pieces.push(bytesOf(answer.data));
    tell(answer);
    if (answer.done) return new Blob(pieces, { type: 'application/octet-stream' });
  }
}

async function read(file, tell) {
  const begun = await ask('POST', 'bundle/read', {});
  let answer = {};
  for (let at = 0; at === 0 || at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    const last = at + PIECE >= file.size;
    answer = await ask('POST', 'bundle/data', {
      bundle: begun.bundle,
      data: base64(bytes),
      last,
    });
    tell({ done: Math.min(at + PIECE, file.size), of: file.size });
  }
  return answer;
}

function save(blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = 'carnet.bin'; // nothing of the circle in a name on a stick
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function Take() {
  const input = useRef(null);
  const [progress, setProgress] = useState(null),
    [problem, setProblem] = useState('');
  const take = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    setProblem('');
    try {
      const answer = await read(file, ({ done, of }) =>
        setProgress(t('stick.reading', { percent: Math.floor((100 * done) / of) })),
      );
      setProgress(t('stick.read', { count: answer.entries ?? 0 }));
    } catch (error) {
      setProgress(null);
      setProblem(error);
    }
    event.target.value = '';
  };
  return html`<div class="column"><p>${t('stick.readHow')}</p>
    <input ref=${input} class="unseen" type="file" aria-label=${t('stick.choose')} tabindex="-1"
      onChange=${take} />
    <${Button} onPress=${() => input.current.click()}>${t('stick.choose')}<//>
    ${progress && html`<p role="status">${progress}</p>`}
    <${Problem} what=${problem} /></div>`;
}

export function Stick({ circle }) {
  const [asks, setAsks] = useState(false),
    [progress, setProgress] = useState(null);
  const make = async (passphrase) => {
    save(
      await write(circle, passphrase, ({ entries, total }) =>
        setProgress(t('stick.writing', { count: entries ?? 0, of: total ?? 0 })),
      ),
    );
    setProgress(t('stick.written'));
  };
  return html`<${Screen} title=${t('stick.title')} subtitle=${circle.name}>
    <p>${t('stick.what')}</p>
    ${
      mayWrite(circle) &&
      html`<${Section} title=${t('stick.give')}><div class="column"><p>${t('stick.giveHow')}</p>
      <${Button} icon="stick" onPress=${() => setAsks(true)}>${t('stick.make')}<//>
      ${progress && html`<p role="status">${progress}</p>`}</div><//>`
    }
    <${Section} title=${t('stick.take')}><${Take} /><//>
    ${
      asks &&
      html`<${Confirm} title=${t('stick.make')} yes=${t('stick.make')} act=${make} passphrase
      onClose=${() => setAsks(false)}><p>${t('stick.means')}</p><//>`
    }<//>`;
}
