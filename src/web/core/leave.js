// Leaving quickly: the picture first, then everything else (docs/page.md, "Leaving").
import { lockAndForget } from './api.js';
import { stop } from './events.js';
import { recipes, t } from './words.js';

const SHIFTS = 3,
  WITHIN_MS = 800;
const channel = new BroadcastChannel('leave');
let left = false;
let letGo = () => {}; // takes the screens away

export const setLetGo = (unmount) => {
  letGo = unmount;
};

/** Markdown of the recipes: "# ", "## ", "- " and paragraphs. */
function picture() {
  const nodes = [];
  const add = (tag, text) => {
    const node = document.createElement(tag);
    node.textContent = text;
    nodes.push(node);
    return node;
  };
  for (const block of recipes().split(/\n\s*\n/)) {
    const text = block.trim();
    if (text.startsWith('## ')) add('h2', text.slice(3));
    else if (text.startsWith('# ')) add('h1', text.split('\n')[0].slice(2));
    else if (text.startsWith('- ')) {
      const list = add('ul', '');
      for (const item of text.split('\n- ')) {
        const line = document.createElement('li');
        line.textContent = item.replace(/^- /, '').replace(/\s*\n\s*/g, ' ');
        list.append(line);
      }
    } else if (text) add('p', text.replace(/\s*\n\s*/g, ' '));
  }
  return nodes;
}

function show() {
  left = true;
  for (const sheet of document.querySelectorAll('link[data-of]')) {
    sheet.media = sheet.dataset.of === 'recipes' ? 'all' : 'not all';
  }
  document.documentElement.removeAttribute('data-theme');
  document.documentElement.removeAttribute('data-text');
  document.documentElement.removeAttribute('data-quiet');
  letGo();
  const main = document.createElement('main');
  main.append(...picture());
  document.body.replaceChildren(main);
  document.title = t('recipes.title');
  scrollTo(0, 0);
  stop();
}

export const hasLeft = () => left;

/** In this window, in every other one, and in the node. */
export function leave() {
  if (left) return;
  show();
  channel.postMessage('leave');
  lockAndForget();
}

channel.onmessage = () => {
  if (!left) show();
};

let presses = [];
/** Listens for three times Shift, each alone. */
export function watchShift(isWanted) {
  addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Shift') presses = [];
    },
    true,
  );
  addEventListener(
    'keyup',
    (event) => {
      if (event.key !== 'Shift') return;
      presses = [...presses, event.timeStamp].slice(-SHIFTS);
      const isFast = presses.length === SHIFTS && presses[SHIFTS - 1] - presses[0] <= WITHIN_MS;
      if (isFast && isWanted()) leave();
    },
    true,
  );
}
