// Before the vault is open: nothing of it is asked for or shown.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { reload } from '../core/live-data.js';
import { t } from '../core/words.js';
import { Button, Field, Notice } from '../parts/basics.js';
import { Bar } from '../parts/frame.js';
import { CircleSign } from '../parts/sign.js';

export function Locked() {
  const [passphrase, setPassphrase] = useState('');
  const [problem, setProblem] = useState('');
  const [damaged, setDamaged] = useState(false);
  const form = useRef(null);
  useEffect(() => {
    form.current.querySelector('input').focus();
  }, []);
  const told = (error, rebuilding) => {
    if (error.name === 'BACKOFF')
      return {
        key: 'locked.wait',
        values: { count: Math.max(1, Math.ceil(error.waitMs / 1000)) },
      };
    if (error.name !== 'DAMAGED') return error;
    return rebuilding ? { key: 'locked.lost' } : '';
  };
  const unlock = async (rebuild) => {
    const secret = passphrase;
    setPassphrase('');
    try {
      await ask('POST', 'unlock', { passphrase: secret, rebuild });
      await reload('status');
    } catch (error) {
      setDamaged(damaged || error.name === 'DAMAGED');
      setProblem(told(error, rebuild));
      form.current?.querySelector('input').focus();
    }
  };
  return html`<main class="door" ref=${form}>
    <span class="door-picture"><${CircleSign} members=${6} /></span>
    <h1 class="unseen">${t('locked.title')}</h1>
    <form class="column" onSubmit=${(event) => {
      event.preventDefault();
      event.target.querySelector('button').click();
    }}>
      ${
        damaged &&
        html`<${Notice} kind="problem"><p>${t('locked.damaged')}</p><p>${t('locked.means')}</p><//>`
      }
      <${Field} label=${t('locked.passphrase')} type="password" name="passphrase"
        autocomplete="off"
        value=${passphrase} onValue=${setPassphrase} problem=${problem} />
      <${Button} kind="main full" onPress=${() => unlock(false)}>${t('locked.open')}<//>
      ${
        damaged &&
        html`<${Button} kind="full" onPress=${() => unlock(true)}>${t('locked.rebuild')}<//>`
      }
    </form></main><${Bar} />`;
}
