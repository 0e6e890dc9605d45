// Planning and deciding from the page: a meeting that repeats, an answer to a date of it, two
// places at once, cancelling; what was decided and who does what; reading it later; calendar files.
// In both languages at both widths: who plans has one of the four, who answers the opposite.
//   node tests/e2e/page/page-plan.mjs [fr|en] [phone|laptop]
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ask } from '../lib/api.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { sleep, until } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';
import { found, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const wanted = process.argv.slice(2);
const people = [];
let browser;

const go = (window, screen, values = {}) => window.page.evaluate(async ([name, given]) => {
  (await import('/core/places.js')).go(name, given);
}, [screen, values]);
const screenOf = (window) => window.page.evaluate(async () =>
  (await import('/core/places.js')).here().screen);
/** A date as the window's language says it, as in "10 avril" and "April 10". */
const said = (window, date, form = { day: 'numeric', month: 'long' }) => new RegExp(
  new Intl.DateTimeFormat(window.language, form).format(new Date(`${date}T12:00`)));
const says = (window, key, values) => window.sees(window.text(window.t(key, values)));

/** Of one circle: its paths, and its meetings as a person's node has them. */
const circleOf = (circle) => ({
  path: (id) => `circles/${circle}/meetings/${id}`,
  meetings: async (person, query = '') =>
    (await ask(person, 'GET', `circles/${circle}/meetings${query}`)).meetings,
  gather: (person) => ask(person, 'POST', `circles/${circle}/gather`, { body: { seconds: 3600 } }),
});

/** It has reached her node. */
const came = (person, path) =>
  until(`it came to ${person.name}`, 60, () => ask(person, 'GET', path).catch(() => null));

async function planning({ step, of, windows: [one, other] }) {
  const [ines, nadia] = people;
  let series;
  await step('what is missing or too long is said at its field', async () => {
    await go(one, 'plan');
    await one.fill('plan.date', '');
    await one.press('plan.make');
    await says(one, 'plan.dateMissing');
    assert.equal(await one.field('plan.date').getAttribute('aria-invalid'), 'true');
    await one.fill('plan.date', '2031-03-13');
    await one.fill('plan.place', 'x'.repeat(501));
    await one.press('plan.make');
    await until('the place is refused', 15, async () =>
      await one.field('plan.place').getAttribute('aria-invalid') === 'true');
    assert.equal(one.forgive(/^refused: POST circles\/\w+\/meetings: 400$/), 1);
  });

  await step('the second Thursday of each month, with a format', async () => {
    const day = said(one, '2031-03-13', { weekday: 'long' }).source;
    await one.fill('plan.place', 'Chez Inès');
    await one.field('plan.repeatsLabel').selectOption(
      { label: one.t('plan.repeats.monthly', { nth: one.t('plan.nth.2'), day }) });
    await one.press('plan.make');
    await one.sees(one.text('Chez Inès'));
    const [meeting] = await of.meetings(ines);
    series = meeting.id;
    assert.equal(meeting.recurrence, 'FREQ=MONTHLY;BYDAY=2TH');
    assert.equal(meeting.format, 'talking-circle');
    assert.ok(meeting.parts.length > 3);
  });

  await step('answering a date of it: it becomes a meeting of its own', async () => {
    await came(nadia, of.path(series));
    await go(other, 'meetings');
    await other.page.getByRole('button', { name: said(other, '2031-04-10') }).click();
    await other.field('replies.coming').check();
    await other.fill('meeting.brings', 'cushions');
    const own = await until('it is taken', 20, async () =>
      (await of.meetings(nadia, `?series=${series}`))[0]);
    assert.equal(own.starts, '2031-04-10T19:30');
    await says(other, 'meeting.whoComes'); // said of meetings of their own
    assert.equal(await other.field('meeting.brings').inputValue(), 'cushions', 'it is lost');
    await other.press('meeting.note');
    await says(other, 'meeting.bringsWhat', { what: 'cushions' });
  });

  await step('a date of it is opened: it is that one that goes on', async () => {
    await go(other, 'meetings');
    await other.page.getByRole('button', { name: said(other, '2031-05-08') }).click();
    await other.press('home.weAreHere');
    await until('she is led there', 20, async () => await screenOf(other) === 'live');
    await sleep(1000); // what comes after the answers does not lead away from there
    assert.equal(await screenOf(other), 'live');
    const open = await until('it is open', 20, async () =>
      (await of.meetings(nadia, `?series=${series}`)).find((each) => each.state === 'open'));
    assert.equal(open.starts, '2031-05-08T19:30');
    await ask(nadia, 'PATCH', of.path(open.id), { body: { state: 'cancelled' } });
    await go(other, 'home');
  });

  await step('two wrote the place at once: who wrote what, and one is chosen', async () => {
    await ask(nadia, 'POST', 'away', { body: {} });
    await until('she is alone', 20, async () =>
      (await ask(nadia, 'GET', 'status')).connections === 0);
    for (const [at, place] of ['Chez Lou', 'Au parc'].entries())
      await ask(people[at], 'PATCH', of.path(series), { body: { place } });
    await of.gather(nadia);
    await go(one, 'meeting', { id: series });
    const wrote = one.t('conflicts.wrote', { name: 'Nadia', value: 'Au parc' });
    const line = one.page.getByRole('listitem').filter({ hasText: wrote });
    await one.sees(line, 60000);
    await line.getByRole('button', { name: one.t('conflicts.keep'), exact: true }).click();
    await until('one is left', 20, async () => {
      const { place, conflicts } = await ask(ines, 'GET', of.path(series));
      return place === 'Au parc' && !conflicts?.place;
    });
    await line.waitFor({ state: 'detached' });
  });

  await step('cancelled and not: it is said, nothing is lost', async () => {
    await go(one, 'meeting', { id: series });
    await one.press('meeting.cancel');
    await one.press('meeting.cancelAll');
    await says(one, 'meetings.cancelled');
    await one.press('meeting.uncancel');
    await one.sees(one.button('meeting.cancel'));
  });
}

async function deciding({ step, of, circle, windows: [one, other] }) {
  const [ines, nadia] = people;
  let id;
  await step('a decision and who does what, begun from the line; the others see them', async () => {
    const body = { title: 'Ce soir', starts: '2031-03-06T19:30', keep: 'kept' };
    ({ id } = await ask(ines, 'POST', `circles/${circle}/meetings`, { body }));
    await came(nadia, of.path(id));
    for (const window of [one, other]) await go(window, 'minutes', { id });
    const text = one.page.locator('.minutes textarea');
    await text.click();
    await one.page.keyboard.type('On parle.');
    const press = (key) =>
      one.page.getByRole('button', { name: one.t(key) }).first().click();
    await press('decisions.addDecision');
    await one.fill('decisions.what', 'On commence à l’heure.');
    await one.press('decisions.add');
    await press('decisions.addCommitment');
    await one.field('decisions.who').selectOption({ label: 'Nadia' });
    await one.fill('decisions.does', 'apporte la clé');
    await one.press('decisions.add');
    await other.sees(other.text('On commence à l’heure.'));
    await other.sees(other.text('apporte la clé'));
    await other.press('decisions.done');
    await other.sees(other.button('decisions.reopen'));
    await until('the first has it', 30, () => one.button('decisions.reopen').isVisible());
  });

  await step('read later: headings, decisions, what was promised', async () => {
    await ask(ines, 'PATCH', of.path(id), { body: { state: 'closed', minutes:
      '## Tour\nOn a parlé.\n- un\n- deux' } });
    await go(one, 'meeting', { id });
    await one.sees(one.page.getByRole('heading', { name: 'Tour', exact: true }));
    assert.deepEqual(await one.page.locator('.read li').allTextContents(), ['un', 'deux']);
    await one.sees(one.text('On commence à l’heure.'));
    await says(one, 'decisions.done');
  });
}

async function files({ step, windows: [one, other] }) {
  let text;
  await step('a calendar file out, after what it means was said, with the passphrase', async () => {
    await go(one, 'meetings');
    await one.press('meetings.keep');
    await says(one, 'meetings.keepPlain');
    await one.fill('common.passphraseAgain', people[0].passphrase);
    const [download] = await Promise.all([one.page.waitForEvent('download'),
      one.press('meetings.keepYes')]);
    text = readFileSync(await download.path(), 'utf8');
    assert.match(text, /^BEGIN:VCALENDAR\r\n/);
    assert.doesNotMatch(text, /Nadia|parlé|Cercle du jeudi/);
  });

  await step('a calendar file in: what is here stays, what is new is added', async () => {
    const event = 'BEGIN:VEVENT\r\nUID:one@test\r\nDTSTART:20310401T180000\r\n' +
      'SUMMARY:Fête\r\nEND:VEVENT\r\nEND:VCALENDAR';
    await go(other, 'meetings');
    await other.press('meetings.take');
    await other.page.locator('input[type=file]').setInputFiles({ name: 'a.ics',
      mimeType: 'text/calendar', buffer: Buffer.from(text.replace('END:VCALENDAR', event)) });
    await other.press('meetings.takeYes');
    await says(other, 'meetings.taken', { count: 1 });
    await other.sees(other.text('Fête'));
  });
}

async function together(language, view) {
  const name = `Cercle du jeudi ${language} ${view}`;
  const circle = await found(people, { name });
  const opposite = { language: LANGUAGES.find((one) => one !== language),
    view: view === 'phone' ? 'laptop' : 'phone' };
  const windows = [];
  for (const [at, given] of [{ language, view }, opposite].entries()) {
    const window = await browser.open(people[at], given);
    windows.push(window);
    await window.page.evaluate(async (id) => {
      (await import('/core/places.js')).begin('home', { circle: id });
    }, circle);
    await window.sees(window.page.getByRole('heading', { name, exact: true }));
  }
  const step = (what, run) => test(`${language}, ${view}: ${what}`, run);
  const given = { step, of: circleOf(circle), circle, windows };
  for (const journey of [planning, deciding, files]) await journey(given);
  await step('nothing went elsewhere, no error in the console', () => {
    assert.deepEqual(windows.flatMap((window) => window.complaints()), []);
  });
  for (const window of windows) await window.close();
}

try {
  browser = await Browser.start();
  await startPeople(['Inès', 'Nadia'], { made: (person) => people.push(person) });
  for (const language of LANGUAGES) {
    for (const view of ['phone', 'laptop'])
      if (wanted.every((one) => [language, view].includes(one))) await together(language, view);
  }
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
