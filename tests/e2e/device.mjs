// Two persons, three devices: adding another device by a spoken code after the passphrase, what it
// reads, what the others are told, both write, taking one out and in again.
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');
new Network(['laptop', 'phone', 'other']);
const laptop = new Person('laptop', 'laptop'), phone = new Person('phone', 'phone');
const nadia = new Person('nadia', 'other');
const all = [laptop, phone, nadia];

function same(what, is, wanted) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
  }
}

const add = (person, circle, passphrase = person.passphrase) => person.steps(
  ['device', 'add', circle, '--yes', '--passphrase-fd', '3'], 120, passphrase);
async function deviceOf(person, circle) {
  const { devices } = await person.json('device', 'list', circle);
  return devices.find((device) => device.this).device;
}
async function newOn(person, circle = 'Jeudi') {
  const { circles } = await person.json('status');
  return circles.find(({ name }) => name === circle).new_devices.map(({ device }) => device);
}
async function titles(person) {
  const { shares } = await person.json('share', 'list', '--circle', 'Jeudi');
  return shares.map(({ title }) => title).sort();
}
const gather = (people) => Promise.all(people.map((person) =>
  person.json('gather', 'Jeudi', '--for', '10m')));
const away = (people) => Promise.all(people.map((person) => person.json('away')));
const seen = (person, title) => until(`${person.name} reads ${title}`, 40,
  async () => (await titles(person)).includes(title));

