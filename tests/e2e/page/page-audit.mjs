// Every screen of the page, and every dialog and other state (lib/states.mjs), as people with all
// kinds of eyes, hands and devices meet it: axe in all themes, both languages, both widths; 320
// pixels and 200 %; targets for a thumb; the focus of dialogs; no word of the other language.
//   node tests/e2e/page/page-audit.mjs [PART OF A NAME...]
import { ask } from '../lib/api.mjs';
import {
  asDialog, faults, inNarrow, inThemes, plainFaults, reached, written,
} from '../lib/audit.mjs';
import { Browser, noBrowser, VIEWS } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { finish, test } from '../lib/report.mjs';
import { NAMES, sampleCircle, startPeople, textsOf } from '../lib/sample.mjs';
import { holdMeeting, screensOf, setTaste, THEMES, thingsOf, visit } from '../lib/screens.mjs';
import {
  firstEvening, show, statesBefore, statesOfMeeting, WORDS_OF_EVENING,
} from '../lib/states.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const wanted = process.argv.slice(2);
/** Whether a screen or state is asked for. */
const some = (name) => wanted.length === 0 || wanted.some((one) => name.includes(one));
const data = []; // what people wrote
const none = (list) => { if (list.length > 0) throw new Error(`\n  ${list.join('\n  ')}`); };

// ---- one thing that is seen ----

/** In both languages, all themes and widths; the window stays where it is. `isOpen`: its vault. */
async function audit(window, name, { words = data, isOpen = true, isLeft = false,
  within = null } = {}) {
  const { page } = window;
  await page.setViewportSize(VIEWS.phone.viewport);
  for (const language of isLeft ? [window.language] : LANGUAGES) {
    if (!isLeft) await setTaste(window, { language }, isOpen);
    await test(`${name}, ${language}: phone, ${THEMES.length} themes`, async () => {
      none([...await inThemes(window, { within }), ...await plainFaults(window, words)]);
    });
  }
  await test(`${name}: laptop, 320 pixels, 200 %, large text`, async () => {
    const narrow = await inNarrow(window, isLeft);
    await page.setViewportSize(VIEWS.laptop.viewport);
    none([...narrow, ...await window.axe({ within }), ...await plainFaults(window, words)]);
  });
  if (!isLeft && window.language !== 'fr') await setTaste(window, { language: 'fr' }, isOpen);
}

/** A state that is reached by pressing; a dialog is closed again. */
async function auditState(window, person, one) {
  let undo = null;
  await window.page.setViewportSize(VIEWS.phone.viewport);
  const isThere = await test(one.name, async () => { undo = await show(window, person, one); });
  if (isThere && one.isBrief) {
    await test(`${one.name}: phone`, async () => none(await faults(window, data)));
  } else if (isThere) {
    await audit(window, one.name, { words: one.isFree ? null : data,
      within: one.isDialog ? 'dialog[open]' : null });
  }
  if (isThere && one.isDialog) {
    await test(`${one.name}: the focus, Escape`, async () => {
      none(await asDialog(window, one.opener ? labelOf(window, one.opener) : null));
    });
  }
  await undo?.();
  if (one.isRefused) window.problems.length = 0;
}
const labelOf = (window, key) => window.t(...[key].flat());

/** All of it, and what Tab reaches. */
async function auditScreen(window, name, label, values) {
  await visit(window, name, values);
  await audit(window, label);
  await test(`${label}: all within Tab's reach`, async () => none(await reached(window)));
}

let browser;
const people = [];
try {
  browser = await Browser.start();
  const sample = await sampleCircle('fr', { made: (person) => people.push(person) });
  const things = await thingsOf(sample);
  const { text: agreement } = await ask(people[0], 'GET', 'agreement?lang=fr');
  const format = await ask(people[0], 'GET', `formats/${textsOf('fr').next.format}?lang=fr`);
  const { numbers } = await ask(people[0], 'GET', 'numbers?lang=fr');
  data.push(...NAMES, ...WORDS_OF_EVENING,
    ...written([textsOf('fr'), agreement, format, numbers]));
  const window = await browser.open(people[0], { plain: true });
  await window.settled();

  const seen = new Set();
  const round = async (states) => {
    for (const [name, values] of await screensOf(window, things)) {
      if (seen.has(name) && name !== 'home') continue;
      const label = seen.has(name) ? `${name} while a meeting goes on` : name;
      seen.add(name);
      if (some(label)) await auditScreen(window, name, label, values);
    }
    for (const one of states) if (some(one.name)) await auditState(window, people[0], one);
  };
  await round(statesBefore(things));
  things.open = await holdMeeting(sample);
  await round(statesOfMeeting(things));
  await test('nothing went elsewhere, no error in the console', () => none(window.complaints()));
  await window.close();

  const options = { made: (person) => people.push(person) };
  const [awa] = await startPeople(['Awa'], { ...options, isNew: true });
  const [zoe] = await startPeople(['Zoé'], options);
  for await (const [name, shown, how] of firstEvening(browser, [awa, zoe], { plain: true })) {
    const words = how.words === null ? null : [...data, ...how.words ?? []];
    if (some(name)) await audit(shown, name, { ...how, words });
    if (!how.isAway) {
      await test(`${name}: nothing went elsewhere`, () => none(shown.complaints()));
    }
  }
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
