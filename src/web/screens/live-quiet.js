// A live meeting in a public place: initials and signs only. What a sign means is said to a screen
// reader, and by the words that one tap brings back.
import { html } from '../lib/preact.js';
import { act, isMine, listed, mineOf, turnSentence, whom } from '../core/meeting.js';
import { changeTaste } from '../core/taste.js';
import { t } from '../core/words.js';
import { Button } from '../parts/basics.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { initials, nameOf } from '../parts/person.js';
import { Stage } from './live-stage.js';

const Sign = ({ icon, label, kind = '', onPress, ...rest }) => html`<${Button}
  kind=${`big ${kind}`} icon=${icon} label=${label} onPress=${onPress} ...${rest} />`;

function Signs({ base, live }) {
  const mine = mineOf(live);
  const { turn } = live;
  if (live.state === 'before')
    return html`<${Sign} icon="home" kind="main" label=${t('live.open')}
      onPress=${() => act(base, 'open')} />`;
  if (live.state === 'closed') return null;
  if (!mine?.here)
    return html`<${Sign} icon="home" kind="main" label=${t('live.arrive')}
      onPress=${() => act(base, 'arrive')} />`;
  if (live.state === 'paused')
    return html`<${Sign} icon="play" kind="main" label=${t('live.resume')}
      onPress=${() => act(base, 'resume')} />`;
  if (turn && (isMine(live, turn) || turn.seat !== undefined)) {
    const isOwn = isMine(live, turn);
    const name = nameOf(turn);
    return html`<${Sign} icon="check" kind="main"
      label=${isOwn ? t('live.done') : t('live.doneOf', { name })}
      onPress=${() => act(base, 'done', whom(turn))} />
      <${Sign} icon="forward" label=${isOwn ? t('live.pass') : t('live.passOf', { name })}
        onPress=${() => act(base, 'pass', whom(turn))} />`;
  }
  return html`<${Sign} icon="hand" label=${mine.hand ? t('live.lower') : t('live.hand')}
      aria-pressed=${mine.hand ? 'true' : 'false'}
      onPress=${() => act(base, mine.hand ? 'lower' : 'hand')} />
    ${
      live.next
        ? html`<${Sign} icon="forward" label=${t('live.giveTo', { name: nameOf(live.next) })}
          aria-disabled=${turn ? 'true' : undefined}
          onPress=${() => !turn && act(base, 'turn', whom(live.next))} />`
        : html`<${Sign} icon="circles" label=${t('live.startRound')}
          aria-disabled=${turn ? 'true' : undefined}
          onPress=${() => !turn && act(base, 'round')} />`
    }`;
}

export function Quiet({ base, live, at, colours }) {
  const given = live.signals.filter((one) => !one.mine && !one.seen);
  return html`<${Screen} wide title=${t('live.title')}
    actions=${html`<${HeadButton} icon="eye" label=${t('live.quietLeave')}
      onPress=${() => changeTaste({ quiet: false })} />`}>
    <div class="live-quiet">
      <${Stage} live=${live} at=${at} colours=${colours} names=${false} />
      <p class="unseen" aria-live="polite">${turnSentence(live)}</p>
      ${
        given.length > 0 &&
        html`<p class="quiet-signs" role="img" aria-label=${t('live.signalsFrom', {
          names: listed(live, given),
        })}><${Icon} name="fist" size=${32} />${given.map((one) => initials(one.name)).join(' ')}
        </p>`
      }
      <div class="deck"><div class="deck-main"><${Signs} base=${base} live=${live} /></div></div>
    </div><//>`;
}
