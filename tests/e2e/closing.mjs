// Closing a meeting: what goes at its closing is erased on three nodes, and nothing of it is left
// on any disk, which a probe reads with each vault's own key, page by page.
//   node tests/e2e/closing.mjs
import { inPages, word } from './lib/disk.mjs';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const names = ['ines', 'nadia', 'lou'];
new Network(names);
const people = names.map((name) => new Person(name, name));
const [ines, nadia, lou] = people;

const assert = (holds, what) => { if (!holds) throw new Error(what); };
const ok = async (person, ...args) => {
  const { status, out, err } = await person.run(args);
  assert(status === 0, `${person.name}: ${args.join(' ')}: ${status} ${err}`);
  return out;
};
const words = { share: word(), older: word(), minutes: word(), decision: word(), sealed: word(),
  kept: word() };

const found = async (person, text) => (await person.json('search', text)).hits.length;

try {
  await Promise.all(people.map((person) => person.init()));
  for (const person of people) await person.start();
  await ines.json('circle', 'new', 'Jeudi', '--as', 'Inès');
  await pair(ines, 'Jeudi', nadia, 'Nadia');
  await pair(ines, 'Jeudi', lou, 'Lou');
  for (const person of people) await ok(person, 'gather', 'Jeudi', '--for', '10m');

  let meeting, share;
  await test('an evening is written on three nodes', async () => {
    meeting = (await ines.json('meeting', 'now', '--circle', 'Jeudi', '--title', 'Ce soir')).id;
    await ok(ines, 'meeting', 'edit', meeting, '--keep', 'closing', '--minutes',
      `Nous avons dit ${words.minutes}.`);
    const hit = (await ok(ines, 'search', words.minutes)).split('\n').find((line) =>
      line.includes(words.minutes));
    assert(/Ce soir · /.test(hit), `a field runs into the next one: ${hit}`);
    for (const person of [nadia, lou]) {
      await until(`${person.name} has the meeting`, 60, async () =>
        (await person.run(['meeting', 'show', meeting])).status === 0);
    }
    share = (await nadia.json('share', 'add', '--text', `Avant ${words.older}`, '--meeting',
      meeting, '--keep', 'closing')).id;
    await ok(nadia, 'share', 'edit', share, '--text', `Puis ${words.share}`);
    await nadia.json('share', 'add', '--text', `Toujours ${words.kept}`, '--meeting', meeting);
    await lou.json('decision', 'add', '--text', `On fait ${words.decision}`, '--meeting', meeting,
      '--keep', 'closing');
    await lou.json('share', 'add', '--text', `Seulement ${words.sealed}`, '--meeting', meeting,
      '--keep', 'closing', '--to', 'Nadia');
    await until('all have all', 60, async () => {
      const counts = await Promise.all(people.map((person) =>
        Promise.all([words.share, words.kept, words.decision, words.minutes].map((one) =>
          found(person, one)))));
      return counts.flat().every((count) => count >= 1);
    });
  });

  await test('each sees what was written, by its layer, and moves her own', async () => {
    const hers = await nadia.json('meeting', 'closing', meeting);
    const list = hers.layers.closing.records;
    assert(!hers.may_close && list.find((one) => one.id === share).mine, JSON.stringify(hers));
    assert(list.some((one) => one.what === 'minutes') && list.some((one) =>
      one.what === 'decision' && !one.mine && one.by === 'Lou'), JSON.stringify(list));
    assert((await ok(nadia, 'meeting', 'closing', meeting)).includes('(à toi)'), 'not hers');
    const end = await nadia.run(['meeting', 'finish', meeting, '--yes']);
    assert(end.status === 8 && end.err.includes('facilite'), `${end.status} ${end.err}`);
    const asked = await ines.run(['meeting', 'finish', meeting]);
    assert(asked.status === 8 && asked.out.includes('effacées'), `${asked.status} ${asked.out}`);
  });

  await test('a facilitator closes it, and it is gone for all of them', async () => {
    const done = await ines.json('meeting', 'finish', meeting, '--yes');
    assert(done.entries === 4 && done.mixed === 0 && done.others === 0, JSON.stringify(done));
    for (const person of people) {
      await until(`${person.name} has erased`, 60, async () =>
        (await person.json('meeting', 'show', meeting)).state === 'closed' &&
        (await found(person, words.share)) === 0);
      for (const one of [words.share, words.older, words.minutes, words.decision]) {
        assert(await found(person, one) === 0, `${person.name} still finds it`);
      }
      assert(await found(person, words.kept) >= 1, `${person.name} lost what is kept`);
    }
    // What Inès cannot read she cannot see: its author takes it back.
    await until('Lou sees that hers is due', 30, async () =>
      (await lou.json('due', 'list', '--circle', 'Jeudi')) !== null &&
      (await ok(lou, 'due', 'list', '--circle', 'Jeudi')).includes(words.sealed));
    assert((await lou.json('due', 'erase', '--circle', 'Jeudi', '--yes')).entries === 1, 'not one');
    await until('Nadia has erased it', 60, async () => (await found(nadia, words.sealed)) === 0);
  });

  await test('whose devices have confirmed is told', async () => {
    for (const person of people) {
      await person.json('share', 'add', '--circle', 'Jeudi', '--text', 'À jeudi');
    }
    await until('all devices have confirmed', 60, async () => {
      const { erasures } = await ines.json('erasure', 'list', '--circle', 'Jeudi');
      return erasures.length === 2 && erasures.every((one) => one.confirmed === 3);
    });
    const digests = new Set();
    await until('all have the same', 60, async () => {
      digests.clear();
      for (const person of people) digests.add((await person.json('verify', 'Jeudi')).digest);
      return digests.size === 1;
    });
  });

  await test('nothing of it is left on any disk', async () => {
    for (const person of people) await person.stop();
    for (const person of people) {
      const [kept, ...gone] = inPages(person, [words.kept, words.share, words.older,
        words.minutes, words.decision, words.sealed]);
      assert(kept > 0, `${person.name}: the probe does not even find what is kept`);
      assert(gone.every((count) => count === 0), `${person.name}: ${gone}`);
    }
  });
} finally {
  for (const person of people) person.destroy();
}
finish();
