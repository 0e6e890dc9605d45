// Minutes in the page: three write at once, one with a phone. Each language is once that of the
// phone and of a laptop, and once that of the other laptop.
//   node tests/e2e/page/page-minutes.mjs
import assert from 'node:assert/strict';
import { ask } from '../lib/api.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { sleep, until } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';
import { found, NAMES, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const SECONDS = 20, RATE = 10; // letters a second of each, in one paragraph
const people = [];
const windows = [];
let circle, meeting, browser;

const go = (window, screen, values = {}) => window.page.evaluate(async ([name, given]) => {
  (await import('/core/places.js')).go(name, given);
}, [screen, values]);
const path = (id = meeting) => `circles/${circle}/meetings/${id}`;
const fieldOf = (window) => window.page.locator('.minutes textarea');
const value = (window) => fieldOf(window).inputValue();
const isSaved = (window) => window.page.locator('.minutes-state.saved').count();

/** All fields show one text, said to be saved; that text. */
const settled = (check = () => true, seconds = 60) =>
  until('all show one text, saved', seconds, async () => {
    const texts = await Promise.all(windows.map(value));
    const saved = await Promise.all(windows.map(isSaved));
    return texts.every((one) => one === texts[0]) && saved.every(Boolean) && check(texts[0]) &&
      { text: texts[0] };
  });
const caret = (window, at) => fieldOf(window).evaluate((field, place) => {
  field.focus();
  field.setSelectionRange(place, place);
}, at);
const count = (text) => {
  const all = new Map();
  for (const letter of text) all.set(letter, (all.get(letter) ?? 0) + 1);
  return all;
};

/** Each types at her own rate; what came of it. */
async function typeTogether(texts) {
  const begin = Date.now();
  await Promise.all(windows.map(async (window, who) => {
    for (const [at, letter] of texts[who].entries()) {
      await sleep(Math.max(0, begin + at * (1000 / RATE) - Date.now()));
      await window.page.keyboard.insertText(letter);
    }
  }));
}

async function together(language) {
  const [ines, nadia] = windows;
  const step = (what, run) => test(`${language}: ${what}`, run);
  await step('three open the minutes and see one text', async () => {
    const body = { title: 'Ce soir', starts: '2031-03-06T19:30', keep: 'kept' };
    meeting = (await ask(people[0], 'POST', `circles/${circle}/meetings`, { body })).id;
    for (const [at, window] of windows.entries()) {
      await until('it came', 30, () => ask(people[at], 'GET', path()).catch(() => null));
      await go(window, 'minutes', { id: meeting });
      await window.sees(fieldOf(window));
    }
    await caret(ines, 0);
    await ines.page.keyboard.type('## Tour\nOn parle à trois.');
    await settled((text) => text === '## Tour\nOn parle à trois.');
  });
  await step('what is pressed beside the field stays where it is while that is saved', async () => {
    await ines.page.evaluate(() => {
      const tools = document.querySelector('.minutes-tools');
      globalThis.seen = {}; // where they are, by what is said of the state
      const look = () => {
        const said = document.querySelector('.minutes-state')?.className;
        globalThis.seen[said] = Math.round(tools.getBoundingClientRect().top + scrollY);
      };
      new MutationObserver(look).observe(document.querySelector('.minutes'),
        { subtree: true, childList: true, attributes: true, characterData: true });
    });
    await ines.page.keyboard.type('!');
    await ines.page.keyboard.press('Backspace');
    await settled((text) => text === '## Tour\nOn parle à trois.');
    const { 'minutes-state saving': saving, 'minutes-state saved': saved } =
      await ines.page.evaluate(() => globalThis.seen);
    assert.ok(saving > 0 && saved > 0);
    assert.equal(saving, saved);
  });
  await step('who else writes is said, and under which heading; not who has left', async () => {
    await caret(ines, 9);
    await ines.page.keyboard.type('!');
    const says = nadia.t('minutes.writesUnder', { name: 'Inès', heading: 'Tour' });
    await nadia.sees(nadia.text(says));
    await ines.page.keyboard.press('Backspace');
    await fieldOf(ines).blur();
    await until('she is not named any more', 20, async () =>
      await nadia.page.locator('.writers li').count() === 0);
    await settled((text) => text === '## Tour\nOn parle à trois.');
  });
  const letters = SECONDS * RATE;
  const texts = ['abcdefghij', 'KLMNOPQRST', '\u{1F600}\u{1F603}é0123-45'].map((alphabet) => {
    const all = [...alphabet];
    return Array.from({ length: letters }, (_, at) => all[at % all.length]);
  });
  await step(`${RATE} letters a second of each, ${SECONDS} s, in one paragraph`, async () => {
    const before = await value(ines);
    for (const [at, place] of [11, 11, 14].entries()) await caret(windows[at], place);
    await typeTogether(texts);
    const { text } = await settled();
    assert.deepEqual([...count(text)].sort(), [...count(before + texts.flat().join(''))].sort());
    for (const one of texts) assert.ok(text.includes(one.join('')), 'words are torn apart');
    for (const person of people) {
      const { minutes } = await ask(person, 'GET', path());
      assert.equal(minutes, text);
    }
  });
  await step('undo takes back one\'s own and nothing of the others; redo brings it', async () => {
    const before = await value(ines);
    await caret(ines, 0);
    for (let times = 0; times < 3; times++) await ines.page.keyboard.press('Control+z');
    const { text } = await settled((now) => now.length < before.length);
    for (const one of texts.slice(1)) assert.ok(text.includes(one.join('')));
    for (let times = 0; times < 3; times++) await ines.page.keyboard.press('Control+Shift+z');
    await settled((now) => now === before);
  });
}

async function accidents() {
  const [ines, nadia] = windows;
  await test('a node that does not answer: what is typed stays and is saved later', async () => {
    people[0].process.kill('SIGSTOP');
    await caret(ines, 0);
    await ines.page.keyboard.type('Avant. ');
    await caret(nadia, (await value(nadia)).length);
    await nadia.page.keyboard.type(' After.');
    await sleep(2000);
    assert.equal(await isSaved(ines), 0);
    people[0].process.kill('SIGCONT');
    await settled((text) => text.startsWith('Avant. ') && text.endsWith(' After.'));
  });
  await test('an answer that is lost: each letter is there once', async () => {
    let lost = 0;
    await ines.page.route('**/minutes/edits', async (route) => {
      if (lost++ < 3) {
        await route.fetch().catch(() => {});
        await route.abort();
      } else await route.continue();
    });
    await caret(ines, 0);
    const begin = await value(ines);
    await ines.page.keyboard.type('Perdu, retrouvé. ', { delay: 60 });
    await settled((text) => text === `Perdu, retrouvé. ${begin}`);
    assert.ok(lost >= 3);
    await ines.page.unroute('**/minutes/edits');
    const edits = /\/minutes\/edits: net::ERR_FAILED$|net::ERR_FAILED \(.*\/minutes\/edits\)$/;
    assert.ok(ines.forgive(edits) >= 3, 'none was lost');
  });
  await test('letters that are composed come once; others write meanwhile', async () => {
    const input = await ines.context.newCDPSession(ines.page);
    const compose = (text) => input.send('Input.imeSetComposition',
      { text, selectionStart: text.length, selectionEnd: text.length });
    const JAPANESE = '日本語';
    await caret(ines, 0);
    const begin = await value(ines);
    for (const text of ['´', 'n', 'ni', 'nih', 'niho']) await compose(text);
    await caret(nadia, (await value(nadia)).length);
    await nadia.page.keyboard.type(' Meanwhile.');
    await sleep(1500); // hers is there while he has not chosen yet
    await compose('nihong');
    await input.send('Input.insertText', { text: JAPANESE });
    await ines.page.keyboard.type('é ');
    await settled((text) => text === `${JAPANESE}é ${begin} Meanwhile.`);
    await compose('x'); // begun, and let go of
    await compose('');
    await settled((text) => text === `${JAPANESE}é ${begin} Meanwhile.`);
    await caret(ines, 0);
    await ines.page.keyboard.press('Control+z');
    await settled((text) => text.endsWith(`${begin} Meanwhile.`) && !text.includes('é '));
    await ines.page.keyboard.press('Control+Shift+z');
    await settled((text) => text === `${JAPANESE}é ${begin} Meanwhile.`);
  });
  await test('control characters from a paste are left out; the rest is saved', async () => {
    await caret(ines, 0);
    await ines.page.keyboard.insertText('a\u0007b\u0085c ');
    await settled((text) => text.startsWith('abc 日本語é Perdu'));
  });
}

try {
  browser = await Browser.start();
  await startPeople(NAMES, { made: (person) => people.push(person) });
  circle = await found(people, { name: 'Cercle du jeudi' });
  for (const [language, other] of [['fr', 'en'], ['en', 'fr']]) {
    for (const [at, person] of people.entries()) {
      windows.push(await browser.open(person,
        { view: at === 0 ? 'phone' : 'laptop', language: at === 1 ? other : language }));
    }
    await together(language);
    if (language === 'fr') await accidents();
    await test(`${language}: nothing went elsewhere, no error in the console`, () => {
      assert.deepEqual(windows.flatMap((window) => window.complaints()), []);
    });
    for (const window of windows.splice(0)) await window.close();
  }
} finally {
  await browser?.close();
  for (const person of people) person.process?.kill('SIGCONT');
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
