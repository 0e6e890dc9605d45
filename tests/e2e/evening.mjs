// A whole evening of a circle of eight, each on a device of her own: they arrive and read the
// agreement, speak in two rounds, one device is killed in the middle, three write the minutes at
// once; a decision, a commitment, the check-out; the closing erases what was to go, on all eight.
//   node tests/e2e/evening.mjs
import { inFiles, inPages, word } from './lib/disk.mjs';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const names = ['Inès', 'Nadia', 'Lou', 'Max', 'Awa', 'Rose', 'Sam', 'Zoé'];
const hosts = names.map((name, at) => `host${at}`);
new Network(hosts);
const people = names.map((name, at) => new Person(name, hosts[at]));
const [ines, nadia, lou, max, awa, rose, sam, zoe] = people;
const byName = Object.fromEntries(names.map((name, at) => [name, people[at]]));
const begun = performance.now();
const since = () => Math.round((performance.now() - begun) / 1000);

const assert = (holds, what) => { if (!holds) throw new Error(what); };
const all = (body) => Promise.all(people.map(body));
/** A part of the evening; the next ones make no sense without it. */
const step = async (what, body) => {
  let whole = false;
  await test(what, async () => { await body(); whole = true; });
  if (!whole) throw new Error('the evening ends here');
};
const words = Object.fromEntries(['nadiaWrites', 'louWrites', 'maxWrites', 'taken', 'secret',
  'older', 'share', 'sealed', 'kept', 'decided', 'passing', 'promised'].map((one) =>
  [one, word()]));
const erased = ['nadiaWrites', 'louWrites', 'maxWrites', 'taken', 'secret', 'older', 'sealed',
  'passing'];
const stays = ['kept', 'share', 'decided', 'promised'];

let circle; // "circles/ID"
let meeting; // "circles/ID/meetings/ID"
let id; // of the meeting
const act = (person, action, body = {}) => person.ask('POST', `${meeting}/live/${action}`, body);
const look = (person) => person.ask('GET', `${meeting}/live`);
const who = (one) => one && (one.seat ?? one.name);

/** What must be the same on all screens. */
const common = (live) => JSON.stringify({ state: live.state, part: live.part?.id,
  turn: who(live.turn), next: who(live.next),
  places: live.places.map((one) => [who(one), one.here, one.heard]),
  round: live.round && [live.round.over, live.round.order.map((one) => [who(one), one.mark])],
  hands: live.hands.map(who), notHeard: live.not_heard.map(who), moments: live.moments });

/** Waits until all of them see the same, and it holds; that state. */
async function allSee(whose, what, check) {
  let looks;
  await until(what, 30, async () => {
    looks = await Promise.all(whose.map((person) => look(person).catch(() => null)));
    return looks.every((one) => one !== null && common(one) === common(looks[0])) &&
      check(looks[0]);
  }).catch((error) => {
    throw new Error(`${error.message}\n${looks?.map((one) => one && common(one)).join('\n')}`);
  });
  return looks[0];
}

const found = async (person, text) =>
  (await person.ask('GET', `search?words=${text}`)).hits.length;

async function oneDigest(what) {
  const digests = new Set();
  await until(what, 60, async () => {
    digests.clear();
    for (const { digest } of await all((person) => person.ask('GET', circle))) digests.add(digest);
    return digests.size === 1;
  });
  return [...digests][0];
}

async function connected(person, others) {
  await until(`${person.name} is connected`, 60, async () =>
    (await person.ask('GET', 'peers')).peers.filter((peer) =>
      peer.connected && peer.in_sync).length >= others);
}

/** The next part, which all see before anybody does more: what two devices do at once has no order
 * but that of its stamps, and a part that comes behind a round ends it. */
async function nextPart(person) {
  const { part } = await act(person, 'part');
  await allSee(people, `part ${part.number}`, (one) => one.part?.id === part.id);
}

/** A round that runs: who has the word is done or passes, one after the other. */
async function goRound(passes, onTurn = async () => {}) {
  for (let turns = 0; turns < names.length + 2; turns++) {
    const live = await allSee(people, `a turn, after ${turns}`,
      (one) => one.round?.over || one.turn !== null);
    if (live.round.over) return turns;
    const name = who(live.turn);
    if (await onTurn(name)) continue;
    if (live.turn.seat) await act(lou, 'done', { seat: name });
    else await act(byName[name], passes.includes(name) ? 'pass' : 'done');
  }
  throw new Error('the round does not end');
}

