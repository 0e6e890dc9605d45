// What the sample's screens do not show by themselves: every dialog, what is refused, what waits
// for others, a node that is away. Each state is reached by pressing what a person presses; what
// would take another device or a year is an answer of the node that is changed on its way.
import { ask } from './api.mjs';
import { setTaste, visit } from './screens.mjs';

const press = (...keys) => async (window) => {
  for (const key of keys) {
    const [name, values] = Array.isArray(key) ? key : [key];
    const open = window.page.locator('dialog[open]');
    const within = await open.count() > 0 ? open : window.page;
    await within.getByRole('button', { name: window.t(name, values), exact: true }).first().click();
  }
};
/** A dialog, and the buttons that lead to it: the focus comes back to the first of them. */
const dialog = (name, at, [...keys], more = {}) => ({ name: `dialog ${name}`, at, isDialog: true,
  open: press(...keys), opener: keys[0], ...more });
const state = (name, at, open, more = {}) => ({ name, at, open, ...more });
// More of a state: `given`, answers that are changed; `taste`; `isFree`: pieces of what people
// wrote; `isBrief`: it goes by itself; `isRefused`: the node says no, which the console tells too;
// `after`: to get away from it.
/** An answer of the node, changed: what ends in `path`. */
export const answer = (path, change) => ({ path, change });

const DEVICE = 'c0ffee'.padEnd(64, '0');

/** Of the sample circle, as its facilitator sees it, while no meeting goes on. */
export const statesBefore = (things) => [
  dialog('passphrase', ['settings'], ['settings.passphrase']),
  dialog('passphrase, too short', ['settings'], ['settings.passphrase', 'settings.change']),
  dialog('wipe', ['settings'], ['settings.wipe']),
  dialog('wipe, what is lost', ['settings'], ['settings.wipe', 'settings.wipeLook']),
  ...['promote', 'block', 'remove'].map((name) => dialog(`member, ${name}`,
    ['member', { person: things.person }],
    [[`member.action.${name}`, { name: things.personName }]])),
  ...['stepdown', 'leave'].map((name) => dialog(`me, ${name}`, ['member', { person: things.me }],
    [[`member.action.${name}`, { name: things.myName }]])),
  state('me', ['member', { person: things.me }]),
  dialog('device, another one', ['devices'], ['devices.add']),
  dialog('device, removed', ['devices'], ['devices.remove'], { given: [anotherDevice(things)] }),
  state('a new device of mine', ['home'], null, { given: [newDevice()] }),
  dialog('stick', ['stick'], ['stick.make']),
  dialog('dates out', ['meetings'], ['meetings.keep']),
  dialog('dates in', ['meetings'], ['meetings.take']),
  dialog('meeting is cancelled', ['meeting', { id: things.next }], ['meeting.cancel']),
  state('meeting that comes', ['meeting', { id: things.next }]),
  dialog('dates of one', ['meeting', { id: things.next }], ['meetings.keep']),
  dialog('decision', ['meeting', { id: things.past }], ['decisions.addDecision']),
  dialog('commitment', ['meeting', { id: things.past }], ['decisions.addCommitment']),
  dialog('share is taken back', ['share', { id: things.myShare }], ['shares.takeBack']),
  state('share for some', ['write'], choosePersons),
  state('share, folded', ['share', { id: things.folded }]),
  state('share, two versions', ['share', { id: things.myShare }], null,
    { given: [conflict(things)] }),
  state('member, two versions', ['member', { person: things.person }], null,
    { given: [forked(things)] }),
  state('devices, two versions', ['devices'], null, { given: [forkedMe(things)] }),
  state('what is due', ['kept'], null, { given: [due(), erasures(things)] }),
  dialog('erase', ['kept'], ['kept.erase'], { given: [due()] }),
  state('outside', ['home'], null, { given: [gone()] }),
  state('proposals', ['members'], null, { given: [proposals(things)] }),
  dialog('a second voice', ['members'], ['proposals.endorse'], { given: [proposals(things)] }),
  state('agreement, other words', ['agreement'], press('agreement.change')),
  state('words found', ['search'], (window) => window.fill('search.words', 'fatigue'),
    { isFree: true }),
  state('nothing found', ['search'], (window) => window.fill('search.words', 'xylophone')),
  state('founding, without a name', ['found'], press('found.go'), { isRefused: true }),
  state('rotation', ['rules'], press('rules.allInTurn')),
  state('saved', ['rules'], press('common.save'), { isBrief: true, after: again }),
  state('a screen that broke', ['home'], null,
    { given: [answer('/news', () => ({ news: [null] }))], after: press('common.toHome'),
      isRefused: true }),
];

