// Pictures of the page from the running program: those of the README, or all of them to look at.
//   node tests/e2e/screens.mjs [FOLDER]         the README's; docs/screens if none is named
//   node tests/e2e/screens.mjs --all FOLDER [WORD...]   each screen and state in each theme, width
//       and language; or of these only some, or parts of names: 360 light dark fr dialog
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ask } from './lib/api.mjs';
import { Browser, noBrowser, VIEWS } from './lib/browser.mjs';
import { LANGUAGES } from './lib/catalogue.mjs';
import { enterNamespace } from './lib/network.mjs';
import { sampleCircle, startPeople, textsOf } from './lib/sample.mjs';
import {
  holdMeeting, screensOf, setTaste, showTheme, THEMES, thingsOf, visit,
} from './lib/screens.mjs';
import { firstEvening, show, statesBefore, statesOfMeeting } from './lib/states.mjs';

const args = process.argv.slice(2).filter((arg) => arg !== '--all');
const isAll = process.argv.includes('--all');
const why = noBrowser() ?? (isAll && args.length === 0 ? '--all needs a folder' : null);
if (why) {
  console.error(`screens: ${why}`);
  process.exit(1);
}
const folder = resolve(args[0] ?? new URL('../../docs/screens', import.meta.url).pathname);
enterNamespace(); // without one the nodes are on this machine's loopback
mkdirSync(folder, { recursive: true });

// name, view, theme, screen, of whom; before the meeting begins, and in it
const BEFORE = [['home', 'phone', 'light', 'home', 2], ['invite', 'phone', 'light', 'invite', 0]];
const WHILE = [
  ['live', 'phone', 'dark', 'live', 1], ['live-wide', 'laptop', 'light', 'live', 0],
  ['minutes', 'phone', 'light', 'minutes', 1],
];
const KIB = 1024;

/** Fewer colours, where pngquant is there: a screen has few. */
function shrink(file) {
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--speed', '1', '48', '--output',
    file, file]);
  return Math.ceil(statSync(file).size / KIB);
}

async function shoot(window, name, options = {}) {
  const file = join(folder, `${name}.png`);
  await window.page.waitForTimeout(250); // what fades in has done so
  await window.page.screenshot({ path: file, animations: 'disabled', ...options });
  return shrink(file);
}

/** What they have written this evening so far. */
async function write({ people, circle }, meeting, text) {
  const path = `circles/${circle}/meetings/${meeting}/minutes`;
  const { version } = await ask(people[0], 'GET', path);
  await ask(people[0], 'POST', `${path}/edits`,
    { body: { base: version, operations: [{ at: 0, delete: 0, insert: text }], save: true } });
}

async function ofReadme(browser, { people }, things, shots) {
  for (const [name, view, theme, screen, who] of shots) {
    const window = await browser.open(people[who], { view,
      deviceScaleFactor: view === 'phone' ? 1.5 : 1 });
    await window.settled();
    await setTaste(window, { theme, language: 'fr' });
    const [, values] = (await screensOf(window, things)).find(([one]) => one === screen) ?? [];
    if (values) {
      await visit(window, screen, screen === 'minutes' ? { id: things.past } : values);
      console.log(`${name}.png  ${await shoot(window, name)} KiB`);
    } else {
      console.log(`there is no screen '${screen}'`);
    }
    await window.close();
  }
}

const WIDTHS = { 360: 'phone', 1280: 'laptop' };
const words = isAll ? args.slice(1) : [];
/** Those of a list that were asked for, all when none was. */
const chosen = (list) => (list.some((one) => words.includes(one))
  ? list.filter((one) => words.includes(one)) : list);
const ways = { widths: chosen(Object.keys(WIDTHS)), languages: chosen(LANGUAGES),
  themes: chosen(THEMES) };
const parts = words.filter((one) => ![...Object.keys(WIDTHS), ...LANGUAGES, ...THEMES]
  .includes(one));
const fileOf = (name) => name.replace(/[^\p{L}\d]+/gu, '-');
const found = new Set(); // of the parts
const isNamed = (name) => {
  const those = parts.filter((one) => fileOf(name).includes(one));
  those.forEach((one) => found.add(one));
  return parts.length === 0 || those.length > 0;
};

/** What the window shows, in each theme, width and language; nothing is loaded anew but words. */
async function shootAll(window, name, { isOpen = true, isLeft = false } = {}) {
  for (const language of isLeft ? [window.language] : ways.languages) {
    if (window.language !== language) await setTaste(window, { language }, isOpen);
    for (const width of ways.widths) {
      for (const theme of ways.themes) {
        const { viewport } = VIEWS[WIDTHS[width]];
        await window.page.setViewportSize(viewport);
        await showTheme(window, theme);
        await shootWhole(window, `${fileOf(name)}-${width}-${theme}-${language}`, viewport);
      }
    }
  }
  await window.page.setViewportSize(VIEWS.phone.viewport);
  if (!isLeft && window.language !== 'fr') await setTaste(window, { language: 'fr' }, isOpen);
}

/** As high as the page is, so that what is fixed at its foot stands there; not behind a dialog. */
async function shootWhole(window, name, { width, height }) {
  const all = await window.page.evaluate(() =>
    (document.querySelector('dialog[open]') ? 0 : document.documentElement.scrollHeight));
  await window.page.setViewportSize({ width, height: Math.max(height, all) });
  await window.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

async function allOf(window, person, things, states) {
  for (const [name, values] of await screensOf(window, things)) {
    if (!isNamed(name)) continue;
    await visit(window, name, values);
    await shootAll(window, name);
  }
  for (const one of states) {
    if (!isNamed(one.name)) continue;
    const undo = await show(window, person, one).catch((error) => console.log(one.name, error));
    if (undo) await shootAll(window, one.name);
    await undo?.();
  }
}

async function all(browser, sample, things, people) {
  const [ines] = sample.people;
  const options = { made: (person) => people.push(person) };
  const window = await browser.open(ines, { view: 'phone', deviceScaleFactor: 1 });
  await window.settled();
  await allOf(window, ines, things, statesBefore(things));
  await hold(sample, things);
  await allOf(window, ines, things, statesOfMeeting(things));
  const [awa] = await startPeople(['Awa'], { ...options, isNew: true });
  const [zoe] = await startPeople(['Zoé'], options);
  const view = { view: 'phone', deviceScaleFactor: 1 };
  for await (const [name, shown, how] of firstEvening(browser, [awa, zoe], view)) {
    if (isNamed(name)) await shootAll(shown, name, how);
  }
  console.log(folder);
}

async function hold(sample, things) {
  things.open = await holdMeeting(sample, textsOf('fr').seat);
  await write(sample, things.open, textsOf('fr').past[0].minutes);
}

let browser, missing = [];
const people = [];
try {
  browser = await Browser.start();
  const sample = await sampleCircle('fr', { made: (person) => people.push(person) });
  const things = await thingsOf(sample);
  if (isAll) {
    await all(browser, sample, things, people);
    missing = parts.filter((one) => !found.has(one));
  } else {
    await ofReadme(browser, sample, things, BEFORE);
    await hold(sample, things);
    await ofReadme(browser, sample, things, WHILE);
  }
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
for (const one of missing) console.error(`screens: no screen or state has '${one}' in its name`);
process.exit(missing.length > 0 ? 1 : 0);