/** The minutes as one screen has them. */
class Screen {
  constructor(person) {
    this.person = person;
    this.seen = new Set(); // names of others who wrote
  }

  async load() {
    const { version, text } = await this.person.ask('GET', `${meeting}/minutes`);
    this.version = version;
    this.letters = [...text];
  }

  get text() {
    return this.letters.join('');
  }

  /** Types `text` after `after` (or at the end), letter by letter, and does what others did. */
  async type(text, { after = null, save = false, gone = 0 } = {}) {
    const begin = after === null ? -1 : this.text.indexOf(after);
    let at = begin < 0 ? this.letters.length : [...this.text.slice(0, begin)].length +
      [...after].length;
    const operations = gone > 0 ? [{ at, delete: gone }] : [];
    for (const letter of text) operations.push({ at: at++, insert: letter });
    for (const one of operations) {
      this.letters.splice(one.at, one.delete ?? 0, ...(one.insert ?? ''));
    }
    const answer = await this.person.ask('POST', `${meeting}/minutes/edits`,
      { base: this.version, operations, save, ...(text && { cursor: at }) });
    for (const { name } of answer.writers) this.seen.add(name);
    assert(answer.error === null, `${this.person.name}: ${answer.error}`);
    this.version = answer.version;
    for (const one of answer.changes) {
      this.letters.splice(one.at, one.delete, ...one.insert);
    }
    return answer;
  }
}

