// What the circle has promised each other: its versions, and who has assented.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { isFacilitator, mayWrite, useMembers } from '../core/hooks.js';
import { useData } from '../core/live-data.js';
import { names, t } from '../core/words.js';
import { Button, Empty, Field, Notice, Section, Waiting } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { Prose } from '../parts/prose.js';

function Version({ circle, one, mayAdopt }) {
  const path = `circles/${circle.id}/agreement`;
  return html`<article class="card column close">
    <${Prose} text=${one.text} />
    <p class="quiet">${t('agreement.by', { name: one.by ?? '…' })}</p>
    ${
      one.assents.length > 0 &&
      html`<p class="row done"><${Icon} name="check" size=${20} />
      ${t('agreement.assented', { names: names(one.assents.map((who) => who.name)) })}</p>`
    }
    ${
      one.missing.length > 0 &&
      html`<p class="quiet">
      ${t('agreement.missing', { names: names(one.missing.map((who) => who.name)) })}</p>`
    }
    <div class="row">
      ${
        !one.mine &&
        mayWrite(circle) &&
        html`<${Button} kind=${one.holds ? 'main' : ''}
        onPress=${() => ask('POST', `${path}/assent`, { id: one.id })}>
          ${t('agreement.assent')}<//>`
      }
      ${
        !one.holds &&
        mayAdopt &&
        html`<${Button}
        onPress=${() => ask('POST', `${path}/adopt`, { id: one.id })}>${t('agreement.adopt')}<//>`
      }
    </div></article>`;
}

function Propose({ circle, text, onDone }) {
  const [value, setValue] = useState(text),
    [problem, setProblem] = useState('');
  const propose = async () => {
    await ask('POST', `circles/${circle.id}/agreement`, { text: value });
    onDone();
  };
  return html`<div class="column"><${Field} label=${t('agreement.words')} rows=${14} value=${value}
      onValue=${setValue} seenBy=${t('member.seenByCircle')} problem=${problem} />
    <div class="row even"><${Button} onPress=${onDone}>${t('common.no')}<//>
      <${Button} kind="main" onPress=${propose}
        onProblem=${setProblem}>
        ${t('agreement.propose')}<//></div></div>`;
}

export function Agreement({ circle }) {
  const { data } = useData(`circles/${circle.id}/agreement`);
  const { me } = useMembers(circle);
  const [isWriting, setWriting] = useState(false);
  const isIn = mayWrite(circle);
  if (!data) return html`<${Screen} title=${t('ways.agreement')}><${Waiting} /><//>`;
  const holds = data.versions.find((one) => one.holds);
  const others = data.versions.filter((one) => !one.holds);
  const version = (one) => html`<${Version} key=${one.id} ...${{ circle, one }}
    mayAdopt=${isFacilitator(me)} />`;
  return html`<${Screen} title=${t('ways.agreement')} subtitle=${circle.name}>
    ${holds ? version(holds) : html`<${Empty} icon="shares" text=${t('agreement.none')} />`}
    ${holds && !holds.mine && isIn && html`<${Notice}>${t('agreement.yours')}<//>`}
    ${
      isIn &&
      (isWriting
        ? html`<${Propose} circle=${circle} text=${holds?.text ?? ''}
          onDone=${() => setWriting(false)} />`
        : html`<${Button} icon="pen" onPress=${() => setWriting(true)}>
          ${t('agreement.change')}<//>`)
    }
    ${
      others.length > 0 &&
      html`<${Section} title=${t('agreement.others')}>
      <div class="list">${others.map(version)}</div><//>`
    }<//>`;
}