/** Of a meeting that goes on: its sheets, its other views. */
export const statesOfMeeting = (things) => {
  const live = ['live', { id: things.open }];
  return [
    dialog('lead', live, ['live.lead']),
    dialog('give the word', live, ['live.lead', 'live.giveWord']),
    dialog('who arrives', live, ['live.arrives'], { opener: null }), // stands elsewhere when wide
    dialog('signal', live, ['live.signal']),
    dialog('about somebody', live, [], { open: (window) => window.page.locator('.person-line')
      .filter({ hasText: things.personName }).click() }),
    state('my turn', live, null, { given: [turnIsMine(things)] }),
    state('paused', live, null, { given: [liveIs({ state: 'paused', turn: null })] }),
    state('signals, hands, share', live, openFolds, { given: [signalled(things)] }),
    state('agreement asked', live, null, { given: [agreementAsked()] }),
    state('common screen', ['live', { id: things.open, view: 'common' }]),
    state('quiet', live, null, { taste: { quiet: true } }),
    dialog('close', ['closing', { id: things.open }], ['closing.close']),
    state('closed', ['closing', { id: things.open }], close),
    state('a meeting that is over', live),
  ];
};

const again = async (window) => {
  await window.page.reload();
  await window.settled();
};
const field = (window, key) => window.page.getByLabel(window.t(key), { exact: true });
async function choosePersons(window) {
  await field(window, 'shares.for.persons').check();
  await window.press('shares.send');
}
async function close(window) {
  await window.press('closing.close');
  await window.sees(window.page.locator('dialog[open]'));
  await press('closing.close')(window);
  await window.sees(window.page.locator('.notice.good'));
}
async function openFolds(window) {
  await window.page.locator('.fold summary').evaluateAll((all) => all.forEach((one) => {
    one.parentElement.open = true;
  }));
}

// ---- answers that are changed ----

const liveIs = (values) => answer('/live', (live) => ({ ...live, ...values }));
const turnIsMine = ({ me }) => answer('/live', (live) => ({ ...live,
  places: live.places.map((one) => ({ ...one, speaks: one.person === me })),
  turn: { ...live.turn, person: me, name: live.places.find((one) => one.person === me).name } }));
const signalled = ({ person, personName, me }) => answer('/live', (live) => ({ ...live,
  signals: [{ id: 'a'.repeat(64), name: personName, person, kind: 'uneasy', mine: false,
    seen: false, text: 'La fatigue, le soir' }],
  hands: live.places.filter((one) => one.person === me),
  places: live.places.map((one) => ({ ...one, hand: one.person === me })),
  voice: live.places.map((one) => ({ ...one, speech_ms: 61000 })) }));
const agreementAsked = () => answer('/live', (live) => ({ ...live,
  agreement: { ...live.agreement, mine: false, missing: live.places.slice(0, 2) } }));
const anotherDevice = ({ me }) => answer('/devices', ({ devices, ...rest }) => ({ ...rest,
  devices: [...devices, { ...devices.find((one) => one.person === me), device: DEVICE,
    this: false }] }));
export const newDevice = () => answer('/status', (status) => ({ ...status,
  circles: status.circles.map((one) => ({ ...one, new_devices: [{ device: DEVICE }] })) }));
const conflict = ({ myShare, personName, myName }) => answer(`/shares/${myShare}`, (one) => ({
  ...one, conflicts: { title: [{ by: personName, value: 'La fatigue, le soir' },
    { by: myName, value: null }] } }));
const forked = ({ person }) => answer('/members', (all) => ({ ...all,
  members: all.members.map((one) => (one.person === person
    ? { ...one, forked: 1, crowded: true, confirmed: false } : one)) }));
