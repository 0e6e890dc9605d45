// The frame of every screen: its title, the bar within the thumb's reach, the way out.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { onState, state } from '../core/events.js';
import { leave } from '../core/leave.js';
import { back, canGoBack, go, here } from '../core/places.js';
import { bound, t } from '../core/words.js';
import { Notice } from './basics.js';
import { Icon } from './icons.js';

const tabs = [
  ['home', 'home'],
  ['meetings', 'meetings'],
  ['shares', 'shares'],
  ['members', 'members'],
];

/** Where one can go from everywhere; without a circle only the way out. */
export function Bar({ hasCircle }) {
  const current = here().screen;
  return html`<nav class="bar" aria-label=${t('bar.label')}>
    ${
      hasCircle &&
      tabs.map(
        ([screen, icon]) => html`<button key=${screen} type="button"
      aria-current=${current === screen ? 'page' : undefined}
      onClick=${() => current !== screen && go(screen)}>
      <${Icon} name=${icon} />${t(`bar.${screen}`)}</button>`,
      )
    }
    <button type="button" class="leave" onClick=${leave}>
      <${Icon} name="leave" />${t('bar.leave')}</button>
  </nav>`;
}

function Away() {
  const [now, setNow] = useState(state());
  useEffect(() => onState(setNow), []);
  return now === 'away' ? html`<${Notice} role="status">${t('common.nodeAway')}<//>` : null;
}

/** `title` is the screen's heading, which takes the focus; `actions` stand beside it. */
export function Screen({ title, subtitle, actions, children, wide = false, isRoot = false }) {
  const heading = useRef(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  return html`<header class="top">
      ${
        !isRoot &&
        canGoBack() &&
        html`<button type="button" class="button round" aria-label=${t('common.back')}
        onClick=${back}><${Icon} name="back" /></button>`
      }
      <div class="top-title"><h1 tabindex="-1" ref=${heading}>${bound(title)}</h1>
        ${subtitle && html`<p>${subtitle}</p>`}</div>
      ${actions}
    </header>
    <main class=${wide ? 'content wide' : 'content'} id="content"><${Away} />${children}</main>`;
}

/** A button with a picture alone, in the head of a screen. */
export const HeadButton = ({
  icon,
  label,
  onPress,
}) => html`<button type="button" class="button round"
  aria-label=${label} onClick=${onPress}><${Icon} name=${icon} /></button>`;
