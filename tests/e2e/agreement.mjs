// What a circle reads and agrees on, at the keyboard: the proposed agreement, its versions and who
// has assented; whose turn it is; formats, the handbook and numbers without a node.
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');
new Network(['one', 'two']);
const one = new Person('one', 'one'), two = new Person('two', 'two');
const names = (people) => people.map((person) => person.name).sort().join(' ');

function same(what, is, wanted) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
  }
}

async function says(person, args, ...wanted) {
  const { status, out, err } = await person.run(args);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${status} ${err}`);
  for (const text of wanted) {
    if (!out.includes(text)) throw new Error(`${args.join(' ')} does not say ${text}: ${out}`);
  }
  for (const line of out.split('\n')) {
    if ([...line].length > 100) throw new Error(`${args.join(' ')}: too wide: ${line}`);
  }
}

try {
  await test('formats, the handbook and numbers need no vault', async () => {
    await says(one, ['format', 'list'], 'Cercle de parole', 'S’affirmer');
    const { formats } = await one.json('format', 'list');
    for (const { id, minutes } of formats) {
      await says(one, ['format', 'show', id], 'accord');
      const { parts } = await one.json('format', 'show', id);
      same(id, parts.reduce((sum, part) => sum + part.minutes, 0), minutes);
    }
    await says(one, ['handbook'], 'Quand quelqu’un est en danger');
    for (const { id, title } of (await one.json('handbook')).chapters) {
      await says(one, ['handbook', id], title);
    }
    await says(one, ['numbers'], '3919', '116 006', 'SAMU');
    for (const args of [['format', 'show', 'dance'], ['handbook', 'nothing']]) {
      const { status, err } = await one.run(args);
      same(args.join(' '), [status, err.trim().split('\n').length], [6, 1]);
    }
  });
  for (const person of [one, two]) {
    await person.init();
    await person.start();
  }
  await test('a new circle has the proposed agreement, and who joins has it too', async () => {
    const none = await two.json('circle', 'new', 'Sans', '--as', 'Nadia', '--agreement', '');
    same('no agreement', none.agreement, '');
    await one.json('circle', 'new', 'Jeudi', '--as', 'Inès');
    await pair(one, 'Jeudi', two, 'Nadia');
    for (const person of [one, two]) await person.json('gather', 'Jeudi', '--for', '10m');
    const { current } = await until('the agreement', 30, async () => {
      const answer = await two.json('agreement', 'show');
      return answer.current && answer;
    });
    if (!current.text.includes('Ce qui se dit ici reste ici.')) throw new Error(current.text);
    same('assents', names(current.missing), 'Inès Nadia');
  });
  await test('each assents for herself, and the other sees it', async () => {
    await says(one, ['agreement', 'assent'], 'oui');
    await two.json('agreement', 'assent');
    await until('both assents', 30, async () =>
      names((await one.json('agreement', 'show')).current.assents) === 'Inès Nadia');
    await says(two, ['agreement', 'show'], 'reste ici', 'Ont dit oui');
  });
  await test('anybody proposes, a facilitator makes it hold, assents begin anew', async () => {
    const { proposed } = await two.json('agreement', 'propose', 'Ici, on chante.');
    const refused = await two.run(['agreement', 'adopt', proposed]);
    same('adopting as a member', refused.status, 8);
    await until('the proposal', 30, async () =>
      (await one.json('agreement', 'history')).versions.length === 2);
    await one.json('agreement', 'adopt', proposed.slice(0, 8));
    const { current } = await until('the new agreement', 30, async () => {
      const answer = await two.json('agreement', 'show');
      return answer.current.id === proposed && answer;
    });
    same('assents', [current.text, current.by, names(current.assents)],
      ['Ici, on chante.', 'Nadia', '']);
    await says(one, ['agreement', 'history'], 'Ici, on chante.', 'reste ici');
    for (const args of [['agreement', 'propose'], ['agreement', 'propose', 'x', '--example']]) {
      same(args.join(' '), (await one.run(args)).status, 7);
    }
  });
  await test('whose turn it is', async () => {
    await says(one, ['circle', 'rotation'], 'Pas encore');
    same('as a member', (await two.run(['circle', 'rotation', '--order', 'Nadia'])).status, 8);
    const { order } = await one.json('circle', 'rotation', '--order', 'Nadia, Inès');
    same('order', order.map((person) => person.name), ['Nadia', 'Inès']);
    await says(one, ['circle', 'rotation', '--next'], ' 1. Inès', ' 2. Nadia');
    await until('the order there', 30, async () => {
      const { order: there } = await two.json('circle', 'rotation');
      return there.map((person) => person.name).join() === 'Inès,Nadia';
    });
    same('nobody of that name',
      (await one.run(['circle', 'rotation', '--order', 'Personne'])).status, 6);
  });
  await test('a meeting from a format has its parts on both devices', async () => {
    const { id, parts, title } = await one.json('meeting', 'add', '--format', 'talking-circle');
    same('title and parts', [title, parts.length], ['Cercle de parole', 7]);
    const meeting = await until('the meeting there', 30, async () => {
      const { status, out } = await two.run(['meeting', 'show', id, '--json']);
      return status === 0 && JSON.parse(out);
    });
    same('parts there', meeting.parts, parts);
    const format = await one.json('format', 'show', 'talking-circle');
    for (const [at, part] of parts.entries()) {
      const { title: name, script, minutes, kind } = await two.json('part', 'show', part);
      const from = format.parts[at];
      same(name, [name, script, minutes, kind],
        [from.title, from.script, from.minutes, from.kind]);
    }
    same('an unknown format', (await one.run(['meeting', 'add', '--format', 'dance'])).status, 7);
    await says(one, ['meeting', 'seat', id.slice(0, 8), 'Awa'], 'Awa');
    await says(one, ['meeting', 'seat', id, 'Zoé'], 'Awa, Zoé');
    await says(one, ['meeting', 'seat', id, 'Awa', '--leave'], 'Zoé');
    await until('the seats there', 30, async () =>
      (await two.json('meeting', 'show', id)).seats.join() === 'Zoé');
    same('an empty name', (await one.run(['meeting', 'seat', id, ''])).status, 7);
    same('no such meeting', (await one.run(['meeting', 'seat', 'ffffffff', 'Awa'])).status, 6);
  });
} finally {
  one.destroy();
  two.destroy();
}
finish();
