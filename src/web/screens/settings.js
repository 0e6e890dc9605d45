// Language, look, locking, the passphrase, the end of it all: of this device alone.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { leave } from '../core/leave.js';
import { reload } from '../core/live-data.js';
import { go } from '../core/places.js';
import { changeTaste, getTaste } from '../core/taste.js';
import { language, languages, t } from '../core/words.js';
import {
  Button,
  Choice,
  Field,
  Notice,
  Section,
  Switch,
  say,
} from '../parts/basics.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';
import { LEAST } from './welcome.js';

const THEMES = ['auto', 'light', 'dark', 'contrast'];
const LOCK_AFTER = [5, 15, 30, 60, 0];
const change = (name) => (value) => changeTaste({ [name]: value }).catch(say);

function Passphrase({ onClose }) {
  const [old, setOld] = useState(''),
    [first, setFirst] = useState(''),
    [second, setSecond] = useState('');
  const [problem, setProblem] = useState({});
  const set = async () => {
    setProblem({});
    if ([...first].length < LEAST)
      return setProblem({ new: { key: 'welcome.tooShort', values: { least: LEAST } } });
    if (first !== second) return setProblem({ second: { key: 'welcome.differ' } });
    await ask('POST', 'passphrase', { old, new: first });
    say(t('settings.passphraseDone'));
    return onClose();
  };
  const refused = (error) => {
    setOld('');
    setProblem({ [error.field ?? 'old']: error });
  };
  const field = (label, name, value, onValue) => html`<${Field} label=${label} type="password"
    autocomplete="off" value=${value} onValue=${onValue} problem=${problem[name]} />`;
  return html`<${Dialog} title=${t('settings.passphrase')} onClose=${onClose}>
    ${field(t('settings.passphraseOld'), 'old', old, setOld)}
    ${field(t('settings.passphraseNew'), 'new', first, setFirst)}
    ${field(t('welcome.again'), 'second', second, setSecond)}
    <div class="row even"><${Button} onPress=${onClose}>${t('common.no')}<//>
      <${Button} kind="main" onPress=${set} onProblem=${refused}>${t('settings.change')}<//>
        </div><//>`;
}

function Wipe({ onClose }) {
  const [lost, setLost] = useState(null);
  const look = async () => setLost(await ask('POST', 'wipe', { ask: true }));
  if (lost === null) {
    return html`<${Dialog} title=${t('settings.wipe')} onClose=${onClose}><p>
      ${t('settings.wipeWhat')}</p>
      <div class="row even"><${Button} onPress=${onClose}>${t('common.no')}<//>
      <${Button} kind="loss" onPress=${look}>${t('settings.wipeLook')}<//></div><//>`;
  }
  const wipe = async (passphrase) => {
    await ask('POST', 'wipe', { passphrase });
    leave(); // to the page of recipes: nothing here says what was
  };
  return html`<${Confirm} title=${t('settings.wipe')} yes=${t('settings.wipeYes')} loss passphrase
    act=${wipe} onClose=${onClose}><ul class="points">${lost.circles.map(
      (one) => html`
      <li key=${one.id}>${t(
        one.other_members > 0 ? 'settings.wipeOthers' : 'settings.wipeAlone',
        { name: one.name, count: one.other_members },
      )}</li>`,
    )}</ul>
    <${Notice}>${t('settings.wipeLimits')}<//><//>`;
}

export function Settings({ status }) {
  const taste = getTaste();
  const [asks, setAsks] = useState(null);
  const close = () => setAsks(null);
  const lock = async () => {
    await ask('POST', 'lock', { keep: true });
    await reload('status');
  };
  return html`<${Screen} title=${t('settings.title')} subtitle=${t('settings.here')}>
    <${Choice} label=${t('settings.language')} value=${language()} onValue=${change('language')}
      options=${languages.map((one) => [one, t(`languages.${one}`)])} />
    <${Choice} label=${t('settings.theme')} value=${taste.theme} onValue=${change('theme')}
      options=${THEMES.map((one) => [one, t(`settings.themes.${one}`)])} />
    <${Choice} label=${t('settings.text')} value=${taste.text} onValue=${change('text')}
      options=${['normal', 'large'].map((one) => [one, t(`settings.texts.${one}`)])} />
    <${Switch} label=${t('settings.quiet')} hint=${t('settings.quietHint')} value=${taste.quiet}
      onValue=${change('quiet')} />
    <${Section} title=${t('settings.safety')}><div class="column">
      <${Choice} label=${t('settings.lockAfter')} value=${taste.lock_after_minutes}
        onValue=${change('lock_after_minutes')} options=${LOCK_AFTER.map((count) => [
          count,
          t(count === 0 ? 'settings.never' : 'settings.minutes', { count }),
        ])} />
      <${Switch} label=${t('settings.leaveWithShift')} hint=${t('settings.leaveHint')}
        value=${taste.leave_with_shift} onValue=${change('leave_with_shift')} />
      <div class="column close">
        <${Button} icon="lock" onPress=${lock}>${t('settings.lock')}<//>
        <${Button} onPress=${() => setAsks('passphrase')}>${t('settings.passphrase')}<//>
        <${Button} kind="loss" onPress=${() => setAsks('wipe')}>${t('settings.wipe')}<//></div>
          </div><//>
    <${Section} title=${t('circles.title')}><div class="column close">
      ${
        status.circles.length > 0 &&
        html`<${Button} icon="circles" onPress=${() => go('circles')}>
        ${t('circles.title')}<//>`
      }
      <${Button} icon="plus" onPress=${() => go('start')}>${t('circles.another')}<//></div><//>
    ${asks === 'passphrase' && html`<${Passphrase} onClose=${close} />`}
    ${asks === 'wipe' && html`<${Wipe} onClose=${close} />`}<//>`;
}
