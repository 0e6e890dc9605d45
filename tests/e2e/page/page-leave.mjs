// Leaving quickly: what is to be seen, how soon, and what is left behind it, also with a node that
// does not answer any more.
//   node tests/e2e/page/page-leave.mjs
import { ask } from '../lib/api.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { sleep, until } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';
import { startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const PICTURE_MS = 100, LOCKED_MS = 1000, OTHERS_MS = 2000;
const CIRCLE = 'Cercle de Mireille';
const equal = (a, b, what) => {
  if (a !== b) throw new Error(`${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);
};
const ok = (holds, what) => { if (!holds) throw new Error(what); };

let browser, people = [], ines;
const isLocked = async () => (await ask(ines, 'GET', 'status')).locked;
const unlock = () => ask(ines, 'POST', 'unlock', { body: { passphrase: ines.passphrase } });

/** A window that shows her circle. */
async function atHome(given = {}) {
  if (!ines.process) await ines.start('--loopback', '--interface', 'lo');
  if (await isLocked()) await unlock();
  const window = await browser.open(ines, given);
  await window.settled();
  await window.sees(window.page.getByText(CIRCLE).first()).catch(async () => {
    throw new Error(`not at home: ${await window.page.content()} ${window.problems}`);
  });
  return window;
}

/** From now on: when the last Shift came up or the button was pressed, when the picture was in the
 * document, and when a frame of it was painted, all by the page's clock. */
const watchPicture = (window) => window.page.evaluate(() => {
  globalThis.picture = new Promise((resolve) => {
    let begun = null;
    for (const kind of ['keyup', 'pointerup']) {
      addEventListener(kind, (event) => { begun = event.timeStamp; }, true);
    }
    new MutationObserver((_, observer) => {
      if (document.getElementById('page')) return;
      observer.disconnect();
      const there = performance.now(); // `begun` may be set a moment after
      requestAnimationFrame(() => setTimeout(() =>
        resolve({ there: there - begun, painted: performance.now() - begun }), 0));
    }).observe(document.body, { childList: true });
    setTimeout(() => resolve({ there: Infinity, painted: Infinity }), 8000);
  });
});

/** Leaves that way, in a new window each time, until a picture was painted in time: a machine that
 * is busy with something else may be late with a frame, but not always. What is in the document
 * is never late. Gives the last window. */
async function leaveInTime(way, given) {
  for (let tries = 1; ; tries++) {
    const window = await atHome(given);
    await watchPicture(window);
    await way(window);
    const { there, painted } = await window.page.evaluate(() => globalThis.picture);
    console.log(`     picture: in the document after ${Math.round(there)} ms, painted after ` +
      `${Math.round(painted)} ms`);
    if (painted < PICTURE_MS) return window;
    if (tries === 4) throw new Error(`the picture was painted after ${painted} ms`);
    await window.close();
    if (ines.process) await until('locked', 10, isLocked);
  }
}

/** The page of recipes and nothing else. */
async function neutral(window, what) {
  const seen = await window.page.evaluate(() => ({ text: document.body.innerText,
    all: document.documentElement.outerHTML, title: document.title,
    heading: document.querySelector('h1')?.textContent }));
  ok(!seen.all.includes('Mireille'), `${what}: the circle's name is still there`);
  ok(!/veill/i.test(seen.all), `${what}: the program's name is there`);
  equal(seen.title, window.t('recipes.title'), `${what}: title`);
  ok(seen.text.length > 1000 && seen.heading, `${what}: no recipes: ${seen.text.slice(0, 80)}`);
}

const shift = async (window, count, wait = 40) => {
  for (let at = 0; at < count; at++) {
    await window.page.keyboard.press('Shift');
    await sleep(wait);
  }
};

const WAYS = {
  'three times Shift': (window) => shift(window, 3),
  'the button': (window) => window.press('bar.leave'),
};

try {
  browser = await Browser.start();
  [ines] = people = await startPeople(['Inès']);
  await ines.json('circle', 'new', CIRCLE, '--as', 'Inès');

  await test('title and icon are those of the recipes from the start, and stay', async () => {
    const window = await atHome();
    const icons = () => window.page.evaluate(() => [document.title,
      ...[...document.querySelectorAll('link[rel~="icon"]')].map((one) => one.href)].join(' '));
    const before = await icons();
    ok(before.startsWith(window.t('recipes.title')), before);
    await ask(ines, 'POST', 'circles', { body: { name: 'Un autre', pseudonym: 'Inès' } })
      .catch(() => {});
    await window.settled();
    equal(await icons(), before, 'after a change');
    await window.close();
  });

  const ways = LANGUAGES.flatMap((language) => ['phone', 'laptop'].flatMap((view) =>
    Object.entries(WAYS).map(([name, way]) => [name, way, { language, view }])));
  for (const [name, way, given] of ways) {
    const what = `picture within ${PICTURE_MS} ms, locked within ${LOCKED_MS} ms`;
    await test(`${given.language}, ${given.view}, ${name}: ${what}`, async () => {
      let begin, locked;
      const window = await leaveInTime(async (one) => {
        begin = performance.now();
        locked = until('locked', 5, isLocked).then(() => performance.now() - begin);
        await way(one);
      }, given);
      locked = await locked;
      console.log(`     locked ${Math.round(locked)} ms after the first press began`);
      ok(locked < LOCKED_MS, `locked after ${locked} ms`);
      await neutral(window, name);
      for (let presses = 1; presses <= 2; presses++) {
        if (window.page.url().startsWith(window.origin)) {
          await window.page.goBack({ waitUntil: 'commit' }).catch(() => {});
          await sleep(200);
          ok(!(await window.page.content()).includes('Mireille'), `back ${presses}`);
        }
      }
      await window.page.goto(`${window.origin}/`).catch(() => {});
      const text = await window.page.evaluate(() => document.documentElement.outerHTML);
      ok(!text.includes('Mireille') && text.length < 500, `loaded again: ${text.slice(0, 200)}`);
      await window.close();
    });
  }

  await test('back and forward after having been on other screens show the recipes', async () => {
    const window = await atHome();
    await window.page.evaluate(async () => {
      const { go } = await import('/core/places.js');
      go('start');
      go('circles');
    });
    await window.settled();
    await shift(window, 3);
    await until('locked', 5, isLocked);
    for (const step of ['goBack', 'goBack', 'goForward']) {
      await window.page[step]({ waitUntil: 'commit', timeout: 2000 }).catch(() => {});
      await sleep(150);
      await neutral(window, step);
    }
    await window.close();
  });

  await test('slowly, with a letter between, or twice: one stays', async () => {
    const window = await atHome();
    await shift(window, 3, 500);
    await sleep(900);
    await shift(window, 2);
    await window.page.keyboard.press('a');
    await shift(window, 1);
    await sleep(900);
    await shift(window, 2);
    await sleep(300);
    ok(!await isLocked(), 'it left');
    ok((await window.page.content()).includes(CIRCLE), 'the circle is not shown any more');
    await window.close();
  });

  await test('other windows leave too: of this browser, and of another one', async () => {
    const window = await atHome();
    const second = await window.beside();
    await second.settled();
    const elsewhere = await atHome();
    await shift(window, 3);
    const begin = performance.now();
    await second.page.waitForFunction(() => !document.getElementById('page'), null,
      { timeout: OTHERS_MS });
    await neutral(second, 'the other window');
    await elsewhere.page.waitForFunction((name) => !document.body.innerText.includes(name),
      CIRCLE, { timeout: OTHERS_MS });
    console.log(`     all of them after ${Math.round(performance.now() - begin)} ms`);
    ok(!(await elsewhere.page.content()).includes('Mireille'), 'another browser still has it');
    await window.close();
    await elsewhere.close();
  });

  await test('a node that hangs: the picture comes as soon; it locks when it goes on', async () => {
    const window = await leaveInTime(async (one) => {
      ines.process.kill('SIGSTOP');
      try {
        await shift(one, 3);
        await one.page.waitForFunction(() => !document.getElementById('page'), null,
          { timeout: 5000 });
        await neutral(one, 'hanging');
      } finally {
        ines.process.kill('SIGCONT');
      }
    });
    await until('locked', 10, isLocked);
    await window.close();
  });

  await test('a node that is gone: the picture comes as soon', async () => {
    const window = await leaveInTime(async (one) => {
      await ines.kill();
      await one.press('bar.leave');
    });
    await sleep(1500);
    await neutral(window, 'gone');
    await window.close();
  });
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
