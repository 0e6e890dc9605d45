// Arriving: the number and the three words that somebody says; then which circle it is, and a name.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { reload } from '../core/live-data.js';
import { begin } from '../core/places.js';
import { t } from '../core/words.js';
import { Button, Field, Problem } from '../parts/basics.js';
import { Decide, Ended, Progress, usePairing } from '../parts/pairing.js';
import { useCancel } from './invite.js';

function Ask({ code, setCode, go }) {
  const [problem, setProblem] = useState({});
  const refused = (error) =>
    setProblem({ [error.field === 'code' ? 'code' : 'all']: error });
  const press = async () => {
    setProblem({});
    await go();
  };
  return html`<form class="column" onSubmit=${(event) => {
    event.preventDefault();
    event.target.querySelector('.main').click();
  }}>
    <p>${t('join.how')}</p>
    <${Field} label=${t('join.code')} hint=${t('join.codeHint')} value=${code} onValue=${setCode}
      problem=${problem.code} autocomplete="off" autocapitalize="none" spellcheck=${false} />
    <${Problem} what=${problem.all} />
    <${Button} kind="main full" onPress=${press} onProblem=${refused}>${t('join.go')}<//></form>`;
}

/** `tell` hears whether it goes on, so that nothing else is offered meanwhile. */
export function Arriving({ tell }) {
  const [code, setCode] = useState('');
  const [isGoing, setGoing] = useState(false);
  const { data: pairing } = usePairing();
  const state = isGoing && pairing && !pairing.inviter ? pairing.state : 'none';
  const isOver = state === 'done' || state === 'failed';
  useCancel(isGoing && !isOver);
  const set = (value) => {
    setGoing(value);
    tell(value);
  };
  const go = async () => {
    await ask('POST', 'join', { code });
    await reload('pairing');
    set(true);
  };
  const again = () => {
    setCode('');
    set(false);
  };
  const on = async () => {
    await reload('status');
    begin('home', { circle: pairing.circle });
  };
  if (!isGoing) return html`<${Ask} ...${{ code, setCode, go }} />`;
  if (isOver) return html`<${Ended} pairing=${pairing} again=${again} on=${on} />`;
  if (state === 'deciding') return html`<${Decide} pairing=${pairing} />`;
  return html`<div class="column"><${Progress}
      pairing=${{ ...pairing, state: state === 'none' ? 'searching' : state }} isFor="joiner" />
    <${Button} onPress=${async () => {
      await ask('POST', 'pairing/cancel');
      set(false);
    }}>${t('join.stop')}<//></div>`;
}
