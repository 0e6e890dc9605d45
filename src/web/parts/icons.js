// Drawings in one line style: 24 x 24, strokes of the text's colour.
import { html } from '../lib/preact.js';

const paths = {
  home: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16 M12 9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5',
  meetings: 'M4 6h16v14H4z M4 10h16 M8 3v5 M16 3v5',
  shares: 'M5 5h14v11H11l-4 4v-4H5z M8.5 9h7 M8.5 12h4',
  members:
    'M9 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6 M3.5 19c0-3.5 2.5-5.5 5.5-5.5s5.5 2 5.5 5.5 M16 5.5a3 3 ' +
    '0 0 1 0 5.5 M17 13.8c2.2.6 3.5 2.4 3.5 5.2',
  leave: 'M13 4H5v16h8 M10 12h10 M16.5 8.5L20 12l-3.5 3.5',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13 M15.5 15.5L20 20',
  more:
    'M5 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2 M12 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2 M19 11a1 1 0 1 0 ' +
    '0 2a1 1 0 1 0 0-2',
  back: 'M15 5l-7 7l7 7',
  forward: 'M9 5l7 7l-7 7',
  undo: 'M8 5L4 9l4 4 M4 9h10a5 5 0 0 1 0 10h-3',
  up: 'M6 15l6-7l6 7',
  down: 'M6 9l6 7l6-7',
  plus: 'M12 5v14 M5 12h14',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12 M18 6L6 18',
  hand:
    'M7 12V6.5a1.5 1.5 0 0 1 3 0V11 M10 10.5V4.5a1.5 1.5 0 0 1 3 0V11 M13 11V5.5a1.5 1.5 0 ' +
    '0 1 3 0V12 M16 8.5a1.5 1.5 0 0 1 3 0V14c0 4-2.5 6.5-6 6.5c-3 0-4.5-1.5-6-4l-2.5-4a1.4 ' +
    '1.4 0 0 1 2.3-1.6L7 12.5',
  fist:
    'M6 12V9a1.8 1.8 0 0 1 3.5-.4A1.8 1.8 0 0 1 13 8.3a1.8 1.8 0 0 1 3.4.7A1.6 1.6 0 0 1 19 ' +
    '10.4V14c0 3.8-2.6 6-6 6s-7-2.2-7-6z M6 12h6.5a1.5 1.5 0 0 0 0-3',
  pause: 'M9 6v12 M15 6v12',
  play: 'M8 5.5l10.5 6.5L8 18.5z',
  lock: 'M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  clock: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16 M12 7.5V12l3 2',
  place: 'M12 21c4-5 6-8 6-11a6 6 0 1 0-12 0c0 3 2 6 6 11z M12 8a2 2 0 1 0 0 4a2 2 0 1 0 0-4',
  pen: 'M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19z M13.5 7l3.5 3.5',
  settings: 'M5 7h14 M5 12h14 M5 17h14 M9 5v4 M15 10v4 M8 15v4',
  circles: 'M8 5a4 4 0 1 0 0 8a4 4 0 1 0 0-8 M16 11a4 4 0 1 0 0 8a4 4 0 1 0 0-8',
  screen: 'M4 5h16v11H4z M9 20h6 M12 16v4',
  eye:
    'M3 12c2.5-4.5 5.5-6.5 9-6.5s6.5 2 9 6.5c-2.5 4.5-5.5 6.5-9 6.5s-6.5-2-9-6.5z M12 ' +
    '9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5',
  device: 'M5 5h14v10H5z M3 19h18',
  stick: 'M9 3h6v6H9z M8 9h8v12H8z',
};

/** Beside a text, which says the same: hidden from screen readers. */
export function Icon({ name, size = 24 }) {
  return html`<svg width=${size} height=${size} viewBox="0 0 24 24" fill="none"
    stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
    focusable="false"><path d=${paths[name]} /></svg>`;
}
