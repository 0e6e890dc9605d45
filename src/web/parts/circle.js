// The picture of a circle: members sit around, the one who speaks is lit. Beside it stands a list
// that says the same (aria-hidden here).
import { html, useRef } from '../lib/preact.js';
import { hueOf } from '../core/hues.js';
import { useTicks } from './clock.js';
import { initials } from './person.js';
import { ONE_ROW, RADIUS, round, seatsAround } from './sign.js';

const NAMED = 8; // more names would touch each other

/** So large that neighbours do not touch, rings included. */
function dotSize(count) {
  if (count > ONE_ROW) return Math.min(4.8, (4 * Math.PI * 29.5 * 0.33) / count);
  return Math.min(9, (2 * Math.PI * RADIUS * 0.34) / Math.max(1, count));
}

/**
 * `people`: [{person, name, seat, colour, speaks, next, hand}], who are here. `ring`: of who
 * speaks, {span, at, full}: its time (parts/clock.js) and how long it is thought to be, in ms; or
 * null.
 * `named`: names stand below, if they are few. `children` stand in the middle.
 */
export function CirclePicture({ people, ring = null, named = false, size = '100%', children }) {
  const around = seatsAround(people.length);
  const dot = round(dotSize(people.length));
  const isNamed = named && people.length <= NAMED;
  return html`<svg class="circle-picture" viewBox=${isNamed ? '-6 -2 112 110' : '0 0 100 100'}
    width=${size} aria-hidden="true" focusable="false">
    <circle class="circle-line" cx="50" cy="50" r=${people.length > ONE_ROW ? 35.5 : RADIUS} />
    ${people.map(
      (one, at) => html`<${Seat} key=${one.person ?? `seat ${one.seat}`} one=${one}
      at=${around[at]} dot=${dot} ring=${one.speaks ? ring : null} named=${isNamed} />`,
    )}
    ${children}</svg>`;
}

/** The time of her turn goes around her; past its end it fades, it does not alarm. */
function Ring({ ring, at, radius }) {
  const circle = useRef(null);
  const length = round(2 * Math.PI * radius);
  useTicks(ring.span, ring.at, (ms) => {
    const left = round(length * (1 - Math.min(1, ms / ring.full)));
    circle.current.setAttribute('stroke-dashoffset', left);
    circle.current.dataset.past = String(ms > ring.full);
  });
  return html`<circle ref=${circle} class="circle-ring" cx=${at.x} cy=${at.y} r=${radius}
    transform=${`rotate(-90 ${at.x} ${at.y})`} stroke-dasharray=${length} />`;
}

function Seat({ one, at, dot, ring, named }) {
  const kind = [
    'circle-dot',
    one.speaks && 'speaks',
    one.next && 'next',
    one.seat !== undefined && 'seat',
  ]
    .filter(Boolean)
    .join(' ');
  const style = { '--hue': `var(--hue-${hueOf(one.person, one.colour ?? null)})` };
  return html`<g class=${kind} style=${style}>
    ${one.speaks && html`<circle class="halo" cx=${at.x} cy=${at.y} r=${dot + 2.6} />`}
    ${ring && html`<${Ring} ring=${ring} at=${at} radius=${dot + 2.6} />`}
    ${one.next && html`<circle class="outline" cx=${at.x} cy=${at.y} r=${dot + 1.9} />`}
    <circle class="body" cx=${at.x} cy=${at.y} r=${dot} />
    <text x=${at.x} y=${round(at.y + dot * 0.32)} text-anchor="middle" font-size=${round(dot * 0.9)}
      >${initials(one.seat ?? one.name)}</text>
    ${one.hand && html`<${RaisedHand} at=${at} dot=${dot} />`}
    ${
      named &&
      html`<text class="circle-name" x=${at.x} y=${round(at.y + dot + 5)} text-anchor="middle"
      font-size="3.2">${short(one.seat ?? one.name)}</text>`
    }</g>`;
}

const short = (name) => ([...name].length > 14 ? `${[...name].slice(0, 13).join('')}…` : name);

function RaisedHand({ at, dot }) {
  const size = dot * 0.85;
  const x = at.x + dot * 0.95,
    y = at.y - dot * 0.95;
  const d =
    'M8 13V6.5a1.5 1.5 0 0 1 3 0V11V5a1.5 1.5 0 0 1 3 0v6V6.5a1.5 1.5 0 0 1 3 0V14' +
    'c0 4-2 6-5 6s-4-1.5-5.5-4l-2-3.5a1.3 1.3 0 0 1 2.2-1.4z';
  return html`<g class="circle-hand">
    <circle cx=${round(x)} cy=${round(y)} r=${round(size * 0.62)} />
    <path transform=${`translate(${round(x - size * 0.5)} ${round(y - size * 0.52)}) scale(${round(
      size / 24,
    )})`} d=${d} /></g>`;
}
