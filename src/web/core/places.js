// Which screen is shown. The browser's history has numbers only (docs/page.md, 1): what they stand
// for is here, in memory, and gone with the page.
import { useEffect, useReducer } from '../lib/preact.js';

let count = 0;
/** `key`: as long as it stays, what is shown is not made anew, and what is typed in it stays. */
const placeOf = (screen, values = {}) => ({ screen, ...values, key: ++count });

let stack = [placeOf('home')];
let at = 0;
const listeners = new Set();
const draw = () => {
  for (const listener of listeners) listener();
};

export const here = () => stack[at];

/** Goes to a screen: go('meeting', {id}). The present one stays behind it. */
export function go(screen, values = {}) {
  stack = [...stack.slice(0, at + 1), placeOf(screen, values)];
  at++;
  history.pushState({ at }, '', '/');
  draw();
}

/** In place of the present one. */
export function replace(screen, values = {}) {
  stack = [...stack.slice(0, at), placeOf(screen, values)];
  draw();
}

/** The same place, shown or not, by other values from now on: what it shows has another id. */
export function rename(place, values) {
  const { screen, key } = place;
  stack = stack.map((one) => (one.key === key ? { screen, ...values, key } : one));
  draw();
}

export const canGoBack = () => at > 0;
export function back() {
  if (at > 0) history.back();
  else replace('home');
}

/** Forgets all places and begins at one. */
export function begin(screen, values = {}) {
  stack = [placeOf(screen, values)];
  at = 0;
  history.replaceState({ at: 0 }, '', '/');
  draw();
}

addEventListener('popstate', (event) => {
  const wanted = event.state?.at ?? 0;
  at = wanted < stack.length ? wanted : 0;
  draw();
});

export function usePlace() {
  const [, change] = useReducer((count) => count + 1, 0);
  const drawn = here();
  useEffect(() => {
    listeners.add(change);
    if (here() !== drawn) change(); // a screen within went on before this listened
    return () => listeners.delete(change);
  }, []);
  return here();
}