try {
  await step('eight vaults, one circle', async () => {
    for (let at = 0; at < people.length; at += 2) { // each takes a whole processor for a while
      await Promise.all(people.slice(at, at + 2).map((person) => person.begin()));
    }
    console.log(`     made and opened after ${since()} s`);
    await ines.json('circle', 'new', 'Jeudi', '--as', 'Inès');
    for (const person of people.slice(1)) await pair(ines, 'Jeudi', person, person.name);
    circle = `circles/${(await ines.json('circle', 'show', 'Jeudi')).id}`;
    console.log(`     joined after ${since()} s`);
    await all((person) => person.ask('POST', `${circle}/gather`, { seconds: 1800 }));
    await all((person) => connected(person, 7));
  });

  await step('they arrive, it opens, the agreement is read, all assent', async () => {
    const made = await ines.ask('POST', `${circle}/meetings`,
      { format: 'talking-circle', title: 'Ce soir', keep: 'closing' });
    id = made.id;
    meeting = `${circle}/meetings/${id}`;
    await until('the meeting is everywhere', 30, async () =>
      (await all((person) => look(person).catch(() => null))).every((one) => one !== null));
    await Promise.all(people.slice(1, 4).map((person) => act(person, 'arrive')));
    await act(ines, 'open');
    await Promise.all(people.slice(4).map((person) => act(person, 'arrive')));
    await act(lou, 'arrive', { seat: 'Mia' });
    await act(ines, 'part');
    const live = await allSee(people, 'all are here', (one) => one.state === 'open' &&
      one.places.filter((place) => place.here).length === 9 && one.part !== null);
    assert(live.part.kind === 'reading' && live.part.script.includes('accord'),
      JSON.stringify(live.part));
    assert(!live.agreement.mine && live.agreement.missing.length === 8,
      JSON.stringify(live.agreement));
    const { current } = await zoe.ask('GET', `${circle}/agreement`);
    assert(current.id === live.agreement.id && current.text.length > 100, 'no words');
    await all((person) => person.ask('POST', `${circle}/agreement/assent`, { id: current.id }));
    await until('all have assented', 30, async () => (await all(look)).every((one) =>
      one.agreement.mine && one.agreement.missing.length === 0));
  });

  await step('a first round, with a hand and a pass', async () => {
    await nextPart(nadia);
    await nextPart(nadia);
    await act(ines, 'round');
    const turns = await goRound(['Sam'], async (name) => {
      if (name === 'Lou') await act(zoe, 'hand');
      return false;
    });
    assert(turns === 9, `${turns} turns`);
    const live = await allSee(people, 'the round is over', (one) => one.round.over);
    const marks = Object.fromEntries(live.round.order.map((one) => [who(one), one.mark]));
    assert(marks.Sam === 'passed' && marks.Mia === 'spoke' && marks.Awa === 'spoke',
      JSON.stringify(marks));
    assert(live.not_heard.length === 1 && who(live.not_heard[0]) === 'Sam',
      JSON.stringify(live.not_heard));
    await act(sam, 'hand');
    await allSee(people, 'who was not heard is first', (one) => who(one.next) === 'Sam');
    await act(ines, 'turn');
    await allSee(people, 'Sam has the word', (one) => who(one.turn) === 'Sam');
    await act(sam, 'done');
    await allSee(people, 'Sam was heard', (one) => one.not_heard.length === 0);
  });

  await step('a second round: a device is killed in a turn, the others go on', async () => {
    const others = people.filter((person) => person !== rose);
    await nextPart(lou);
    await act(rose, 'round');
    let killed = false;
    for (let turns = 0; turns < 12; turns++) {
      const live = await allSee(killed ? others : people, `a turn, after ${turns}`,
        (one) => one.round?.over || one.turn !== null);
      if (live.round.over) break;
      const name = who(live.turn);
      if (name === 'Rose') {
        await rose.kill();
        killed = true;
        await act(awa, 'done', { person: 'Rose' });
      } else if (live.turn.seat) {
        await act(lou, 'done', { seat: name });
      } else {
        await act(byName[name], name === 'Zoé' ? 'pass' : 'done');
      }
    }
    assert(killed, 'Rose had no turn');
    const without = await allSee(others, 'the round is over', (one) => one.round.over);
    await rose.start();
    await rose.ask('POST', `${circle}/gather`, { seconds: 1800 });
    await connected(rose, 7);
    const live = await allSee(people, 'Rose is back', (one) => one.round?.over);
    assert(common(live) === common(without), 'another state');
    await act(rose, 'hand');
    await allSee(people, 'her hand is seen', (one) => one.hands.map(who).includes('Rose'));
    await act(rose, 'lower');
  });

  await step('three write the minutes at once', async () => {
    await nextPart(awa);
    await nextPart(awa);
    const screens = [nadia, lou, max].map((person) => new Screen(person));
    await screens[0].load();
    await screens[0].type('Ordre du jour.\nSuite.\n', { save: true });
    await until('it is on all screens', 30, async () => {
      await Promise.all(screens.map((screen) => screen.load()));
      return screens.every((screen) => screen.text === 'Ordre du jour.\nSuite.\n');
    });
    let told = '';
    const end = await zoe.ask('GET', 'events', undefined, { onEvent: (text) => { told += text; } });
    const write = async (screen, text, after) => {
      for (const [at, part] of text.match(/.{1,6}/g).entries()) {
        await screen.type(part, { after: at === 0 ? after : text.slice(0, 6 * at) });
      }
    };
    await Promise.all([
      write(screens[0], words.nadiaWrites, 'Ordre du jour.'),
      write(screens[1], words.louWrites, 'Ordre du jour.'),
      write(screens[2], `${words.maxWrites}${words.taken}`, null),
    ]);
    await Promise.all(screens.map((screen) => screen.type('', { save: true })));
    await screens[2].type('', { after: words.maxWrites, gone: words.taken.length, save: true });
    await until('the three screens have one text', 30, async () => {
      for (const screen of screens) await screen.type('');
      return new Set(screens.map((screen) => screen.text)).size === 1 &&
        ['nadiaWrites', 'louWrites', 'maxWrites'].every((one) =>
          screens[0].text.split(words[one]).length === 2);
    });
    await until('all see who else writes', 10, async () => {
      for (const screen of screens) await screen.type('');
      return screens.every((screen) => screen.seen.size === 2) &&
        ['Nadia', 'Lou', 'Max'].every((name) =>
          new RegExp(`event: cursor\\ndata: .*"name":"${name}","at":\\d+}`).test(told));
    });
    end();
    await until('who stopped is forgotten', 15, async () => {
      const { writers } = await zoe.ask('GET', `${meeting}/minutes`);
      return writers.length === 0;
    });
    const text = screens[0].text;
    assert(!text.includes(words.taken), 'what was taken back is there');
    await until('all have the minutes', 30, async () => (await all((person) =>
      person.ask('GET', meeting))).every((one) => one.minutes === text));
  });

  let commitment;
  await step('shares, a decision, a commitment, a quiet signal', async () => {
    const { id: hers } = await nadia.ask('POST', `${circle}/shares`,
      { text: `Avant ${words.older}`, meeting: id, keep: 'closing' });
    await nadia.ask('PATCH', `${circle}/shares/${hers}`, { text: `Puis ${words.secret}` });
    await nadia.ask('POST', `${circle}/shares`, { text: words.share, meeting: id, keep: 'kept' });
    await sam.ask('POST', `${circle}/shares`,
      { text: words.sealed, meeting: id, keep: 'closing', to: ['Inès', 'Rose'] });
    await sam.ask('POST', `${circle}/shares`, { text: words.kept, meeting: id });
    await ines.ask('POST', `${circle}/decisions`, { text: words.decided, meeting: id });
    await rose.ask('POST', `${circle}/decisions`,
      { text: words.passing, meeting: id, keep: 'closing' });
    commitment = (await zoe.ask('POST', `${circle}/commitments`,
      { text: words.promised, meeting: id, person: 'Zoé', until: '2027-01-14' })).id;
    await max.ask('POST', `${meeting}/signal`, { kind: 'slower' });
    await until('Inès reads the signal', 30, async () => (await look(ines)).signals.length === 1);
    await until('all find what is for all', 60, async () => (await all(async (person) => {
      for (const one of ['secret', 'share', 'decided', 'promised']) {
        if (await found(person, words[one]) === 0) return false;
      }
      return true;
    })).every(Boolean));
    assert((await look(rose)).signals.length === 0, 'Rose sees a signal');
    assert(await found(rose, words.sealed) === 1, 'Rose does not find what is for her');
    assert(await found(lou, words.sealed) === 0, 'Lou finds what is not for her');
  });

  await step('the check-out round', async () => {
    const { parts } = await look(ines);
    await act(ines, 'part', { part: parts.at(-1).id });
    await allSee(people, 'the last part', (one) => one.part?.kind === 'closing');
    await act(ines, 'round');
    assert(await goRound(['Awa']) === 9, 'not all had a turn');
  });

  await step('it is closed, and what goes at the closing goes, on all eight', async () => {
    const asked = await ines.ask('POST', `${meeting}/close`, { ask: true });
    const before = await ines.ask('GET', `${meeting}/closing`);
    assert(before.layers.closing.moments > 40 && before.layers.closing.signals === 1,
      JSON.stringify(before.layers.closing));
    const done = await ines.ask('POST', `${meeting}/close`, {});
    assert(done.entries >= asked.entries && done.mixed === 0 && done.others === 0,
      JSON.stringify({ asked, done }));
    await until('it is closed for all', 60, async () => (await all((person) =>
      person.ask('GET', meeting))).every((one) => one.state === 'closed' && one.minutes === '' &&
        one.attendance.length === 8 && one.seats.join() === 'Mia'));
    await until('nobody finds it', 60, async () => (await all(async (person) => {
      for (const one of erased) if (await found(person, words[one]) > 0) return false;
      return true;
    })).every(Boolean));
    for (const person of people) {
      for (const one of stays) {
        assert(await found(person, words[one]) > 0, `${person.name} lost "${one}"`);
      }
    }
    await ines.ask('PATCH', `${circle}/commitments/${commitment}`, { state: 'done' });
    await until('what came of it is in the meeting', 30, async () => {
      const { decisions, commitments } = await lou.ask('GET', meeting);
      return decisions.length === 1 && decisions[0].text === words.decided &&
        commitments.length === 1 && commitments[0].name === 'Zoé' &&
        commitments[0].state === 'done';
    });
  });

  await step('whose devices have confirmed is told; one digest on all', async () => {
    await all((person) => person.ask('POST', `${circle}/replies`,
      { meeting: id, answer: 'coming' }));
    await until('all eight have confirmed', 60, async () => (await all((person) =>
      person.ask('GET', `${circle}/erasure`))).every(({ erasures }) => erasures.length > 0 &&
        erasures.every((one) => one.confirmed === 8 && one.current === 8)));
    const digest = await oneDigest('one digest');
    const verified = await all((person) => person.json('verify', 'Jeudi'));
    assert(verified.every((one) => one.digest === digest), JSON.stringify(verified));
  });

  await step('nothing of it is left in any file of any vault', async () => {
    await all((person) => person.stop());
    for (const person of people) {
      const counts = inPages(person, [...stays, ...erased].map((one) => words[one]));
      const kept = counts.slice(0, stays.length), gone = counts.slice(stays.length);
      assert(kept.every((count) => count > 0),
        `${person.name}: the probe does not even find what is kept: ${kept}`);
      assert(gone.every((count) => count === 0), `${person.name}: ${gone}`);
      const files = inFiles(person, Object.values(words));
      assert(files.length === 0, `${person.name}: in clear: ${files}`);
    }
  });
  console.log(`     the evening took ${since()} s`);
} catch (error) {
  console.log(`     ${error.message}`);
} finally {
  await all((person) => person.stop());
  for (const person of people) person.destroy();
}
finish();