const forkedMe = ({ me }) => answer('/status', (status) => ({ ...status,
  circles: status.circles.map((one) => ({ ...one, copied: true, forked: [{ person: me }],
    crowded: [{ person: me }] })) }));
const gone = () => answer('/status', (status) => ({ ...status,
  circles: status.circles.map((one) => ({ ...one, gone: true })) }));
export const due = () => answer('/due', (page) => ({ ...page, next: null, moments: 2,
  due: [{ id: 'b'.repeat(64), what: 'share', title: 'Le sommeil', by: 'Nadia' },
    { id: 'c'.repeat(64), what: 'minutes', title: '', by: 'Lou' }] }));
const erasures = ({ me, person }) => answer('/erasure', (page) => ({ ...page, erasures: [
  { id: 'd'.repeat(64), by: 'Nadia', devices: [{ person, current: true, confirmed: false },
    { person: me, current: true, confirmed: true }] },
  { id: 'e'.repeat(64), by: 'Lou', devices: [{ person: me, current: true, confirmed: true }] }] }));
export const proposals = ({ person, personName, third, thirdName }) =>
  answer('/members', (all) => ({ ...all, proposals: [
    { proposal: 'f'.repeat(64), kind: 'remove', person, name: personName, by: thirdName,
      by_person: third, needs: 'endorsement' },
    { proposal: '9'.repeat(64), kind: 'vote', person, name: personName, by: thirdName,
      by_person: third, needs: 'votes', votes: 1, votes_needed: 2 }] }));

/** Changes answers of the node on their way; gives what ends it. The node is asked anew for each by
 * its own socket, in the language that is spoken. */
export async function give(window, person, given) {
  for (const { path, change } of given) {
    await window.page.route((url) => url.pathname.endsWith(path), async (route) => {
      if (route.request().method() !== 'GET') return route.fallback();
      const { pathname, search } = new URL(route.request().url());
      const headers = { 'Accept-Language': window.language };
      const found = await ask(person, 'GET', `${pathname.replace('/api/v1/', '')}${search}`,
        { headers });
      return route.fulfill({ json: change(found) });
    });
  }
  return () => window.page.unrouteAll({ behavior: 'wait' });
}

export const forget = (window) => window.page.evaluate(async () => {
  (await import('/core/live-data.js')).reloadAll();
});

/** Shows a state in a window of `person`; gives what ends it. */
export async function show(window, person, one) {
  const { given = [], taste = null } = one;
  await visit(window, 'settings'); // a screen that is not the next one: it is made anew
  const undo = await give(window, person, given);
  if (taste) await setTaste(window, taste);
  await forget(window);
  await visit(window, ...one.at);
  await one.open?.(window);
  await window.settled();
  return async () => {
    await undo();
    if (taste) {
      await setTaste(window, Object.fromEntries(Object.keys(taste).map((name) => [name, false])));
    }
    if (given.length > 0) await forget(window);
    await one.after?.(window);
  };
}

// ---- a first evening ----

/** The code that a screen shows, as it is said. */
async function codeOf(window) {
  await window.sees(window.page.locator('.code'));
  return window.page.evaluate(() => [document.querySelector('.code-number'),
    ...document.querySelectorAll('.code-words li')].map((one) => one.textContent.trim()));
}

const FOUNDED = { name: 'Les voisines', pseudonym: 'Awa', purpose: 'Se prêter main forte' };
export const WORDS_OF_EVENING = [...Object.values(FOUNDED), 'Zoé'];
/** What is empty in a circle that was just founded. */
const EMPTY = ['home', 'meetings', 'shares', 'members', 'kept', 'rules', 'agreement', 'search',
  'stick', 'devices', 'circles', 'write', 'plan'];

/**
 * The first evening of two, and its end: [name, window, how] of each thing that is seen. `awa` has
 * no vault yet; how: {isOpen, words: of hers}. Both windows are in French when they are given.
 */
export async function* firstEvening(browser, [awa, zoe], options) {
  const a = await browser.open(awa, options), z = await browser.open(zoe, options);
  try {
    yield* beforeAnything(a, awa);
    yield* pairing(a, z, awa);
    yield* emptyCircle(a);
    yield* endings(a, z, zoe, () => browser.open(awa, options));
  } finally {
    await a.close();
    await z.close();
  }
}