try {
  for (const person of all) {
    await person.init();
    await person.start();
  }
  await laptop.json('circle', 'new', 'Jeudi', '--as', 'Inès');
  await pair(laptop, 'Jeudi', nadia, 'Nadia');
  await nadia.json('share', 'add', '--circle', 'Jeudi', '--sort', 'experience',
    '--title', 'avant', '--text', 'Ce qui était là.');
  await nadia.json('share', 'add', '--circle', 'Jeudi', '--sort', 'experience',
    '--title', 'en confidence', '--text', 'Pour toi.', '--to', 'Inès');
  await gather([laptop, nadia]);
  await seen(laptop, 'avant');
  await seen(laptop, 'en confidence');
  await away([laptop, nadia]);
  let pocket;

  await test('without the passphrase nothing is shown', async () => {
    const wrong = await add(laptop, 'Jeudi', 'pas celle-là').done;
    same('wrong passphrase', [wrong.status, wrong.lines.length], [5, 1]);
    const soon = await add(laptop, 'Jeudi').done; // it has to wait
    same('too soon', soon.lines[0].error, 'BACKOFF');
    same('pairing', (await laptop.json('status')).state, 'away');
    await sleep(1200);
  });
  await test('the other device joins without a name, and says whose it is', async () => {
    const adding = add(laptop, 'Jeudi');
    const code = await adding.line(0);
    same('step', code.step, 'code');
    const joining = phone.steps(['join', ...code.text.split(' '), '--yes']);
    const [one, two] = await Promise.all([adding.done, joining.done]);
    same('both', [one.status, two.status, one.err + two.err].slice(0, 2), [0, 0]);
    const asked = two.lines.find(({ step }) => step === 'deciding');
    same('offer', [asked.as, asked.pseudonym, asked.name], ['device', 'Inès', 'Jeudi']);
    pocket = await deviceOf(phone, 'Jeudi');
    const { members } = await phone.json('member', 'list', 'Jeudi');
    same('one person', members.map(({ name, me, devices }) => [name, me, devices]).sort(),
      [['Inès', true, 2], ['Nadia', false, 1]]);
  });
  await test('it has the past but what was sealed, and writes as the same person', async () => {
    same('past', await titles(phone), ['avant']);
    await phone.json('share', 'add', '--circle', 'Jeudi', '--sort', 'question',
      '--title', 'du téléphone', '--text', 'Écrit en chemin.');
    await laptop.json('share', 'add', '--circle', 'Jeudi', '--sort', 'question',
      '--title', 'du portable', '--text', 'Écrit à la table.');
    await gather(all);
    for (const person of all) {
      await seen(person, 'du téléphone');
      await seen(person, 'du portable');
    }
    const { shares } = await nadia.json('share', 'list', '--circle', 'Jeudi');
    const by = shares.filter(({ title }) => title.startsWith('du')).map((share) => share.by);
    same('by', by, ['Inès', 'Inès']);
    await away(all);
  });
  await test('who typed the passphrase knows it, the others of hers are asked', async () => {
    same('laptop', await newOn(laptop), []);
    same('phone', await newOn(phone), []);
    same('nadia', await newOn(nadia), []);
  });
  await test('a third device is new on the second, until it is acknowledged there', async () => {
    const tablet = new Person('tablet', 'phone');
    all.push(tablet);
    await tablet.init();
    await tablet.start();
    const adding = add(laptop, 'Jeudi');
    const { text } = await adding.line(0);
    const joining = tablet.steps(['join', ...text.split(' '), '--yes']);
    same('pairing', (await Promise.all([adding.done, joining.done])).map((end) => end.status),
      [0, 0]);
    await tablet.stop();
    await gather([laptop, phone]);
    const [found] = await until('it is announced', 40, async () => {
      const list = await newOn(phone);
      return list.length > 0 && list;
    });
    await away([laptop, phone]);
    same('laptop', await newOn(laptop), []);
    const { out } = await phone.run(['status']);
    if (!out.includes(found.slice(0, 8))) throw new Error(out);
    const listed = (await phone.json('device', 'list', 'Jeudi')).devices
      .find(({ device }) => device === found);
    same('listed', [listed.new, listed.added_by], [true, await deviceOf(laptop, 'Jeudi')]);
    const refused = await nadia.run(['device', 'acknowledge', pocket.slice(0, 8), '--yes']);
    same('of somebody else', refused.status, 8);
    await phone.json('device', 'acknowledge', found.slice(0, 8), '--yes');
    same('after', await newOn(phone), []);
    await phone.json('device', 'remove', found.slice(0, 8), '--yes');
  });
  await test('a device taken out gets no new key; taken in again, what comes from then on',
    async () => {
      await gather([laptop, phone]); // the tablet's end
      await until('the tablet is out', 40, async () =>
        (await laptop.json('device', 'list', 'Jeudi')).devices
          .filter(({ current }) => current).length === 3);
      await laptop.json('device', 'remove', pocket.slice(0, 8), '--circle', 'Jeudi', '--yes');
      await gather([nadia]);
      await until('nadia hears of it', 40, async () =>
        (await nadia.json('device', 'list', 'Jeudi')).devices
          .find(({ device }) => device === pocket)?.current === false);
      await nadia.json('share', 'add', '--circle', 'Jeudi', '--sort', 'experience',
        '--title', 'sans elle', '--text', 'Sous une autre clé.');
      await seen(laptop, 'sans elle');
      await sleep(3000); // it is there, and nobody talks to it
      same('phone', (await titles(phone)).includes('sans elle'), false);
      const { peers } = await laptop.json('peers');
      same('peers', peers.map(({ name }) => name), ['Nadia']);

      const args = ['device', 'restore', pocket.slice(0, 8), '--circle', 'Jeudi', '--yes', '--json',
        '--passphrase-fd', '3'];
      same('wrong', (await laptop.run(args, { passphrase: 'non' })).status, 5);
      await sleep(1200);
      const { status, err } = await laptop.run(args, { passphrase: laptop.passphrase });
      if (status !== 0) throw new Error(err);
      await laptop.json('share', 'add', '--circle', 'Jeudi', '--sort', 'experience',
        '--title', 'de nouveau', '--text', 'Pour les deux.');
      await gather([laptop, phone]);
      await seen(phone, 'de nouveau');
      same('between', (await titles(phone)).includes('sans elle'), false);
    });
} finally {
  for (const person of all) {
    await person.stop();
    person.destroy();
  }
}
finish();
