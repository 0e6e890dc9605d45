// The first evening, from nothing: what is said before anything is made, a passphrase, a circle
// founded by two, a third who comes. Two nodes meet by what one page shows and the other is told;
// wrong words, a refusal, an inviter who stops, a code whose time is over let nobody in.
// What people do is counted, and how long it takes.
//   node tests/e2e/page/page-first.mjs [fr|en] [phone|laptop]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../lib/api.mjs';
import { faults } from '../lib/audit.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { LANGUAGES } from '../lib/catalogue.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { until } from '../lib/person.mjs';
import { finish, skip, test } from '../lib/report.mjs';
import { agree, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const MOST_ACTIONS = 6, MOST_MS = 120000; // of both sides together
const CIRCLE = 'Cercle du jeudi', AIM = 'Souffler un peu';
const assert = (holds, what) => { if (!holds) throw new Error(what); };
const equal = (a, b, what) =>
  assert(a === b, `${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);

const wanted = process.argv.slice(2);
let browser;
const made = [];
const circlesOf = async (person) => (await ask(person, 'GET', 'circles')).circles;
const membersOf = async (person, id) =>
  (await ask(person, 'GET', `circles/${id}/members`)).members.map((one) => one.name).sort().join();

/** A person at her page: each thing that she fills in or presses is one action. */
class Hand {
  constructor(window) {
    this.window = window;
    this.actions = 0;
  }

  async press(key, values) {
    this.actions++;
    await this.window.press(key, values);
  }

  async fill(key, text) {
    this.actions++;
    await this.window.fill(key, text);
  }

  sees(key, values) {
    const { window } = this;
    return window.sees(window.page.getByText(window.t(key, values), { exact: true }).first());
  }

  /** The code that her screen shows: {number, words}. */
  async code() {
    await this.window.sees(this.window.page.locator('.code'));
    return this.window.page.evaluate(() => {
      const text = (one) => one.textContent.trim();
      return { number: text(document.querySelector('.code-number')),
        words: [...document.querySelectorAll('.code-words li')].map(text) };
    });
  }
}

/** What the page asks for there waits; call the result: it is let go, and gives what came. */
async function heldBack({ page }, pattern) {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(pattern, async (route) => {
    await held;
    await route.continue();
  });
  const answer = page.waitForResponse(pattern);
  return async () => {
    release();
    const json = await (await answer).json();
    await page.unroute(pattern);
    await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 50); })); // drawn
    return json;
  };
}

const said = ({ number, words }) => `${number} ${words.join(' ')}`;

/** One evening: each step goes on from the one before. */
async function evening(language, view) {
  const options = { made: (person) => made.push(person) };
  const people = (await Promise.all([startPeople(['Inès'], { ...options, isNew: true }),
    startPeople(['Nadia', 'Lou'], options)])).flat();
  // axe in one half of them, the policy of the page in the other
  const plain = (language === 'fr') === (view === 'phone');
  const hands = [];
  for (const person of people)
    hands.push(new Hand(await browser.open(person, { language, view, plain })));
  const [i, n, l] = hands;
  const [ines, nadia, lou] = people;
  let isStopped = false;
  const step = async (what, run) => {
    const name = `${language}, ${view}: ${what}`;
    if (isStopped) return skip(name, 'the step before failed');
    isStopped = true;
    return test(name, async () => {
      await run();
      isStopped = false;
    });
  };
  const whole = async (hand) => { // nothing is wrong with what she sees
    if (!plain) return;
    const data = [CIRCLE, AIM, 'Inès', 'Nadia', 'Lou', ...hand.written ?? []];
    const found = await faults(hand.window, data);
    assert(found.length === 0, `\n  ${found.join('\n  ')}`);
  };
  await begin({ step, i, ines, whole });
  const { open } = await notYet({ step, i, n, ines, nadia, whole });
  await together({ step, hands, people, whole, open });
  await step('nothing went elsewhere, no error in the console', () => {
    const all = hands.flatMap((hand) => hand.window.complaints());
    assert(all.length === 0, all.join('\n'));
  });
  for (const hand of hands) await hand.window.close();
  for (const person of [ines, nadia, lou]) await person.stop();
}

/** From nothing to a passphrase. */
async function begin({ step, i, ines, whole }) {
  const { window } = i;
  const other = LANGUAGES.find((one) => one !== window.language);

  await step('before anything is made: what is protected, what is not, the way out', async () => {
    assert(!existsSync(join(ines.vault, 'keys')), 'there is a vault already');
    for (const key of ['welcome.title', 'welcome.protectsTitle', 'welcome.protectsNotTitle',
      'welcome.leave']) await i.sees(key);
    await window.sees(window.button('bar.leave'));
    const own = window.language;
    await window.page.getByLabel(window.t(`languages.${other}`)).check();
    window.language = other;
    await i.sees('welcome.protectsNotTitle');
    await window.page.getByLabel(window.t(`languages.${own}`)).check();
    window.language = own;
    await i.sees('welcome.protectsNotTitle');
    await whole(i);
  });

  await step('a passphrase: too short and not the same are said; then the vault is', async () => {
    await i.press('welcome.understood');
    const choose = async (first, second) => {
      await i.fill('welcome.passphrase', first);
      await i.fill('welcome.again', second);
      await i.press('welcome.make');
    };
    await choose('court', 'court');
    await i.sees('welcome.tooShort', { least: 12 });
    await choose(ines.passphrase, `${ines.passphrase}!`);
    await i.sees('welcome.differ');
    await whole(i);
    assert(!existsSync(join(ines.vault, 'keys')), 'a vault was made of it');
    await choose(ines.passphrase, ines.passphrase);
    await window.sees(window.heading('start.title'), 60000); // it is stretched
    assert(existsSync(join(ines.vault, 'keys')), 'there is no vault');
    equal((await ask(ines, 'GET', 'preferences')).language, window.language, 'language kept');
    await window.settled();
    await whole(i);
  });
}

/** A circle is founded; who is told nothing right does not come in. `open`: asks for a code. */
async function notYet({ step, i, n, ines, nadia, whole }) {
  const open = async () => {
    await i.press('home.inviteFirst');
    return i.code();
  };
  const alone = async (what) => {
    equal((await circlesOf(nadia)).length, 0, `${what}: circles of who wanted to come`);
    const [circle] = await circlesOf(ines);
    assert(circle.draft, `${what}: the circle was founded`);
  };
  const arrive = async (code) => {
    await n.fill('join.code', code);
    await n.press('join.go');
  };
  const failed = async (hand, ...why) => {
    const texts = why.map((one) => hand.window.t(`pairing.failed.${one}`));
    const notice = hand.window.page.locator('.notice.problem');
    await hand.window.sees(notice, 30000);
    const text = (await notice.innerText()).trim().replace(/\s+/g, ' ');
    assert(texts.includes(text), `${hand.window.person.name} reads “${text}”`);
  };
  let code;

  await step('a circle: its name, her own, what for; then the code to say', async () => {
    const proposal = await heldBack(i.window, '**/api/v1/agreement?*');
    await i.window.page.getByRole('button', { name: i.window.t('start.found') }).click();
    await i.press('found.go');
    await until('a missing name is said', 15, async () =>
      await i.window.field('found.name').getAttribute('aria-invalid') === 'true');
    i.window.problems.length = 0; // a refusal is told by the console too
    await i.fill('found.name', CIRCLE);
    await i.fill('found.pseudonym', 'Inès');
    await i.press('found.agreementEdit');
    await i.fill('found.agreement', 'Nos mots');
    const agreement = (await proposal()).text;
    await i.fill('found.purpose', AIM); // a field that is left shows what it is worth
    assert(agreement.length > 100, 'no agreement is proposed');
    equal(await i.window.field('found.agreement').inputValue(), 'Nos mots', 'what she wrote');
    await i.fill('found.agreement', agreement);
    i.written = agreement.split('\n').filter(Boolean);
    await i.press('found.go');
    code = await i.code();
    assert(/^\d{1,2}$/.test(code.number) && code.words.length === 3, said(code));
    i.written.push(...code.words);
    await whole(i);
  });

  await step('one word of it is wrong: both are told, nobody joined', async () => {
    await arrive(`${code.number} ${code.words[0]} ${code.words[1]} ${code.words[0]}`);
    await failed(n, 'CODE');
    await i.sees('pairing.tries', { count: 2 });
    await whole(n);
    await alone('wrong');
    await n.press('pairing.again');
  });

  await step('what is no code is said at its field', async () => {
    await arrive('douze chaises');
    await until('it is said', 15, async () =>
      await n.window.field('join.code').getAttribute('aria-invalid') === 'true');
    n.window.problems.length = 0;
    await whole(n);
  });

  await step('the words of the other language; who arrives says that it is not this', async () => {
    const other = LANGUAGES.find((one) => one !== i.window.language);
    const name = new Intl.DisplayNames([i.window.language], { type: 'language' }).of(other);
    await i.press('invite.wordsIn', { language: name });
    const again = await i.code();
    assert(again.words.every((word) => !code.words.includes(word)), 'the same words');
    await arrive(said(again));
    await n.sees('pairing.circle', { name: CIRCLE });
    await whole(n);
    await n.press('pairing.refuse');
    await failed(n, 'REFUSED');
    await failed(i, 'REFUSED');
    await alone('refused by who arrives');
    await n.press('pairing.again');
  });

  await step('who invites says that it is not she', async () => {
    await i.press('pairing.again');
    const next = await i.code();
    assert(said(next) !== said(code), 'it is the same code');
    await arrive(said(next));
    await n.fill('join.pseudonym', 'Une autre');
    await n.press('pairing.accept');
    await i.sees('pairing.as.founder', { name: 'Une autre' });
    i.written.push('Une autre');
    await whole(i);
    await until('her node has the circle', 15, async () => (await circlesOf(nadia)).length === 1);
    await n.window.settled();
    equal((await ask(nadia, 'GET', 'preferences')).last_circle, null, 'a circle that is not hers');
    await i.press('pairing.refuse');
    await failed(i, 'REFUSED');
    await failed(n, 'REFUSED');
    await alone('refused by who invites');
    await n.press('pairing.again');
  });

  await step('who invites goes away meanwhile: the other one is told', async () => {
    await i.press('pairing.again');
    await arrive(said(await i.code()));
    await n.sees('pairing.circle', { name: CIRCLE });
    await i.press('common.back');
    await failed(n, 'REFUSED', 'CLOSED');
    await alone('cancelled');
    await until('the node invites nobody', 15, async () =>
      ['none', 'failed'].includes((await ask(ines, 'GET', 'pairing')).state));
    await n.press('pairing.again');
  });

  await step('the time of a code is over: said, and another one is a press away', async () => {
    await atHome(i);
    await i.window.page.route('**/invite', (route) =>
      route.continue({ postData: JSON.stringify({ seconds: 2 }) }), { times: 1 });
    const old = await open();
    await failed(i, 'TIMEOUT');
    await whole(i);
    await arrive(said(old));
    await n.sees('pairing.joiner.searching');
    await whole(n);
    await n.press('join.stop');
    await n.window.sees(n.window.field('join.code'));
    await alone('too late');
    await i.press('common.back');
    await atHome(i);
  });
  return { open };
}

const atHome = (hand) => hand.window.sees(hand.window.button('home.inviteFirst'));

/** Both sides from the press that asks for a code until both say that they are together. */
async function pairing(inviter, joiner, name, ask_) {
  const before = inviter.actions + joiner.actions, begun = performance.now();
  const code = await ask_();
  await joiner.fill('join.code', said(code));
  await joiner.press('join.go');
  await joiner.sees('pairing.circle', { name: CIRCLE });
  await joiner.fill('join.pseudonym', name);
  await joiner.press('pairing.accept');
  const question = inviter.window.page.getByRole('alertdialog');
  await inviter.window.sees(question.getByText(name, { exact: true }));
  await inviter.press('pairing.accept');
  for (const { window } of [inviter, joiner])
    await window.sees(window.button('pairing.on'), 60000);
  const took = performance.now() - begun, actions = inviter.actions + joiner.actions - before;
  console.log(`     ${actions} actions, ${(took / 1000).toFixed(1)} s`);
  assert(actions <= MOST_ACTIONS, `${actions} actions`);
  assert(took <= MOST_MS, `${took} ms`);
}

async function together({ step, hands, people, whole, open }) {
  const [i, n, l] = hands;
  const [ines, nadia] = people;
  let id;

  const most = `at most ${MOST_ACTIONS} actions, ${MOST_MS / 60000} minutes`;
  await step(`two found it: ${most}`, async () => {
    await pairing(i, n, 'Nadia', open);
    await whole(i);
    for (const hand of [i, n]) {
      await hand.press('pairing.on');
      await hand.window.sees(hand.window.page.getByRole('heading', { name: CIRCLE }));
    }
    id = (await circlesOf(ines))[0].id;
    equal((await circlesOf(nadia))[0].id, id, 'the circle of the other');
    await agree([ines, nadia], id);
    equal(await membersOf(nadia, id), 'Inès,Nadia', 'who is in it, at the other');
    await i.window.settled();
    await whole(i);
  });

  await step(`a third one comes: ${most}`, async () => {
    await i.press('bar.members');
    await pairing(i, l, 'Lou', async () => {
      await i.press('members.invite');
      await i.sees('invite.seesPast');
      return i.code();
    });
    for (const hand of [i, l]) await hand.press('pairing.on');
    await l.window.sees(l.window.page.getByRole('heading', { name: CIRCLE }));
    await Promise.all(people.map((person) =>
      ask(person, 'POST', `circles/${id}/gather`, { body: {} })));
    await agree(people, id, 90);
    for (const person of people) {
      equal(await membersOf(person, id), 'Inès,Lou,Nadia', `who is in it, at ${person.name}`);
    }
    await n.press('bar.members');
    await n.window.sees(n.window.page.getByRole('button', { name: /^Lou/ }));
    await n.window.settled();
    await whole(n);
  });
}

try {
  browser = await Browser.start();
  for (const language of LANGUAGES)
    for (const view of ['phone', 'laptop'])
      if (wanted.every((one) => [language, view].includes(one))) await evening(language, view);
} finally {
  await browser?.close();
  for (const person of made) await person.stop().catch(() => {});
  for (const person of made) person.destroy();
}
finish();
