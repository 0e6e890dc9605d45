// The circle of a live meeting as a picture, with the time of the turn in its middle.
import { html } from '../lib/preact.js';
import { around, isMine, isSame, turnLength } from '../core/meeting.js';
import { t } from '../core/words.js';
import { CirclePicture } from '../parts/circle.js';
import { Elapsed } from '../parts/clock.js';
import { nameOf } from '../parts/person.js';

/**
 * `colours`: of persons, by their id. `isCommon`: on a screen for all, so that nobody in particular
 * sits at the bottom, and names stand below the points. `names`: who speaks is said in the middle.
 */
export function Stage({ live, at, colours, isCommon = false, names = true }) {
  const people = around(live, isCommon).map((one) => ({
    ...one,
    colour: colours.get(one.person) ?? null,
    next: isSame(one, live.next),
  }));
  const ring = live.turn && { span: live.turn, at, full: turnLength(live) };
  return html`<div class="circle-stage" data-paused=${String(live.state === 'paused')}>
    <${CirclePicture} people=${people} ring=${ring} named=${isCommon}>
      ${!live.turn && html`<circle class="sign-fire" cx="50" cy="50" r="5" />`}<//>
    ${
      live.turn &&
      html`<div class="circle-centre" aria-hidden="true">
      ${
        names &&
        !isCommon &&
        html`<span class="circle-who">${
          isMine(live, live.turn) ? t('live.youNow') : nameOf(live.turn)
        }</span>`
      }
      <${Elapsed} span=${live.turn} at=${at} kind="circle-time" />
      ${
        live.turn.approximate &&
        names &&
        html`<span class="quiet">${t('live.about')}</span>`
      }</div>`
    }</div>`;
}
