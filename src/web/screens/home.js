// The home of a circle: the next meeting, who is here, what is new.
import { html } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { meet, wear } from '../core/hues.js';
import { useData } from '../core/live-data.js';
import { go } from '../core/places.js';
import { dayAndClock, names, t } from '../core/words.js';
import { Button, Choice, Empty, Section, Waiting } from '../parts/basics.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { Dot } from '../parts/person.js';
import { CircleSign } from '../parts/sign.js';

const ANSWERS = ['coming', 'perhaps', 'not'];

/** The meeting as a record of its own: an occurrence of a series is taken first. */
async function ownMeeting(circle, next) {
  if (!next.occurrence) return next.meeting;
  const taken = await ask('POST', `circles/${circle}/meetings/${next.meeting}/occurrences`, {
    starts: next.starts,
  });
  return taken.id ?? taken.meeting;
}

function Reply({ circle, next }) {
  const { data } = useData(
    next.occurrence ? null : `circles/${circle.id}/replies?meeting=${next.meeting}`,
    ['reply'],
  );
  const mine = data?.replies.find((one) => one.author === circle.me)?.answer ?? null;
  const answer = async (value) => {
    const meeting = await ownMeeting(circle.id, next);
    await ask('POST', `circles/${circle.id}/replies`, { meeting, answer: value });
  };
  return html`<${Choice} label=${t('home.areYouComing')} hideLabel isEven value=${mine}
    key=${`${next.meeting} ${next.starts}`}
    options=${ANSWERS.map((one) => [one, t(`replies.${one}`)])} onValue=${answer} />`;
}

/** Devices of mine that were added elsewhere: known, or taken out at once. */
export function NewDevices({ circle }) {
  if (!circle.new_devices?.length) return null;
  return html`<section class="card column" role="alert"><h2>${t('devices.newTitle')}</h2>
    <p>${t('devices.newWhat')}</p>
    <ul class="list">${circle.new_devices.map(
      ({ device }) => html`<li key=${device} class="row even">
      <${Button} onPress=${() =>
        ask('POST', `circles/${circle.id}/devices/acknowledge`, { device })}>
        ${t('devices.mine')}<//>
      <${Button} kind="loss" onPress=${() =>
        ask('POST', `circles/${circle.id}/devices/remove`, {
          device,
        })}>${t('devices.notMine')}<//></li>`,
    )}</ul></section>`;
}

function NextMeeting({ circle }) {
  const { data: next } = useData(`circles/${circle.id}/next-meeting`, ['meeting']);
  if (!next) return html`<${Waiting} />`;
  if (next.meeting === null) {
    return html`<section class="card column"><p>${t('home.nothingPlanned')}</p>
      <${Button} icon="plus" onPress=${() => go('plan')}>${t('home.plan')}<//></section>`;
  }
  const where = next.place
    ? html`<p class="row"><${Icon} name="place" />${next.place}</p>`
    : null;
  if (next.open) {
    return html`<section class="card glow column"><p class="when">${t('home.isOpen')}</p>
      <p>${next.title}</p>${where}
      <${Button} kind="main full" onPress=${() => go('live', { id: next.meeting })}>
        ${t('home.enter')}<//></section>`;
  }
  return html`<section class="card column">
    <button type="button" class="item plain"
      onClick=${() => go('meeting', { id: next.meeting, starts: next.starts })}>
      <span class="item-text"><span class="when">${dayAndClock(next.starts)}</span>
        <span>${next.title}</span></span>
      <${Icon} name="forward" /></button>
    ${where}<${Reply} circle=${circle} next=${next} /></section>`;
}

