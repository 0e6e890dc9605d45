// What every screen must hold, looked at in a window that shows it: also for the journeys of single
// screens, after a dialog was opened or something was pressed.
import { VIEWS } from './browser.mjs';
import { catalogue, forms, LANGUAGES, sentences } from './catalogue.mjs';
import { showTheme, THEMES } from './screens.mjs';

const TARGET = 44; // CSS pixels, as --target
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']; // axe's

/** Elements that reach beyond the right edge, or the page's own width. */
export const tooWide = () => {
  const root = document.querySelector('dialog[open]') ?? document.documentElement;
  const inside = root.clientWidth + root.getBoundingClientRect().left;
  if (root.scrollWidth <= root.clientWidth) return [];
  const found = [...(root.querySelector('body') ?? root).querySelectorAll('*')].filter((one) =>
    one.getBoundingClientRect().right > inside + 1);
  return [`${root.scrollWidth} wide in ${root.clientWidth}: ${found.slice(0, 3).map((one) =>
    one.outerHTML.slice(0, 120)).join(' | ')}`];
};

/** What can be pressed and is smaller than a thumb. Of a box or a radio its label counts. */
const tooSmall = (target) => [...document.querySelectorAll(
  'button, a[href], input, select, textarea, summary, [role="button"], [role="tab"]')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('[inert]') &&
    one.tabIndex >= 0)
  .map((one) => {
    const isBox = ['checkbox', 'radio'].includes(one.type);
    const box = ((isBox && one.closest('label')) || one).getBoundingClientRect();
    return [one, Math.round(box.width * 10) / 10, Math.round(box.height * 10) / 10];
  })
  .filter(([, width, height]) => width < target || height < target)
  .map(([one, width, height]) => `${width} x ${height}: ${one.outerHTML.slice(0, 160)}`);

/** All that is to be read: texts, and names that only screen readers say. */
const texts = () => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.data.trim()) found.push(node.data.trim().replace(/\s+/g, ' '));
  }
  for (const one of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
      if (one.getAttribute(name)) found.push(one.getAttribute(name));
    }
  }
  return found;
};

/** What no Tab reaches. */
export async function reached(window) {
  await window.page.evaluate(() => { document.activeElement?.blur(); });
  for (let presses = 0, rounds = 0; presses < 150 && rounds < 2; presses++) {
    await window.page.keyboard.press('Tab');
    const at = await window.page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return null;
      const isSame = one === globalThis.reachedLast; // a date has a stop for each of its parts
      const isAgain = one.dataset.reached !== undefined && !isSame;
      globalThis.reachedLast = one;
      one.dataset.reached = '';
      return isAgain;
    });
    if (at === null) rounds++; // it begins where the focus was, so the head comes last
    else if (at) break;
  }
  return window.page.evaluate(() => {
    const left = [...document.querySelectorAll('button, a[href], input, select, textarea')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled &&
        one.tabIndex >= 0 && one.type !== 'radio' && one.dataset.reached === undefined);
    for (const one of document.querySelectorAll('[data-reached]')) delete one.dataset.reached;
    return left.map((one) => `no Tab reaches ${one.outerHTML.slice(0, 120)}`);
  });
}

// ---- languages ----

const all = Object.fromEntries(LANGUAGES.map((one) => [one, sentences(catalogue(one))]));
const groups = new Set(all.fr.map(([key]) => key.split('.')[0]));
const alone = (words) => new RegExp(`(?<!\\p{L})(${words})(?!\\p{L})`, 'iu');
const foreign = { // frequent words that the other language does not have
  fr: alone('the|and|you|your|are|with|this|what|who|not|will|for|from'),
  en: alone('le|la|les|des|une|est|pour|avec|dans|sur|tu|qui|pas|ton|ta|tes|du'),
};
const exact = (language) => new Set(all[language].flatMap(([, value]) => forms(value)));
const sets = Object.fromEntries(LANGUAGES.map((one) => [one, exact(one)]));

