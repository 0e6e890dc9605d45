// One person: what she says of herself, her devices, and what one may do. What an action means is
// said before it is done.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { isFacilitator, mayWrite, useMembers } from '../core/hooks.js';
import { HUES, hueOf, palette } from '../core/hues.js';
import { begin, go } from '../core/places.js';
import { t } from '../core/words.js';
import {
  Button,
  Field,
  Notice,
  Section,
  Waiting,
  say,
  useChosen,
  useDraft,
} from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { Forks } from '../parts/forks.js';
import { Screen } from '../parts/frame.js';
import { Dot } from '../parts/person.js';

/** What may be done about her, in the order of how often it is. */
function actionsFor(circle, one, me, members) {
  const here = [one.blocked ? 'unblock' : 'block']; // on this device alone
  if (!mayWrite(circle)) return one.me ? [] : here;
  // While nobody facilitates, more than half of the voices make somebody a facilitator.
  const vote = members.some(isFacilitator) ? [] : ['vote'];
  const iLead = isFacilitator(me),
    sheLeads = isFacilitator(one);
  if (one.me) return [...vote, ...(sheLeads ? ['stepdown'] : []), 'leave'];
  return [
    ...vote,
    ...(!one.confirmed ? ['vouch'] : []),
    ...(iLead && !sheLeads ? ['promote'] : []),
    ...(iLead && sheLeads ? ['demote'] : []),
    ...here,
    ...(iLead ? ['remove'] : []),
  ];
}

const LOSS = ['leave', 'remove'];

function Action({ circle, one, name, onDone }) {
  const [asks, setAsks] = useState(false);
  const act = async () => {
    const body = one.me && name !== 'vote' ? {} : { person: one.person };
    const answer = await ask('POST', `circles/${circle.id}/members/${name}`, body);
    if (name === 'leave') return begin('home');
    if (answer.effect === 'proposal' && !answer.in_effect) say(t('member.waits'));
    return onDone();
  };
  return html`<li><${Button} kind=${`full ${LOSS.includes(name) ? 'loss' : ''}`}
      onPress=${() => setAsks(true)}>${t(`member.action.${name}`, { name: one.name })}<//>
    ${
      asks &&
      html`<${Confirm} title=${t(`member.action.${name}`, { name: one.name })}
      loss=${LOSS.includes(name)} yes=${t('member.yes')} act=${act}
        onClose=${() => setAsks(false)}>
      <p>${t(`member.means.${name}`, { name: one.name })}</p>
      ${LOSS.includes(name) && html`<p>${t('member.keeps')}</p>`}<//>`
    }</li>`;
}

/** Her own name, line and colour. */
function MyProfile({ circle, one, about, colour }) {
  const [name, setName, nameSaved] = useDraft(one.name);
  const [line, setLine, lineSaved] = useDraft(about);
  const [problem, setProblem] = useState({});
  const save = (values) => ask('POST', `circles/${circle.id}/profiles`, values);
  const [hue, setHue] = useChosen(hueOf(one.person, colour), (at) =>
    save({ colour: palette[at] }).catch(say),
  );
  const keep = async () => {
    setProblem({});
    await save({ pseudonym: name.trim(), about: line });
    nameSaved(name);
    lineSaved(line);
    say(t('common.saved'));
  };
  return html`<div class="column">
    <${Field} label=${t('join.pseudonym')} seenBy=${t('member.seenByCircle')} value=${name}
      onValue=${setName} problem=${problem.pseudonym} autocomplete="off" />
    <${Field} label=${t('member.about')} rows=${2} seenBy=${t('member.seenByCircle')} value=${line}
      onValue=${setLine} problem=${problem.about} />
    <${Button} onPress=${keep}
      onProblem=${(error) =>
        setProblem({ [error.field === 'about' ? 'about' : 'pseudonym']: error })}>
      ${t('common.save')}<//>
    <fieldset class="field"><legend class="label">${t('member.colour')}</legend>
      <div class="hues">${Array.from(
        { length: HUES },
        (_, at) => html`<label class="hue" key=${at}>
        <input type="radio" name="hue" checked=${hue === at}
          aria-label=${t('member.hue', { number: at + 1 })}
          onChange=${() => setHue(at)} />
        <${Dot} who=${one} colour=${palette[at]} /></label>`,
      )}</div></fieldset></div>`;
}

function Devices({ one }) {
  return html`<p class="quiet">${t('member.devices', { count: one.devices })}</p>
    ${
      one.me &&
      html`<${Button} icon="device" onPress=${() => go('devices')}>
      ${t('member.myDevices')}<//>`
    }`;
}

export function Member({ circle, place }) {
  const { members, me, colourOf, aboutOf } = useMembers(circle);
  const one = members?.find((each) => each.person === place.person);
  if (members === null) return html`<${Screen} title="…"><${Waiting} /><//>`;
  if (!one) return html`<${Screen} title=${t('member.goneTitle')}><p>${t('member.gone')}</p><//>`;
  const about = aboutOf(one.person),
    colour = colourOf(one.person);
  return html`<${Screen} title=${one.name} subtitle=${t(`member.role.${one.role}`)}>
    <p class="row person-large"><${Dot} who=${one} colour=${colour} />
      <span>${one.me ? t('member.itIsMe') : about}</span></p>
    ${!one.confirmed && html`<${Notice}>${t('member.unconfirmed', { name: one.name })}<//>`}
    ${!one.me && html`<${Forks} one=${one} />`}
    ${one.me && mayWrite(circle) && html`<${MyProfile} ...${{ circle, one, about, colour }} />`}
    <${Devices} one=${one} />
    <${Section} title=${t('member.what')}><ul class="list">
      ${actionsFor(circle, one, me, members).map(
        (name) => html`<${Action} key=${name} ...${{ circle, one, name }}
        onDone=${() => {}} />`,
      )}</ul><//><//>`;
}