function WhoIsHere({ circle }) {
  const { data } = useData(`circles/${circle.id}/present`);
  const { data: profiles } = useData(`circles/${circle.id}/profiles`, ['profile']);
  if (!data) return null;
  meet(data.persons);
  if (profiles) wear(profiles.profiles);
  const isHere = (one) => one.me || one.connected;
  const others = data.persons.filter((one) => one.connected && !one.me);
  const missing = others.filter((one) => one.has_all === false);
  const label = (one) => t(isHere(one) ? 'home.isHere' : 'home.isAway', { name: one.name });
  return html`<${Section} title=${t('home.whoIsHere')}>
    <ul class="dots">${data.persons.map(
      (one) => html`<li key=${one.person}><${Dot} who=${one} away=${!isHere(one)}
        label=${label(one)} /></li>`,
    )}</ul>
    ${
      others.length > 0 &&
      html`<p class="quiet">${
        missing.length === 0
          ? t('home.allReceived')
          : t('home.stillMissing', { names: names(missing.map((one) => one.name)) })
      }</p>`
    }<//>`;
}

function WeAreHere({ circle }) {
  const { data: next } = useData(`circles/${circle.id}/next-meeting`, ['meeting']);
  const open = async () => {
    await ask('POST', `circles/${circle.id}/gather`, {});
    const { id } = await ask('POST', `circles/${circle.id}/here`, {});
    go('live', { id });
  };
  if (next?.open) return null; // one goes in there: one thing at a time
  return html`<${Button} kind="main full" onPress=${open}>${t('home.weAreHere')}<//>`;
}

const meetingOf = ({ record }) => ['meeting', { id: record.meeting }];
/** Where a piece of news leads to. */
const LEADS = {
  share: ({ id }) => ['share', { id }],
  reply: meetingOf,
  decision: meetingOf,
  commitment: meetingOf,
  agreement: () => ['agreement', {}],
  member: ({ person }) => ['member', { person }],
};

/** One line: who, and what it is about; a note of content stands in place of a share's words. */
function newsLine({ kind, name, due, record }) {
  if (kind === 'share') {
    const about = record.content_note || record.topics?.[0] || record.title;
    return about ? t('news.shareAbout', { name, about }) : t('news.share', { name });
  }
  const answer = record?.answer ?? 'perhaps';
  if (kind === 'reply') return t(`news.reply.${answer}`, { name });
  if (kind === 'commitment') return t(due ? 'news.due' : 'news.commitment', { text: record.text });
  return t(`news.${kind}`, { name, text: record?.text ?? '' });
}

function News({ circle }) {
  const { data } = useData(`circles/${circle.id}/news`);
  const list = (data?.news ?? []).filter((one) => LEADS[one.kind]);
  if (!data) return null;
  return html`<${Section} title=${t('home.since')}>${
    list.length === 0
      ? html`<p class="quiet">${t('home.nothingNew')}</p>`
      : html`<ul class="list">${list.slice(0, 8).map(
          (one) => html`<li key=${one.kind + one.id}><button type="button" class="item"
            onClick=${() => go(...LEADS[one.kind](one))}><span class="item-words">
              ${newsLine(one)}</span><${Icon} name="forward" /></button></li>`,
        )}</ul>`
  }<//>`;
}

function Draft({ circle }) {
  return html`<${Screen} title=${circle.name} isRoot>
    <${Empty} text=${t('home.draft')} icon="members">
      <${Button} kind="main" onPress=${() => go('invite')}>${t('home.inviteFirst')}<//><//><//>`;
}

export function Home({ circle, status }) {
  if (circle.draft) return html`<${Draft} circle=${circle} />`;
  const actions = html`
    <${HeadButton} icon="search" label=${t('search.title')} onPress=${() => go('search')} />
    <${HeadButton} icon="more" label=${t('settings.title')} onPress=${() => go('settings')} />`;
  return html`<${Screen} isRoot title=${circle.name} actions=${actions}>
    ${
      status.circles.length > 1 &&
      html`<button type="button" class="item" onClick=${() => go('circles')}>
      <${CircleSign} members=${circle.members} /><span class="item-text"><span>
        ${t('circles.change')}</span>
      </span></button>`
    }
    <${NewDevices} circle=${circle} />
    <${NextMeeting} circle=${circle} />
    <${WeAreHere} circle=${circle} />
    <${WhoIsHere} circle=${circle} />
    <${News} circle=${circle} /><//>`;
}
