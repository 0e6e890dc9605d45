// A person, always by name and initials beside her colour.
import { html } from '../lib/preact.js';
import { hueOf } from '../core/hues.js';

export function initials(name) {
  const words = (name ?? '')
    .trim()
    .split(/[\s'’-]+/)
    .filter(Boolean);
  const letters = words
    .slice(0, 2)
    .map((word) => [...word][0])
    .join('');
  return (letters || '·').toLocaleUpperCase();
}

/** `who`: {person, name} or {seat}; `away`: not here. The name stands beside it, or in `label`. */
export function Dot({ who, colour = null, away = false, label = null }) {
  const kind = who.seat !== undefined ? 'dot seat' : away ? 'dot away' : 'dot';
  const style = { '--hue': `var(--hue-${hueOf(who.person, colour)})` };
  const text = initials(who.seat ?? who.name);
  return html`<span class=${kind} style=${style} role=${label ? 'img' : undefined}
    aria-label=${label ?? undefined} aria-hidden=${label ? undefined : 'true'}>${text}</span>`;
}

export const nameOf = (who) => who?.seat ?? who?.name ?? '…';
