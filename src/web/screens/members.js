// Who is in the circle, what waits for a second voice, and the ways to what the circle agreed on.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { isFacilitator, mayWrite, useMembers } from '../core/hooks.js';
import { go } from '../core/places.js';
import { t } from '../core/words.js';
import { Button, Notice, Section, Waiting } from '../parts/basics.js';
import { CirclePicture } from '../parts/circle.js';
import { Confirm } from '../parts/dialog.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { Dot } from '../parts/person.js';

const WAYS = [
  ['agreement', 'shares'],
  ['rules', 'settings'],
  ['kept', 'clock'],
  ['handbook', 'pen'],
  ['numbers', 'hand'],
];

export const Way = ({ name, icon, values }) => html`<li><button type="button" class="item"
  onClick=${() => go(name, values)}><${Icon} name=${icon} />
  <span class="item-text"><span>${t(`ways.${name}`)}</span>
    <span class="quiet">${t(`ways.${name}Hint`)}</span></span><${Icon} name="forward" /></button>
      </li>`;

function Person({ one, colour }) {
  const marks = [
    isFacilitator(one) && 'facilitator',
    !one.confirmed && 'unconfirmed',
    one.devices === 0 && 'noDevice',
    one.blocked && 'blocked',
    one.forked > 0 && 'forked',
    one.crowded && 'crowded',
  ].filter(Boolean);
  return html`<li><button type="button" class="item"
    onClick=${() => go('member', { person: one.person })}>
    <${Dot} who=${one} colour=${colour} />
    <span class="item-text"><span>${one.name}${one.me && ` · ${t('members.me')}`}</span>
      ${
        marks.length > 0 &&
        html`<span class="quiet">
        ${marks.map((mark) => t(`members.${mark}`)).join(' · ')}</span>`
      }</span>
    <${Icon} name="forward" /></button></li>`;
}

/** Something that one person wants, and that needs others. */
function Proposal({ circle, one, me }) {
  const [asks, setAsks] = useState(false);
  const isVote = one.needs === 'votes';
  const mayHelp =
    me && mayWrite(circle) && one.by_person !== me.person && (isVote || one.person !== me.person);
  const help = () =>
    isVote
      ? ask('POST', `circles/${circle.id}/members/vote`, { person: one.person })
      : ask('POST', `circles/${circle.id}/members/endorse`, { proposal: one.proposal });
  const values = {
    by: one.by,
    name: one.name,
    votes: one.votes ?? 0,
    needed: one.votes_needed ?? 0,
  };
  return html`<li class="card column close"><p>${t(`proposals.${one.kind}`, values)}</p>
    ${
      mayHelp &&
      html`<${Button} onPress=${() => setAsks(true)}>
      ${t('proposals.endorse')}<//>`
    }
    ${
      asks &&
      html`<${Confirm} title=${t('proposals.endorse')}
      yes=${t('proposals.yes')} act=${help} onClose=${() => setAsks(false)}>
      <p>${t(`member.means.${isVote ? 'vote' : one.kind}`, values)}</p><//>`
    }</li>`;
}

export function Members({ circle }) {
  const { members, proposals, me, colourOf } = useMembers(circle);
  if (members === null)
    return html`<${Screen} isRoot title=${t('members.title')}><${Waiting} /><//>`;
  const actions = html`<${HeadButton} icon="settings" label=${t('settings.title')}
    onPress=${() => go('settings')} />`;
  return html`<${Screen} isRoot title=${circle.name} subtitle=${circle.purpose} actions=${actions}>
    <div class="circle-middle"><${CirclePicture}
      people=${members.map((one) => ({ ...one, colour: colourOf(one.person) }))} /></div>
    ${members.length === 2 && html`<${Notice}>${t('members.two')}<//>`}
    ${
      proposals.length > 0 &&
      html`<${Section} title=${t('proposals.title')}><ul class="list">
      ${proposals.map((one) => html`<${Proposal}
        key=${one.proposal} ...${{ circle, one, me }} />`)}
      </ul><//>`
    }
    <${Section} title=${t('members.count', { count: members.length })}><ul class="list">
      ${members.map(
        (one) => html`<${Person} key=${one.person} one=${one}
        colour=${colourOf(one.person)} />`,
      )}</ul><//>
    ${
      mayWrite(circle) &&
      html`<${Button} kind="main" icon="plus" onPress=${() => go('invite')}>
        ${t('members.invite')}<//>`
    }
    <${Section} title=${t('ways.title')}><ul class="list">
      ${WAYS.map(([name, icon]) => html`<${Way} key=${name} ...${{ name, icon }} />`)}</ul><//>
        <//>`;
}
