// A meeting held on three pages, in each language: two phones and a laptop. It is opened, the
// agreement is assented to, rounds with a pass and a raised hand, the word handed over, a quiet
// sign, somebody without a device, a break, the closing. All screens show the same times.
//   node tests/e2e/page/page-live.mjs
import { ask } from '../lib/api.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { sleep, until } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';
import { agree, found, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const AGREE_MS = 300;
const SHOWN_MS = 2000; // a press on one page is seen on the others; the machine may be busy
const assert = (holds, what) => { if (!holds) throw new Error(what); };
const today = () => {
  const at = new Date(), two = (number) => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

const made = [];
let browser, circle;
const people = await startPeople(['Inès', 'Nadia', 'Lou'], { made: (one) => made.push(one) });
const [ines, nadia] = people;

/** What stands under the circle, of each page. */
const words = (window) => window.page.locator('.turn-words').innerText();
const inDialog = (window, key, values) =>
  window.page.locator('dialog').getByText(window.t(key, values), { exact: true });

/** Waits until a page says it; how long that took. */
async function says(window, key, values = {}) {
  const begin = performance.now();
  const wanted = window.t(key, values);
  await until(`${window.person.name} reads “${wanted}”`, 20, async () =>
    (await words(window)) === wanted).catch(async (error) => {
    throw new Error(`${error.message}, but “${await words(window)}”`);
  });
  return performance.now() - begin;
}

/** Only keys: Tab until what the locator names has the focus, then Enter. */
async function byKeys(window, locator, key = 'Enter') {
  for (let presses = 0; presses < 80; presses++) {
    if (await locator.evaluate((one) => one === document.activeElement)) {
      if (key) await window.page.keyboard.press(key);
      return;
    }
    await window.page.keyboard.press('Tab');
  }
  throw new Error(`no Tab reaches ${locator}`);
}

/** When each page's time of the turn became which text: {text: ms}. */
async function secondsOf(window, milliseconds) {
  return window.page.evaluate(async (wait) => {
    const place = document.querySelector('.circle-time'), seen = {};
    const note = () => { seen[place.textContent] ??= performance.timeOrigin + performance.now(); };
    const observer = new MutationObserver(note);
    observer.observe(place, { childList: true, characterData: true, subtree: true });
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    observer.disconnect();
    return seen;
  }, milliseconds);
}

async function evening(language) {
  const meeting = (await ask(ines, 'POST', `circles/${circle}/meetings`, {
    body: { format: 'talking-circle', starts: `${today()}T19:30` },
    headers: { 'Accept-Language': language },
  })).id;
  await agree(people, circle);
  const all = [];
  for (const [at, view] of ['phone', 'narrow', 'laptop'].entries())
    all.push(await browser.open(people[at], { view, language }));
  const [i, n, l] = all;
  let isStopped = false; // each step goes on from the one before
  const step = (what, run) => test(`${language}: ${what}`, async () => {
    assert(!isStopped, 'the step before failed');
    isStopped = true;
    await run();
    isStopped = false;
  });
  const live = (person = ines) => ask(person, 'GET', `circles/${circle}/meetings/${meeting}/live`);

  await step('one presses “we are here now”, the others enter; the agreement', async () => {
    await i.press('home.weAreHere');
    for (const one of [n, l]) {
      await one.sees(one.button('home.enter'), 30000);
      await one.press('home.enter');
    }
    for (const one of all) {
      if (language === LANGUAGES[0]) { // once assented to, it is asked no more
        await one.sees(one.heading('live.agreement'));
        await one.press('live.assent');
      }
      if (one !== i) await one.press('live.arrive');
    }
    await until('all three sit in the circle of each', 20, async () => (await Promise.all(
      all.map((one) => one.page.locator('.circle-dot').count()))).every((count) => count === 3));
  });

  await step('a round: spoken, passed by keys alone, asked again', async () => {
    await i.press('live.lead');
    await inDialog(i, 'live.firstPart').click();
    await i.press('live.startRound');
    await says(i, 'live.toYouThen', { next: 'Nadia' });
    await says(l, 'live.turnThen', { name: 'Inès', next: 'Nadia' });
    await i.press('live.done');
    await byKeys(n, n.button('live.pass'));
    const shown = Math.max(...await Promise.all([says(l, 'live.toYou'),
      says(i, 'live.turn', { name: 'Lou' })]));
    assert(shown < SHOWN_MS, `a pass was shown after ${Math.round(shown)} ms`);
    await l.press('live.done');
    for (const one of all) await says(one, 'live.roundOver');
    await i.press('live.askAgain', { names: 'Nadia' });
    await says(n, 'live.toYou');
    await n.press('live.done');
    await says(l, 'live.roundOver');
  });

  await step('a second round: a hand, and the word handed over to it', async () => {
    await i.press('live.lead');
    await inDialog(i, 'live.startRound').click();
    await says(i, 'live.toYouThen', { next: 'Nadia' });
    await l.press('live.hand');
    await i.sees(i.text(i.t('live.hands', { names: 'Lou' })));
    await i.press('live.handOverShort');
    await inDialog(i, 'live.handUp').click();
    await says(l, 'live.toYouThen', { next: 'Nadia' });
    await byKeys(l, l.button('live.done'));
    await says(n, 'live.toYou');
  });

  await step('a quiet sign reaches who facilitates, and nobody else', async () => {
    await n.press('live.signal');
    await n.sees(n.text(n.t('live.signalFor', { names: 'Inès' })));
    await n.fill('live.signalText', 'près de la fenêtre');
    await inDialog(n, 'live.signals.slower').click();
    await n.sees(n.text(n.t('live.signalSent')));
    await n.press('live.signalBack');
    await i.sees(i.page.locator('.signal').getByText('près de la fenêtre'));
    await agree(people, circle);
    assert(await l.page.locator('.signal').count() === 0, 'another one sees it');
    await i.press('live.seenOf', { name: 'Nadia' });
    await i.page.locator('.signal').waitFor({ state: 'detached' });
  });

  await step('somebody without a device takes a seat and has her turn', async () => {
    await i.press('live.lead');
    await inDialog(i, 'live.arrives').click();
    await i.fill('live.seat', 'Awa');
    await i.press('live.seatAdd');
    await until('she sits in each circle', 20, async () => (await Promise.all(
      all.map((one) => one.page.locator('.circle-dot.seat').count()))).every((one) => one === 1));
    await n.press('live.done');
    await says(l, 'live.turn', { name: 'Awa' }); // the last of the round: she came in the middle
    await sleep(600); // a press right after another turn's end is not taken for hers
    await l.press('live.doneOf', { name: 'Awa' });
    await says(i, 'live.roundOver');
    assert((await live()).not_heard.length === 0, 'all were heard');
  });

  await step('a break stops the times, on every screen', async () => {
    await l.press('live.lead');
    await inDialog(l, 'live.pause').click();
    for (const one of all) await says(one, 'live.isPaused');
    const time = i.page.locator('.top-title .number');
    const before = await time.innerText();
    await sleep(2500);
    assert(await time.innerText() === before, 'time went on in the break');
    await i.press('live.resume');
    await says(n, 'live.roundOver');
  });

  await step(`all pages show the same time within ${AGREE_MS} ms`, async () => {
    await l.page.locator('.people').getByText('Nadia', { exact: true }).click();
    await inDialog(l, 'live.giveTo', { name: 'Nadia' }).click();
    for (const one of [i, l]) await says(one, 'live.turn', { name: 'Nadia' });
    await says(n, 'live.toYou');
    await sleep(1000);
    const seen = await Promise.all(all.map((one) => secondsOf(one, 6500)));
    const common = Object.keys(seen[0]).filter((text) => seen.every((one) => one[text]));
    assert(common.length >= 4, `only ${common.length} seconds were shown by all`);
    const apart = Math.max(...common.map((text) => {
      const times = seen.map((one) => one[text]);
      return Math.max(...times) - Math.min(...times);
    }));
    console.log(`     the seconds of three pages change within ${Math.round(apart)} ms`);
    assert(apart <= AGREE_MS, `${Math.round(apart)} ms apart`);
    await n.press('live.done');
  });

  await step('a screen for all, and one without words', async () => {
    await l.press('live.lead');
    await inDialog(l, 'live.common').click();
    await l.sees(l.page.locator('.common'));
    await l.press('live.commonLeave');
    await l.sees(l.page.locator('.deck'));
    await n.press('live.quiet');
    await n.sees(n.page.locator('.live-quiet'));
    const shown = await n.page.locator('main').innerText();
    assert(!/\p{L}{3}/u.test(shown.replace(n.t('live.roundOver'), '')), `words: ${shown}`);
    await n.press('live.quietLeave');
    await n.sees(n.page.locator('.turn-words'));
  });

  await closing({ i, n, l, all, meeting, step, live });
  await step('no page complained', () => {
    const complaints = all.flatMap((one) => one.complaints());
    assert(complaints.length === 0, complaints.join('\n'));
  });
  for (const one of all) await one.close();
}

async function closing({ i, n, l, all, meeting, step, live }) {
  const write = (person, records, body) =>
    ask(person, 'POST', `circles/${circle}/${records}`, { body: { meeting, ...body } });
  const tray = (window, name) =>
    window.page.getByRole('region', { name: window.t(`closing.layers.${name}`), exact: true });
  await write(ines, 'shares', { text: 'Ce que je laisse ici', keep: 'closing' });
  await write(nadia, 'shares', { text: 'Ce que je garde', keep: 'closing' });
  await write(ines, 'decisions', { text: 'La prochaine fois chez Lou', keep: 'kept' });
  await agree(people, circle);

  await step('closing: a last round is proposed; each moves her own, by keys', async () => {
    await i.press('live.lead');
    await inDialog(i, 'live.finish').click();
    await i.press('closing.checkOutStart');
    await says(i, 'live.toYouThen', { next: 'Nadia' });
    for (const one of all) {
      await one.press('live.lead');
      await inDialog(one, 'live.finish').click();
      await one.sees(tray(one, 'closing').getByText('Ce que je laisse ici', { exact: true }));
    }
    assert(await tray(n, 'closing').locator('select').count() === 1, 'hers alone can be moved');
    await byKeys(n, n.field('closing.move', { title: 'Ce que je garde' }), null);
    await n.page.keyboard.press('ArrowDown'); // one month
    await n.sees(tray(n, 'months').getByText('Ce que je garde', { exact: true }));
    await i.sees(tray(i, 'months').getByText('Ce que je garde', { exact: true }));
    assert(await l.page.locator('.tray select').count() === 1,
      'who wrote nothing moves but the evening itself');
  });

  await step('who facilitates closes: what goes is gone everywhere, and it is said', async () => {
    await i.press('closing.close');
    await i.page.locator('dialog').getByRole('button', { name: i.t('closing.closeAndErase') })
      .click();
    await i.sees(i.text(i.t('closing.isClosed')));
    for (const one of all) {
      await one.sees(one.text(one.t('closing.isClosed')));
      await tray(one, 'closing').getByText('Ce que je laisse ici', { exact: true })
        .waitFor({ state: 'detached' });
      await one.sees(tray(one, 'kept').getByText('La prochaine fois chez Lou', { exact: true }));
    }
    await i.sees(i.text(i.t('closing.erasedBy', { names: 'Inès' }).replace(/\.$/, '')));
    assert((await live()).state === 'closed', 'it is closed');
  });
}

try {
  browser = await Browser.start();
  circle = await found(people, { name: 'Jeudi' });
  for (const language of LANGUAGES) await evening(language);
} finally {
  await browser?.close();
  for (const person of made) {
    await person.stop();
    person.destroy();
  }
}
finish();
