// The page. Nothing of the vault is asked for, or shown, before it is open.
import { html, render, useEffect, useState } from './lib/preact.js';

let token = null;

/** One request to the node; the parsed answer, or an Error with its sentence. */
async function ask(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (method !== 'GET') {
    token ??= (await ask('GET', 'session')).token;
    headers['X-Veillee-Token'] = token;
  }
  const response = await fetch(`/api/v1/${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 401) throw new Error('401');
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

function Locked({ isNew, then }) {
  const [problem, setProblem] = useState('');
  const unlock = async (event) => {
    event.preventDefault();
    const passphrase = event.target.elements.passphrase.value;
    event.target.reset();
    try {
      await ask('POST', isNew ? 'vault' : 'unlock', { passphrase });
      then();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form onSubmit=${unlock}>
    <label>${isNew ? 'Nouvelle phrase de passe' : 'Phrase de passe'}
      <input name="passphrase" type="password" required autofocus autocomplete="off" /></label>
    <button>Ouvrir</button>
    <p role="alert">${problem}</p>
  </form>`;
}

function Open({ status, then }) {
  const lock = () => ask('POST', 'lock', { keep: true }).then(then, then);
  return html`<ul>${status.circles.map((circle) => html`<li key=${circle.id}>${circle.name}</li>`)}
    </ul><button onClick=${lock}>Fermer</button>`;
}

function Page() {
  const [status, setStatus] = useState(null);
  const load = () => ask('GET', 'status').then(setStatus, () => setStatus(null));
  useEffect(() => { load(); }, []);
  if (status === null) return null;
  return status.locked ? html`<${Locked} isNew=${status.new} then=${load} />`
    : html`<${Open} status=${status} then=${load} />`;
}

render(html`<${Page} />`, document.getElementById('page'));
