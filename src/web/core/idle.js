// Tells the node that its person is there, at most once a minute: it locks by itself otherwise.
import { ask } from './api.js';

const EVERY_MS = 60000;
let last = -EVERY_MS;

/** Listens to pointer and keyboard; `isOpen()`: whether there is something to keep open. */
export function watchActivity(isOpen) {
  const here = () => {
    if (!isOpen() || performance.now() - last < EVERY_MS) return;
    last = performance.now();
    ask('POST', 'active').catch(() => {});
  };
  for (const name of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
    addEventListener(name, here, { capture: true, passive: true });
  }
}
