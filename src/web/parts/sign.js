// The circle as a sign, everywhere, and where people sit around it.
import { html } from '../lib/preact.js';

export const round = (number) => Math.round(number * 100) / 100;
export const RADIUS = 37;
export const ONE_ROW = 16; // more people sit in two rows, each between two of the other

/** Places on a circle of 100 x 100, the first at the bottom, where the reader sits. */
export function seatsAround(count, radius = RADIUS) {
  return Array.from({ length: count }, (_, at) => {
    const angle = Math.PI / 2 + (at / Math.max(1, count)) * 2 * Math.PI;
    const far = count <= ONE_ROW ? radius : at % 2 === 0 ? 41.5 : 29.5;
    return { x: round(50 + far * Math.cos(angle)), y: round(50 + far * Math.sin(angle)) };
  });
}

/** The circle as a sign: as many points as it has members, up to twelve. */
export function CircleSign({ members = 5 }) {
  const count = Math.min(12, Math.max(3, members));
  return html`<svg class="circle-small" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
    <circle class="circle-line" cx="50" cy="50" r="38" />
    ${seatsAround(count, 38).map(
      (at) => html`<circle key=${`${at.x} ${at.y}`} class="sign-dot" cx=${at.x}
      cy=${at.y} r="7" />`,
    )}
    <circle class="sign-fire" cx="50" cy="50" r="9" /></svg>`;
}
