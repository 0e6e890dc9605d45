// Times that go on: a time of the node's answer, and what has passed since on this window's own
// monotonic clock. Drawn when its second changes, at most once a second, never while hidden.
import { html, useLayoutEffect, useRef } from '../lib/preact.js';
import { duration } from '../core/words.js';

/** `span`: {elapsed_ms, runs}; `at`: when that answer came, by performance.now(). In ms. */
export const nowMs = (span, at) =>
  span.elapsed_ms + (span.runs ? Math.max(0, performance.now() - at) : 0);

/** Calls `show(ms)` now and whenever another second of it begins. */
export function useTicks(span, at, show) {
  useLayoutEffect(() => {
    let timer;
    const tick = () => {
      const ms = nowMs(span, at);
      show(ms);
      if (span.runs && !document.hidden) timer = setTimeout(tick, 1000 - (ms % 1000) + 1);
    };
    const wake = () => {
      clearTimeout(timer);
      if (!document.hidden) tick();
    };
    tick();
    document.addEventListener('visibilitychange', wake);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [span.elapsed_ms, span.runs, at]);
}

const WOBBLE_MS = 400; // two answers differ by that much without a second being shown twice

/** "3:10". `say`: what is written around it. */
export function Elapsed({ span, at, kind = '', say = (text) => text }) {
  const place = useRef(null);
  const last = useRef(-1);
  useTicks(span, at, (ms) => {
    let second = Math.floor(ms / 1000);
    if (second === last.current - 1 && ms % 1000 > 1000 - WOBBLE_MS) second = last.current;
    last.current = second;
    const text = say(duration(second * 1000));
    if (place.current.textContent !== text) place.current.textContent = text;
  });
  return html`<span ref=${place} class=${`number ${kind}`} role="timer" aria-live="off"></span>`;
}

/** How much of `full` ms has passed, as a line that fades when it is past its end. */
export function SoftLine({ span, at, full }) {
  const line = useRef(null);
  useTicks(span, at, (ms) => {
    line.current.style.transform = `scaleX(${Math.min(1, ms / full).toFixed(3)})`;
    line.current.dataset.past = String(ms > full);
  });
  return html`<div class="soft-line" aria-hidden="true"><span ref=${line}></span></div>`;
}
