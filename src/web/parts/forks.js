// Two versions of what somebody wrote, or more begun in her name than one person may: said to the
// others at the member, to herself at her devices (docs/protocol.md, Forks).
import { html } from '../lib/preact.js';
import { t } from '../core/words.js';

const Told = ({ title, points }) => html`<section class="card column close"><h2>${title}</h2>
  ${points.map((one) => html`<p key=${one}>${one}</p>`)}</section>`;

/** What became of what she wrote; nothing in most cases. */
export function Forks({ one }) {
  const say = (key) => t(`forks.${key}`, { name: one.name });
  return html`${
    one.forked > 0 &&
    html`<${Told} title=${say('title')} points=${['why', 'kept', 'do'].map(say)} />`
  }${
    one.crowded &&
    html`<${Told} title=${say('crowdedTitle')} points=${['crowded', 'crowdedDo'].map(say)} />`
  }`;
}

/** The same, of what I wrote. */
export function MyForks({ circle }) {
  const isMe = (one) => one.person === circle.me;
  return html`${
    circle.copied &&
    html`<${Told} title=${t('forks.copied')} points=${[t('forks.copiedWhat')]} />`
  }${
    circle.forked?.some(isMe) &&
    html`<${Told} title=${t('forks.mine')} points=${[t('forks.mineWhy'), t('forks.mineDo')]} />`
  }${
    circle.crowded?.some(isMe) &&
    html`<${Told} title=${t('forks.mineCrowded')} points=${[t('forks.mineCrowdedDo')]} />`
  }`;
}