async function* beforeAnything(a, awa) {
  const closed = { isOpen: false };
  await a.settled();
  yield ['welcome', a, closed];
  await a.press('welcome.understood');
  yield ['welcome, passphrase', a, closed];
  await a.press('welcome.make');
  yield ['welcome, too short', a, closed];
  await ask(awa, 'POST', 'vault', { body: { passphrase: awa.passphrase } });
  await a.sees(a.heading('start.title'), 60000);
  await a.settled();
  yield ['start', a, {}];
}

async function* pairing(a, z, awa) {
  await z.settled();
  await ask(awa, 'POST', 'circles', { body: FOUNDED, headers: { 'Accept-Language': a.language } });
  await again(a);
  yield ['a circle of one', a, {}];
  await a.press('home.inviteFirst');
  const code = await codeOf(a);
  yield ['invite', a, { words: code }];
  const arrive = async (words) => {
    await z.fill('join.code', words.join(' '));
    await z.press('join.go');
  };
  await arrive(['douze', 'chaises']);
  await z.sees(z.page.locator('[aria-invalid]'));
  z.problems.length = 0; // a refusal is told by the console too
  yield ['arriving, what is no code', z, { words: null }];
  await arrive([(Number(code[0]) % 30) + 31, ...code.slice(1)]);
  await z.sees(z.button('join.stop'));
  yield ['arriving, nobody yet', z, {}];
  await z.press('join.stop');
  await arrive([code[0], code[1], code[2], code[1]]);
  await z.sees(z.button('pairing.again'), 30000);
  yield ['arriving, wrong words', z, {}];
  yield ['invite, wrong words', a, { words: code }];
  await z.press('pairing.again');
  await arrive(code);
  await z.sees(z.button('pairing.accept'), 30000);
  yield ['arriving, which circle', z, {}];
  await z.fill('join.pseudonym', 'Zoé');
  await z.press('pairing.accept');
  await a.sees(a.button('pairing.accept'), 30000);
  yield ['invite, is it she', a, {}];
  yield ['arriving, waits', z, {}];
  await a.press('pairing.accept');
  await a.sees(a.button('pairing.on'), 60000);
  yield ['invite, done', a, {}];
  await z.sees(z.button('pairing.on'), 60000);
  yield ['arriving, done', z, {}];
}

async function* emptyCircle(a) {
  await a.press('pairing.on');
  await a.settled();
  for (const screen of EMPTY) {
    await visit(a, screen);
    yield [`empty: ${screen}`, a, {}];
  }
}

/** The node is away; a vault that is not opened; leaving, which ends other windows too. */
async function* endings(a, z, zoe, other) {
  await z.press('pairing.on');
  await z.settled();
  await zoe.stop();
  await z.sees(z.page.getByText(z.t('common.nodeAway')), 30000);
  yield ['the node is away', z, { isOpen: false, isAway: true }];
  yield* closed(a);
  await again(a);
  const b = await other();
  for (const language of ['en', 'fr']) await setTaste(b, { language }, false);
  await a.press('bar.leave');
  yield ['left', a, { isLeft: true }];
  await b.sees(b.heading('gone.title'));
  yield ['no session any more', b, { isOpen: false, isAway: true }];
  await b.close();
}

async function* closed(a) {
  await a.page.evaluate(async () => {
    await (await import('/core/api.js')).ask('POST', 'lock', { keep: true });
  });
  await a.sees(a.button('locked.open'));
  await a.settled();
  yield ['locked', a, { isOpen: false }];
  for (const [error, more] of [['BACKOFF', { wait_ms: 7000 }], ['DAMAGED', {}]]) {
    await a.page.route('**/unlock', (route) => route.fulfill({ status: 409,
      json: { error, message: '', ...more } }), { times: 1 });
    await a.fill('locked.passphrase', 'pas la bonne');
    await a.press('locked.open');
    await a.sees(a.page.locator(error === 'DAMAGED' ? '.notice.problem' : '.problem'));
    a.problems.length = 0;
    yield [`locked, ${error.toLowerCase()}`, a, { isOpen: false, words: null }];
  }
}
