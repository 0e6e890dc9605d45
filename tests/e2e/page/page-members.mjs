// What people do with one another from the page, and with their devices and rules: seen here, and
// known on the others' nodes. In both languages, at both widths.
//   node tests/e2e/page/page-members.mjs [fr|en] [phone|laptop]
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../lib/api.mjs';
import { faults } from '../lib/audit.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { dialog, inDialog, says, steps } from '../lib/journey.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { sleep, until } from '../lib/person.mjs';
import { leaveBehind, writesInside, writesOutside } from '../lib/reading.mjs';
import { finish } from '../lib/report.mjs';
import { agree, found, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const HOSTILE = '<img src=x onerror=alert(1)> " OR NEAR( * ) -- \'; é';
const wanted = process.argv.slice(2);
const made = [];
const keep = { made: (person) => made.push(person) };
let browser, people, tablet;

const members = async (person, circle) =>
  (await ask(person, 'GET', `circles/${circle}/members`)).members;
const memberOf = async (person, circle, name) =>
  (await members(person, circle)).find((one) => one.name === name);
/** Until somebody's own node knows it. */
const knows = (person, circle, what, check) =>
  until(`${person.name} knows: ${what}`, 60, async () => check(await members(person, circle)));
const named = (list, name) => list.find((one) => one.name === name);
const sharesOf = async (person, circle) =>
  (await ask(person, 'GET', `circles/${circle}/shares`)).shares.map((one) => one.title);
const share = (person, circle, title) => ask(person, 'POST', `circles/${circle}/shares`,
  { body: { sort: 'experience', title, text: 'Voilà.', keep: 'kept' } });

const has = (person, circle, title) => until(`${person.name} has ${title}`, 60, async () =>
  (await sharesOf(person, circle)).includes(title));

/** Presses what asks first, reads what it means, and says yes. */
async function confirmed(window, [key, values], means, yes = 'member.yes') {
  await window.press(key, values);
  for (const [one, given] of means) {
    await window.sees(dialog(window).getByText(window.t(one, given), { exact: true }));
  }
  await inDialog(window, yes).click();
  await dialog(window).waitFor({ state: 'detached' });
}

async function toMember(window, name) {
  await window.press('bar.members');
  await window.page.locator('li .item').filter({ hasText: name }).first().click();
  await window.sees(window.page.getByRole('heading', { name, exact: true }));
}

async function whole(window, data) {
  await window.settled();
  assert.deepEqual(await faults(window, ['Inès', 'Nadia', 'Lou', ...data]), []);
}

// ---- who is in the circle ----

async function roles({ step, circle, name, windows: [i, n, l] }) {
  const [ines, nadia, lou] = people;

  await step('somebody else confirms who came last', async () => {
    await toMember(n, 'Lou');
    await says(n, 'member.unconfirmed', { name: 'Lou' });
    await confirmed(n, ['member.action.vouch', { name: 'Lou' }],
      [['member.means.vouch', { name: 'Lou' }]]);
    await knows(ines, circle, 'Lou is confirmed', (all) => named(all, 'Lou').confirmed);
    await whole(n, [name]);
  });

  await step('a second facilitator; no more, when another one agrees', async () => {
    await toMember(i, 'Nadia');
    await confirmed(i, ['member.action.promote', { name: 'Nadia' }],
      [['member.means.promote', { name: 'Nadia' }]]);
    await knows(lou, circle, 'Nadia facilitates', (all) =>
      named(all, 'Nadia').role === 'facilitator');
    await confirmed(i, ['member.action.demote', { name: 'Nadia' }], [['member.means.demote']]);
    await says(i, 'member.waits');
    assert.equal((await memberOf(ines, circle, 'Nadia')).role, 'facilitator', 'not by one alone');
    await l.press('bar.members');
    await says(l, 'proposals.demote', { by: 'Inès', name: 'Nadia' });
    await whole(l, [name]);
    await confirmed(l, ['proposals.endorse'], [['member.means.demote']], 'proposals.yes');
    await knows(nadia, circle, 'she facilitates no more', (all) =>
      named(all, 'Nadia').role === 'member');
  });

  await step('hidden for oneself alone, and shown again', async () => {
    await share(lou, circle, 'Un mot de Lou');
    await has(nadia, circle, 'Un mot de Lou');
    await toMember(n, 'Lou');
    await confirmed(n, ['member.action.block', { name: 'Lou' }], [['member.means.block']]);
    await n.press('bar.shares');
    await n.settled();
    assert.equal(await n.page.getByText('Un mot de Lou').count(), 0, 'it is shown');
    assert.equal((await memberOf(nadia, circle, 'Lou')).blocked, true);
    assert.equal((await memberOf(ines, circle, 'Lou')).blocked, false, 'others do not know');
    await has(ines, circle, 'Un mot de Lou');
    await toMember(n, 'Lou');
    await confirmed(n, ['member.action.unblock', { name: 'Lou' }], [['member.means.unblock']]);
    await n.press('bar.shares');
    await n.sees(n.page.getByText('Un mot de Lou').first());
  });

  await step('her own name, line and colour are seen by the others', async () => {
    await toMember(n, 'Nadia');
    await n.fill('member.about', 'Je fais le thé');
    await ask(nadia, 'POST', `circles/${circle}/profiles`, { body: { about: 'D’ailleurs' } });
    await sleep(500);
    await n.settled();
    assert.equal(await n.field('member.about').inputValue(), 'Je fais le thé', 'it is lost');
    await n.press('common.save');
    await says(n, 'common.saved');
    await n.settled();
    const have = (values) => until('the others have it', 60, async () => {
      const { profiles } = await ask(lou, 'GET', `circles/${circle}/profiles`);
      return profiles.some((one) => Object.entries(values).every(([key, value]) =>
        one[key] === value));
    });
    await have({ about: 'Je fais le thé' });
    await n.settled();
    const hue = (number) => n.field('member.hue', { number });
    if (await hue(5).isChecked()) { // the one that follows from her id
      await hue(4).click();
      await until('she has another one', 20, () => hue(4).isChecked());
      await n.settled();
    }
    await hue(5).click();
    await have({ about: 'Je fais le thé', colour: 0x2f6b3c });
  });
}

async function rules({ step, circle, name, windows: [i, n] }) {
  const [ines, nadia] = people;
  const toRules = async (window) => {
    await window.press('bar.members');
    await window.page.getByRole('button', { name: window.t('ways.rules') }).click();
    await window.sees(window.heading('ways.rules'));
    await window.settled();
  };
  const of = () => ask(nadia, 'GET', `circles/${circle}/rules`);

  await step('who facilitates changes the rules, the others read them', async () => {
    await toRules(i);
    await i.page.getByRole('group', { name: i.t('rules.keep_months') })
      .getByLabel(i.t('rules.months', { count: 3 }), { exact: true }).check();
    const count = i.page.getByRole('group', { name: i.t('rules.attendance') })
      .getByLabel(i.t('rules.attendanceIs.count'), { exact: true });
    let stays = null;
    await i.page.route('**/settings', async (route) => { // something older comes in between
      if (route.request().method() !== 'PATCH' || stays !== null) return route.continue();
      await ask(ines, 'PATCH', `circles/${circle}/settings`, { body: { voice_shown: true } });
      await sleep(600);
      stays = await count.isChecked();
      return route.continue();
    });
    await count.check();
    await until('it was sent', 20, () => stays !== null);
    await i.page.unroute('**/settings');
    assert.ok(stays, 'what was chosen is taken back');
    await i.field('rules.topics').fill('repos\ncolère');
    await i.press('common.save');
    await says(i, 'common.saved');
    await i.press('rules.allInTurn');
    await until('Nadia has them', 60, async () => {
      const { keep_months: months, attendance } = await of();
      return months === 3 && attendance === 'count';
    });
    await until('the topics', 60, async () => { // another record: it may come later
      const { topics } = await ask(nadia, 'GET', `circles/${circle}/settings`);
      return [...topics].sort().join() === 'colère,repos';
    });
    await until('the order', 60, async () =>
      (await ask(nadia, 'GET', `circles/${circle}/rotation`)).order.length === 3);
    await whole(i, [name, 'repos', 'colère']);
    await toRules(n);
    await says(n, 'rules.readOnly');
    assert.ok(await n.page.getByLabel(n.t('rules.months', { count: 3 }), { exact: true })
      .isChecked());
    assert.ok(await n.page.getByLabel(n.t('rules.months', { count: 6 }), { exact: true })
      .isDisabled());
    await whole(n, [name]);
  });

  await step('a circle without a name is refused at its field', async () => {
    await i.field('found.name').fill('  ');
    await i.press('common.save');
    await until('it is said', 15, async () =>
      await i.field('found.name').getAttribute('aria-invalid') === 'true');
    assert.equal(i.forgive(/^refused: PATCH circles\/\w+\/settings: 400$/), 1);
    await i.field('found.name').fill(name);
  });
}

// ---- what is written ----

async function writing({ step, circle, name, windows: [i, n, l] }) {
  const [ines, nadia, lou] = people;
  await step('search: found and opened; nothing; a hostile question', async () => {
    await share(ines, circle, 'Un renard dans le jardin');
    await i.press('bar.home');
    await i.press('search.title');
    await i.fill('search.words', 'renar');
    await i.sees(i.page.getByRole('button', { name: /renard/ }));
    await whole(i, [name, 'Un renard dans le jardin',
      'Un \u2068renard\u2069 dans le jardin · Voilà.']);
    await i.page.getByRole('button', { name: /renard/ }).click();
    await i.sees(i.page.getByText('Un renard dans le jardin').first());
    await i.press('common.back');
    await i.fill('search.words', 'hippopotame');
    await says(i, 'search.nothing');
    await i.fill('search.words', HOSTILE);
    await i.settled();
    assert.equal(await i.page.locator('img, [onerror]').count(), 0);
    assert.equal(await i.page.locator('.problem').count(), 0, 'no question is an error');
  });

  await step('taken back: gone on all devices, and that is said', async () => {
    await share(lou, circle, 'À reprendre');
    await has(nadia, circle, 'À reprendre');
    await l.press('bar.shares');
    await l.page.getByRole('button', { name: /À reprendre/ }).click();
    // The event of the erasure comes before its answer: nothing is asked for once more.
    await l.page.evaluate((milliseconds) => {
      const { fetch } = globalThis;
      globalThis.fetch = async (path, how) => {
        const answer = await fetch(path, how);
        if (how?.method === 'DELETE') {
          globalThis.fetch = fetch;
          await new Promise((resolve) => { setTimeout(resolve, milliseconds); });
        }
        return answer;
      };
    }, 700);
    await confirmed(l, ['shares.takeBack'], [['shares.takeBackMeans']], 'shares.takeBack');
    await until('gone at Nadia', 60, async () =>
      !(await sharesOf(nadia, circle)).includes('À reprendre'));
    await l.page.waitForFunction(async () =>
      (await import('/core/places.js')).here().screen === 'shares');
    await i.press('bar.members');
    await i.page.getByRole('button', { name: i.t('ways.kept') }).click();
    await says(i, 'kept.erasedBy', { name: 'Lou' });
    await says(i, 'kept.nothingDue');
    await i.sees(i.text(i.t('kept.layers.months', { count: 3 })));
    await whole(i, [name]);
  });

  await step('a stick for who was away: out after the passphrase, in by a file', async () => {
    await ask(lou, 'POST', 'away', { body: {} });
    await share(ines, circle, 'Pendant que Lou était loin');
    await i.press('kept.stick');
    await i.press('stick.make');
    await says(i, 'stick.means');
    await i.fill('common.passphraseAgain', ines.passphrase);
    const saved = i.page.waitForEvent('download', { timeout: 60000 });
    await inDialog(i, 'stick.make').click();
    const file = join(browser.folder, `${circle.slice(0, 8)}.bin`);
    await (await saved).saveAs(file);
    await says(i, 'stick.written');
    await whole(i, [name]);
    assert.ok(!(await sharesOf(lou, circle)).includes('Pendant que Lou était loin'));
    await l.press('bar.members');
    await l.page.getByRole('button', { name: l.t('ways.kept') }).click();
    await l.press('kept.stick');
    await l.page.locator('input[type=file]').setInputFiles(file);
    await has(lou, circle, 'Pendant que Lou était loin');
    await l.sees(l.page.getByRole('status').getByText(/\p{L}/u));
    await l.page.locator('input[type=file]').setInputFiles({ name: 'x', mimeType: 'x/x',
      buffer: Buffer.from('rien de tel') });
    await l.sees(l.page.locator('.notice.problem'));
    assert.equal(l.forgive(/^refused: POST bundle\/data: 409$/), 1);
    await whole(l, [name]);
    rmSync(file);
    await ask(lou, 'POST', `circles/${circle}/gather`, { body: { seconds: 3600 } });
    await agree(people, circle);
  });
}

// ---- devices, and who goes ----

async function devices({ step, circle, name, windows: [i] }) {
  const [ines, nadia] = people;
  let t;
  await step('another device of hers, after the passphrase; and out again', async () => {
    await toMember(i, 'Inès');
    await i.press('member.myDevices');
    await i.press('devices.add');
    await says(i, 'devices.addMeans');
    await i.fill('common.passphraseAgain', 'pas du tout celle-là');
    await inDialog(i, 'devices.add').click();
    await i.sees(dialog(i).locator('.notice.problem'));
    assert.equal(i.forgive(/^refused: POST circles\/\w+\/devices\/add: 403$/), 1);
    await new Promise((resolve) => { setTimeout(resolve, 1500); }); // it has to wait
    await i.fill('common.passphraseAgain', ines.passphrase);
    await inDialog(i, 'devices.add').click();
    await i.sees(i.page.locator('.code'), 60000);
    const code = await i.page.evaluate(() => [document.querySelector('.code-number'),
      ...document.querySelectorAll('.code-words li')].map((one) => one.textContent.trim()));
    await whole(i, [name, ...code]);
    t = await browser.open(tablet, { language: i.language, view: 'phone' });
    if (!await t.field('join.code').isVisible().catch(() => false)) {
      await t.settled();
      if (await t.button('bar.home').count() > 0) {
        await t.press('settings.title');
        await t.press('circles.another');
      }
    }
    await t.fill('join.code', code.join(' '));
    await t.press('join.go');
    await t.press('pairing.accept');
    await i.press('pairing.accept');
    await t.sees(t.button('pairing.on'), 60000);
    await t.press('pairing.on');
    await t.sees(t.page.getByRole('heading', { name, exact: true }));
    await knows(nadia, circle, 'Inès has two devices', (all) => named(all, 'Inès').devices === 2);
    await i.press('pairing.on');
    await i.page.getByRole('listitem').filter({ hasText: i.t('devices.other') })
      .getByRole('button', { name: i.t('devices.remove'), exact: true }).click();
    await says(i, 'devices.removeMeans');
    await inDialog(i, 'devices.remove').click();
    await knows(nadia, circle, 'Inès has one device', (all) => named(all, 'Inès').devices === 1);
    await whole(i, [name]);
    assert.deepEqual(t.complaints(), []);
    await t.close();
  });
}

async function going({ step, circle, name, view, windows: [i, n, l] }) {
  const [ines, nadia, lou] = people;
  let things = null; // every screen is looked at once: it takes a while
  if (view === 'phone' && i.language === LANGUAGES[0]) {
    things = await leaveBehind(people, circle);
    await agree(people, circle);
    await step('in it: the page offers to write', async () => {
      assert.ok((await writesInside(i, things)).length > 3);
    });
  }
  await step('one leaves: what it means is said; the others know', async () => {
    await toMember(i, 'Inès');
    await confirmed(i, ['member.action.leave', { name: 'Inès' }],
      [['member.means.leave'], ['member.keeps']]);
    await knows(nadia, circle, 'Inès has gone', (all) => !named(all, 'Inès'));
    await i.sees(i.heading('outside.title'));
    await i.settled();
    await whole(i, [name]);
  });
  if (things) await step('not in it: all is read, and nothing offers to write', async () => {
    assert.deepEqual(await writesOutside(i, things), []);
  });
  await step('nobody facilitates: two voices of two make somebody', async () => {
    await knows(lou, circle, 'Inès has gone', (all) => !named(all, 'Inès'));
    await toMember(n, 'Lou');
    await confirmed(n, ['member.action.vote', { name: 'Lou' }],
      [['member.means.vote', { name: 'Lou' }]]);
    await l.press('bar.members');
    await confirmed(l, ['proposals.endorse'], [['member.means.vote', { name: 'Lou' }]],
      'proposals.yes');
    await knows(nadia, circle, 'Lou facilitates', (all) =>
      named(all, 'Lou').role === 'facilitator');
  });
  await step('one is put out: what it means is said; nobody is with her any more', async () => {
    await toMember(l, 'Nadia');
    await confirmed(l, ['member.action.remove', { name: 'Nadia' }],
      [['member.means.remove', { name: 'Nadia' }], ['member.keeps']]);
    await knows(lou, circle, 'Nadia is out', (all) => !named(all, 'Nadia'));
    await until('nobody is said to be with her', 20, async () =>
      (await ask(nadia, 'GET', 'status')).connections === 0);
    await whole(l, [name]);
    assert.equal((await ask(ines, 'GET', 'status')).locked, false);
  });
}

/** A circle of all three that were confirmed, of whom two facilitate. */
async function twoVoices({ step, circle, name, windows: [i, n, l] }) {
  const [ines, nadia, lou] = people;
  const act = (person, action, whom) => ask(person, 'POST', `circles/${circle}/members/${action}`,
    { body: { person: whom.name } });
  const proposal = ['proposals.remove', { by: 'Nadia', name: 'Inès' }];
  const removal = [['member.means.remove', { name: 'Inès' }], ['member.keeps']];

  await step('who facilitates stays, while one alone wants her out', async () => {
    await act(nadia, 'vouch', lou);
    await act(ines, 'promote', nadia);
    for (const person of people) {
      await knows(person, circle, 'Lou is confirmed, Nadia facilitates', (all) =>
        named(all, 'Lou').confirmed && named(all, 'Nadia').role === 'facilitator');
    }
    await toMember(n, 'Inès');
    await confirmed(n, ['member.action.remove', { name: 'Inès' }], removal);
    await says(n, 'member.waits');
    for (const window of [i, n, l]) { // she whom it is about, too
      await window.press('bar.members');
      await says(window, ...proposal);
      await whole(window, [name]);
    }
    for (const person of people)
      assert.equal((await memberOf(person, circle, 'Inès')).role, 'facilitator', person.name);
    for (const window of [i, n]) // neither of those two is the other voice
      assert.equal(await window.button('proposals.endorse').count(), 0);
  });

  await step('she is out when another one agrees, which is told to both', async () => {
    await confirmed(l, ['proposals.endorse'], removal.slice(0, 1), 'proposals.yes');
    for (const [person, window] of [[nadia, n], [lou, l]]) {
      await knows(person, circle, 'Inès is out', (all) => !named(all, 'Inès'));
      await says(window, 'members.count', { count: 2 });
      await window.page.getByText(window.t(...proposal)).waitFor({ state: 'detached' });
      await whole(window, [name]);
    }
    await share(nadia, circle, 'Sans elle');
    await has(lou, circle, 'Sans elle');
    assert.ok(!(await sharesOf(ines, circle)).includes('Sans elle'), 'she receives it');
  });
}

async function together(language, view, name, journeys) {
  const circle = await found(people, { name });
  const windows = [];
  for (const person of people)
    windows.push(await browser.open(person, { language, view, plain: true }));
  for (const window of windows) {
    await window.page.evaluate(async (id) => {
      (await import('/core/places.js')).begin('home', { circle: id });
    }, circle);
    await window.sees(window.page.getByRole('heading', { name, exact: true }));
  }
  const step = () => steps(`${language}, ${view}`);
  for (const journey of journeys)
    await journey({ step: step(), circle, name, view, windows });
  await step()('nothing went elsewhere, no error in the console', () => {
    assert.deepEqual(windows.flatMap((window) => window.complaints()), []);
  });
  for (const window of windows) await window.close();
}

try {
  browser = await Browser.start();
  people = await startPeople(['Inès', 'Nadia', 'Lou'], keep);
  [tablet] = await startPeople(['Inès, encore'], keep);
  for (const language of LANGUAGES) {
    for (const view of ['phone', 'laptop']) {
      if (!wanted.every((one) => [language, view].includes(one))) continue;
      await together(language, view, `Jeudi ${language} ${view}`,
        [roles, rules, writing, devices, going]);
      if ((language === 'fr') === (view === 'phone'))
        await together(language, view, `À deux voix ${language}`, [twoVoices]);
    }
  }
} finally {
  await browser?.close();
  for (const person of made) await person.stop().catch(() => {});
  for (const person of made) person.destroy();
}
finish();
