// What somebody does with her own device: its looks, its language, locking, the passphrase, the end
// of it all. In both languages, each at one width.
//   node tests/e2e/page/page-alone.mjs [fr|en]
import assert from 'node:assert/strict';
import { ask } from '../lib/api.mjs';
import { faults } from '../lib/audit.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { dialog, inDialog, says, steps } from '../lib/journey.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { until } from '../lib/person.mjs';
import { finish } from '../lib/report.mjs';
import { startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const wanted = process.argv.slice(2);
const made = [];
const TOO_LONG = 'x'.repeat(2000), REFUSED = /^refused: POST circles\/\w+\/shares: 400$/;
let browser;

async function whole(window, data) {
  await window.settled();
  assert.deepEqual(await faults(window, data), []);
}

async function alone(language, view) {
  const step = steps(`${language}, ${view}`);
  const [zoe] = await startPeople(['Zoé'], { made: (person) => made.push(person) });
  await ask(zoe, 'POST', 'circles',
    { body: { name: 'À moi', pseudonym: 'Zoé', private: true } });
  const w = await browser.open(zoe, { language, view, plain: true });
  const other = LANGUAGES.find((one) => one !== language);
  const pick = (key, option) => w.page.getByRole('group', { name: w.t(key) })
    .getByLabel(w.t(option), { exact: true }).check();
  const root = (name) => w.page.evaluate((one) => document.documentElement.dataset[one], name);
  const size = () => w.page.evaluate(() =>
    parseFloat(getComputedStyle(document.querySelector('main p, main label')).fontSize));
  const preferences = () => ask(zoe, 'GET', 'preferences');
  const toSettings = async () => {
    await w.press('settings.title');
    await w.sees(w.heading('settings.title'));
  };

  await step('colours, larger letters, the quiet screen', async () => {
    await w.settled();
    await toSettings();
    for (const [theme, shown] of [['dark', 'dark'], ['contrast', 'contrast'], ['light', 'light']]) {
      await pick('settings.theme', `settings.themes.${theme}`);
      assert.equal(await root('theme'), shown);
    }
    const before = await size();
    await pick('settings.text', 'settings.texts.large');
    assert.ok(await size() > before * 1.15, `${await size()} px`);
    await pick('settings.text', 'settings.texts.normal');
    await w.page.getByRole('switch', { name: w.t('settings.quiet') }).check();
    assert.equal(await root('quiet'), 'true');
    await w.page.getByRole('switch', { name: w.t('settings.quiet') }).uncheck();
    await until('the vault has it', 15, async () => (await preferences()).theme === 'light');
  });

  /** What the node says in that language of a title that is too long. */
  const refusal = async (one) => {
    const [{ id }] = (await ask(zoe, 'GET', 'circles')).circles;
    const error = await ask(zoe, 'POST', `circles/${id}/shares`, { body: { title: TOO_LONG },
      headers: { 'Accept-Language': one } }).then(() => null, (refused) => refused);
    return JSON.parse(error.message.slice(error.message.indexOf('{'))).message;
  };

  await step('another language: every word changes, what is being typed stays', async () => {
    const second = await w.beside();
    await second.settled();
    await second.press('bar.shares');
    await second.press('shares.write');
    await second.fill('shares.labels.text', 'une phrase pas finie');
    await second.fill('shares.labels.title', TOO_LONG);
    await second.press('shares.send');
    await second.sees(second.text(await refusal(language)));
    assert.equal(second.forgive(REFUSED), 1);
    w.forgive(REFUSED); // the same browser
    await w.page.getByLabel(w.t(`languages.${other}`), { exact: true }).check();
    w.language = other;
    second.language = other;
    await w.sees(w.heading('settings.title'));
    await second.sees(second.button('shares.send'));
    assert.equal(await second.field('shares.labels.text').inputValue(), 'une phrase pas finie');
    await second.sees(second.text(await refusal(other)));
    for (const one of [w, second]) await whole(one, ['À moi', 'Zoé']);
    await w.page.getByLabel(w.t(`languages.${language}`), { exact: true }).check();
    w.language = language;
    await w.sees(w.heading('settings.title'));
    await second.page.close();
    w.pending.clear(); // of what was closed
  });

  const isLocked = async () => (await ask(zoe, 'GET', 'status')).locked;
  const open = async (passphrase) => {
    await w.fill('locked.passphrase', passphrase);
    await w.page.locator('form').getByRole('button').click();
  };
  const lock = async () => {
    await w.press('settings.lock');
    await w.sees(w.field('locked.passphrase'));
    assert.ok(await isLocked(), 'it is not locked');
    assert.ok(!(await w.page.content()).includes('À moi'), 'something is left');
  };
  const shut = async () => { // a wrong one is said, and nothing opens
    await until('it is said', 60, async () =>
      await w.field('locked.passphrase').getAttribute('aria-invalid') === 'true');
    assert.ok(await isLocked(), 'it opened');
    assert.equal(w.forgive(/^refused: POST unlock: 403$/), 1);
    await new Promise((resolve) => { setTimeout(resolve, 1500); }); // it has to wait
  };
  const isHome = () => w.sees(w.page.getByRole('heading', { name: 'À moi', exact: true }), 60000);

  await step('closed; a wrong passphrase, then the right one', async () => {
    await lock();
    await open('une autre phrase de passe');
    await shut();
    await whole(w, []);
    await open(zoe.passphrase);
    await isHome();
  });

  await step('another passphrase: the old one opens no more', async () => {
    await toSettings();
    await w.press('settings.passphrase');
    const change = async (old, first, second) => {
      await w.fill('settings.passphraseOld', old);
      await w.fill('settings.passphraseNew', first);
      await w.fill('welcome.again', second);
      await inDialog(w, 'settings.change').click();
    };
    await change(zoe.passphrase, 'une nouvelle phrase', 'pas la même phrase');
    await w.sees(dialog(w).getByText(w.t('welcome.differ')));
    await change(zoe.passphrase, 'courte', 'courte');
    await w.sees(dialog(w).getByText(w.t('welcome.tooShort', { least: 12 })));
    await whole(w, ['À moi', 'Zoé']);
    await change(zoe.passphrase, 'une nouvelle phrase', 'une nouvelle phrase');
    await says(w, 'settings.passphraseDone');
    await dialog(w).waitFor({ state: 'detached' });
    await lock();
    await open(zoe.passphrase);
    await shut();
    await open('une nouvelle phrase');
    await isHome();
  });

  await step('all is taken away, after the passphrase: the page of recipes is left', async () => {
    await toSettings();
    await w.press('settings.wipe');
    await inDialog(w, 'settings.wipeLook').click();
    await w.sees(dialog(w).getByText(w.t('settings.wipeAlone', { name: 'À moi' })));
    await whole(w, ['À moi', 'Zoé']);
    await w.fill('common.passphraseAgain', 'une nouvelle phrase');
    await inDialog(w, 'settings.wipeYes').click();
    await w.page.waitForFunction(() => !document.getElementById('page'), null, { timeout: 60000 });
    const { title, html } = await w.page.evaluate(() => ({ title: document.title,
      html: document.documentElement.outerHTML }));
    assert.equal(title, w.t('recipes.title'));
    assert.ok(!/veill|À moi|Zoé/i.test(html), 'something is left');
    assert.equal((await ask(zoe, 'GET', 'status')).new, true);
  });

  await step('nothing went elsewhere, no error in the console', () => {
    assert.deepEqual(w.complaints(), []);
  });
  await w.close();
}

try {
  browser = await Browser.start();
  for (const [language, view] of [['fr', 'phone'], ['en', 'laptop']])
    if (wanted.length === 0 || wanted.includes(language)) await alone(language, view);
} finally {
  await browser?.close();
  for (const person of made) await person.stop().catch(() => {});
  for (const person of made) person.destroy();
}
finish();