/** Texts that a screen shows and that are not of its language. `data`: what people wrote. */
function strangers(language, shown, data) {
  const other = language === 'fr' ? 'en' : 'fr';
  const longest = [...data].sort((a, b) => b.length - a.length);
  return shown.map((whole) => {
    if (data.some((one) => one.includes(whole)) || sets[language].has(whole)) return null;
    const text = longest.reduce((rest, one) => rest.replaceAll(one, ' '), whole);
    const key = /\b([a-z][A-Za-z]*)\.[A-Za-z]+(\.[A-Za-z]+)*\b/.exec(text);
    if (key && groups.has(key[1])) return `a key: ${whole}`;
    if (sets[other].has(whole)) return `${other}: ${whole}`;
    return foreign[language].test(text) ? `${other}? ${whole}` : null;
  }).filter(Boolean);
}

/** All lines in what the tests wrote. */
export function written(value) {
  if (typeof value === 'string') {
    return value.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))
      .filter((line) => line.length > 3);
  }
  return typeof value === 'object' && value ? Object.values(value).flatMap(written) : [];
}

// ---- colours, widths, dialogs ----

/** All that axe finds in the first theme, and of the others what has to do with colours: they are
 * changed in place, and nothing else differs. */
export async function inThemes(window, options = {}) {
  const found = [];
  for (const theme of THEMES) {
    await showTheme(window, theme);
    const only = theme === THEMES[0] ? null : COLOUR_RULES;
    found.push(...(await window.axe({ ...options, only })).map((one) => `${theme}: ${one}`));
  }
  await showTheme(window, THEMES[0]);
  return [...new Set(found)];
}

/** At 320 pixels, with large text too, and at 200 %: nothing is wider than the window. */
export async function inNarrow(window) {
  const found = [];
  const before = await window.page.evaluate(() => document.documentElement.dataset.text);
  for (const [what, view, text] of [['320', 'narrow', 'normal'], ['320, large', 'narrow', 'large'],
    ['200 %', 'zoomed', 'normal']]) {
    await window.page.setViewportSize(VIEWS[view].viewport);
    await window.page.evaluate((size) => { document.documentElement.dataset.text = size; }, text);
    found.push(...[...await window.page.evaluate(tooWide),
      ...await window.page.evaluate(tooSmall, TARGET)].map((one) => `${what}: ${one}`));
  }
  if (before === undefined) { // it has no taste any more
    await window.page.evaluate(() => { delete document.documentElement.dataset.text; });
  }
  return found;
}

/** A dialog is open: the focus is in it; Escape closes it, and the focus goes where it was.
 * `opener`: what the button says that opened it. */
export async function asDialog(window, opener) {
  const isIn = () => window.page.evaluate(() => {
    const box = document.querySelector('dialog[open]');
    return box === null ? 'no dialog is open' : box.contains(document.activeElement) ||
      `the focus is not in it: ${document.activeElement.outerHTML.slice(0, 120)}`;
  });
  const found = [await isIn()];
  await window.page.keyboard.press('Escape');
  await window.page.waitForSelector('dialog[open]', { state: 'detached', timeout: 2000 })
    .catch(() => found.push('Escape does not close it'));
  const [tag, name] = await window.page.evaluate(() => {
    const one = document.activeElement;
    return [one.tagName, one.getAttribute('aria-label') ?? one.innerText.trim()];
  });
  if (tag === 'BODY' || (opener && name !== opener)) {
    found.push(`the focus came from “${opener}” and goes to ${tag} “${name.slice(0, 60)}”`);
  }
  return found.filter((one) => one !== true);
}

/** What is too wide or too small, and words of another language (`data` null: any may be). */
export async function plainFaults(window, data = []) {
  return [...await window.page.evaluate(tooWide), ...await window.page.evaluate(tooSmall, TARGET),
    ...data ? strangers(window.language, await window.page.evaluate(texts), data) : []];
}

/** All of it, of what the window (opened `plain`) shows now: a line for each fault. `data`: what
 * people wrote, in whatever language. */
export async function faults(window, data = []) {
  return [...await window.axe(), ...await plainFaults(window, data)];
}
