// My own devices in this circle; another one comes by a spoken code, after the passphrase.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { mayWrite } from '../core/hooks.js';
import { reload, useData } from '../core/live-data.js';
import { t } from '../core/words.js';
import { Button, Section, Waiting } from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { MyForks } from '../parts/forks.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { NewDevices } from './home.js';
import { Inviting } from './invite.js';

function Device({ circle, one, mayRemove }) {
  const [asks, setAsks] = useState(false);
  return html`<li class="item"><${Icon} name="device" />
    <span class="item-text"><span>${t(one.this ? 'devices.this' : 'devices.other')}</span>
      ${mayRemove && html`<span class="quiet number">${one.device.slice(0, 8)}</span>`}</span>
    ${mayRemove && html`<${Button} kind="loss"
      onPress=${() => setAsks(true)}>${t('devices.remove')}<//>`}
    ${
      asks &&
      html`<${Confirm} title=${t('devices.removeTitle')} yes=${t('devices.remove')} loss
      act=${() => ask('POST', `circles/${circle.id}/devices/remove`, { device: one.device })}
      onClose=${() => setAsks(false)}><p>${t('devices.removeMeans')}</p><//>`
    }</li>`;
}

export function Devices({ circle }) {
  const { data } = useData(`circles/${circle.id}/devices`);
  const [asks, setAsks] = useState(false),
    [code, setCode] = useState(null);
  const isIn = mayWrite(circle);
  const mine = (data?.devices ?? []).filter((one) => one.person === circle.me && one.current);
  const add = async (passphrase) => {
    const answer = await ask('POST', `circles/${circle.id}/devices/add`, { passphrase });
    await reload('pairing');
    setCode(answer);
  };
  if (code) {
    return html`<${Screen} title=${t('devices.addTitle')}><p>${t('devices.addHow')}</p>
      <${Inviting} code=${code} again=${() => setCode(null)}
        on=${() => setCode(null)} /><//>`;
  }
  return html`<${Screen} title=${t('devices.title')} subtitle=${circle.name}>
    ${isIn && html`<${NewDevices} circle=${circle} />`}
    <${MyForks} circle=${circle} />
    ${
      !data
        ? html`<${Waiting} />`
        : html`<${Section} title=${t('devices.list')}><ul class="list">
      ${mine.map(
        (one) => html`<${Device} key=${one.device} ...${{ circle, one }}
        mayRemove=${isIn && mine.length > 1} />`,
      )}</ul><//>`
    }
    <p class="quiet">${t('devices.supported')}</p>
    ${
      isIn &&
      html`<${Button} icon="plus" onPress=${() => setAsks(true)}>${t('devices.add')}<//>`
    }
    ${
      asks &&
      html`<${Confirm} title=${t('devices.addTitle')} yes=${t('devices.add')} passphrase
      act=${add} onClose=${() => setAsks(false)}><p>${t('devices.addMeans')}</p><//>`
    }<//>`;
}
