// A meeting while it goes on: the circle, whose turn it is, what comes next.
import { html, useEffect, useMemo, useState } from '../lib/preact.js';
import { useData } from '../core/live-data.js';
import {
  goesOn,
  hereOf,
  LIVE_TYPES,
  meetingPath,
  partTitle,
  turnSentence,
} from '../core/meeting.js';
import { back, go } from '../core/places.js';
import { changeTaste, getTaste } from '../core/taste.js';
import { t } from '../core/words.js';
import { Button, Empty, Notice, sentence, Waiting } from '../parts/basics.js';
import { Elapsed, SoftLine } from '../parts/clock.js';
import { HeadButton, Screen } from '../parts/frame.js';
import { nameOf } from '../parts/person.js';
import { Deck } from './live-deck.js';
import {
  Agenda,
  Lines,
  Outcomes,
  People,
  Script,
  Share,
  Signals,
  useAgreement,
} from './live-people.js';
import { Quiet } from './live-quiet.js';
import { Sheet } from './live-sheets.js';
import { Stage } from './live-stage.js';
import { MinutesPane } from './minutes.js';

/** "2/4 · 3:10 sur 40 min" */
function PartTime({ live, at }) {
  const { part } = live;
  if (!part) return null;
  const of = { at: part.number ?? '–', of: live.parts.length };
  const say = (time) =>
    part.minutes
      ? t('live.partTime', { ...of, time, minutes: part.minutes })
      : t('live.partTimeFree', { ...of, time });
  return html`<${Elapsed} span=${part} at=${at} say=${say} />`;
}

function Common({ live, at, colours, title }) {
  return html`<${Screen} wide title=${live.part ? partTitle(live.part) : title}
    subtitle=${html`<${PartTime} live=${live} at=${at} />`}
    actions=${html`<${HeadButton} icon="close" label=${t('live.commonLeave')} onPress=${back} />`}>
    <div class="common"><${Stage} live=${live} at=${at} colours=${colours} isCommon />
      <div class="common-words" aria-live="polite">
        ${
          live.turn
            ? html`<p class="common-who">${nameOf(live.turn)}</p>
            ${live.next && html`<p class="common-next">
              ${t('live.then', { next: nameOf(live.next) })}</p>`}`
            : html`<p class="common-next">${turnSentence(live)}</p>`
        }</div></div><//>`;
}

const laptop = matchMedia('(min-width: 900px)');

/** Whether there is room for the minutes beside the circle. */
function useRoom() {
  const [hasRoom, setRoom] = useState(laptop.matches);
  useEffect(() => {
    const look = () => setRoom(laptop.matches);
    laptop.addEventListener('change', look);
    return () => laptop.removeEventListener('change', look);
  }, []);
  return hasRoom;
}

/** What stands beside the circle, or below it. */
function Side({ base, circle, live, at, colours, open, place, hasMinutes }) {
  return html`
    <${Script} part=${live.part} />
    ${
      !hasMinutes &&
      html`<${Outcomes} live=${live} />
      ${
        live.state !== 'before' &&
        html`<${Button} icon="pen" onPress=${() => go('minutes', { id: place.id })}>
        ${t('live.write')}<//>`
      }`
    }
    <${Agenda} base=${base} live=${live} at=${at} />
    <${People} live=${live} colours=${colours} open=${open} />
    <${Share} live=${live} />
    ${live.cut && html`<${Notice}>${t('live.cut')}<//>`}`;
}

function Full({ circle, place, live, at, colours, base, meeting, title }) {
  const [sheet, setSheet] = useState(null);
  const open = (name, who) =>
    name === 'closing' ? go('closing', { id: place.id }) : setSheet({ name, who });
  const common = { base, circle, live, colours, open, place };
  const agreement = useAgreement(circle, live);
  const hasMinutes = useRoom() && live.state !== 'before';
  const isShown = live.state !== 'closed' && hereOf(live).length > 0;
  return html`<${Screen} wide title=${live.part ? partTitle(live.part) : title}
    subtitle=${live.part ? html`<${PartTime} live=${live} at=${at} />` : null}
    actions=${html`<${HeadButton} icon="eye" label=${t('live.quiet')}
      onPress=${() => changeTaste({ quiet: true })} />`}>
    <div class="live" data-state=${live.state}>
      <div class="live-circle">
        ${live.part?.minutes > 0 &&
          html`<${SoftLine} span=${live.part} at=${at} full=${live.part.minutes * 60000} />`}
        <${Signals} base=${base} live=${live} />
        ${
          agreement ??
          html`${
              isShown
                ? html`<${Stage} live=${live} at=${at} colours=${colours} />`
                : html`<${Empty} text=${turnSentence(live)} />`
            }
            <p class="turn-words" aria-live="polite">${isShown ? turnSentence(live) : ''}</p>
            ${goesOn(live) && html`<${Lines} live=${live} />`}
            <${Deck} base=${base} live=${live} open=${open} />`
        }
        ${hasMinutes && html`<${Side} ...${common} at=${at} hasMinutes />`}
      </div>
      <div class="live-side">
        ${
          hasMinutes
            ? html`<${MinutesPane} circle=${circle} meeting=${place.id} />`
            : html`<${Side} ...${common} at=${at} hasMinutes=${false} />`
        }
      </div>
    </div>
    <${Sheet} sheet=${sheet} ...${common} onClose=${() => setSheet(null)} /><//>`;
}

export function Live({ circle, place }) {
  const base = meetingPath(circle, place.id);
  const { data: live, at, error, again } = useData(`${base}/live`, LIVE_TYPES);
  const { data: meeting } = useData(base, ['meeting']);
  const { data: profiles } = useData(`circles/${circle.id}/profiles?max=500`, ['profile']);
  const colours = useMemo(
    () => new Map((profiles?.profiles ?? []).map((one) => [one.author, one.colour])),
    [profiles],
  );
  const title = meeting?.title || t('live.title');
  if (!live) {
    return html`<${Screen} title=${t('live.title')}>${
      error
        ? html`<${Notice} kind="problem">${sentence(error)}<//>
          <${Button} onPress=${again}>${t('live.again')}<//>`
        : html`<${Waiting} />`
    }<//>`;
  }
  const all = { circle, place, live, at, colours, base, meeting, title };
  if (place.view === 'common') return html`<${Common} ...${all} />`;
  if (getTaste().quiet) return html`<${Quiet} ...${all} />`;
  return html`<${Full} ...${all} />`;
}
