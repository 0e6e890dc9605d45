// "What is shown as saved survives": two nodes sync while both write; again and again one of them
// is killed at a random moment and started again from disk. Whatever a command reported as saved
// must be there, every entry must verify, and in the end both agree to the byte.
//   node tests/e2e/kill.mjs [TRIES] [SEED]
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, random, test } from './lib/report.mjs';

const tries = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? Date.now() % 1000000);
const CIRCLE = 'Cercle';

if (!enterNamespace()) finish('no network namespaces here');

const draw = random(seed);
const network = new Network(['one', 'two']);
const people = [new Person('one', 'one'), new Person('two', 'two')];
const saved = new Map(people.map((person) => [person, new Set()]));

/** Writes shares one after the other until told to stop or the node is gone. */
async function writeWhile(person, going, round) {
  for (let n = 0; going.now; n++) {
    const { status, out } = await person.run(['share', 'add', '--title',
      `${person.name} ${round}.${n}`, '--text', 'x'.repeat(Math.floor(draw() * 3000)), '--json']);
    if (status !== 0) return;
    saved.get(person).add(JSON.parse(out).id);
  }
}

async function missing(person, ids) {
  const { shares } = await person.json('share', 'list');
  const here = new Set(shares.map((share) => share.id));
  return [...ids].filter((id) => !here.has(id));
}

async function oneTry(round) {
  const victim = people[Math.floor(draw() * 2)];
  const going = { now: true };
  const writers = people.map((person) => writeWhile(person, going, round));
  await sleep(30 + draw() * 900);
  await victim.kill();
  going.now = false;
  await Promise.all(writers);
  await victim.start();
  const lost = await missing(victim, saved.get(victim));
  if (lost.length > 0) throw new Error(`round ${round}: ${victim.name} lost ${lost.join(', ')}`);
  await victim.json('gather', CIRCLE, '--for', '1h');
}

try {
  for (const person of people) {
    await person.init();
    await person.start();
  }
  await people[0].json('circle', 'new', CIRCLE, '--as', 'Un');
  await pair(people[0], CIRCLE, people[1], 'Deux');
  for (const person of people) await person.json('gather', CIRCLE, '--for', '1h');

  await test(`${tries} kills lose nothing that was shown as saved (seed ${seed})`, async () => {
    for (let round = 0; round < tries; round++) await oneTry(round);
  });
  await test('both hold everything that either showed as saved', async () => {
    const all = new Set([...saved.get(people[0]), ...saved.get(people[1])]);
    for (const person of people) {
      await until(`${person.name} has all ${all.size}`, 60, async () =>
        (await missing(person, all)).length === 0);
    }
    console.log(`  ${all.size} shares`);
  });
  await test('every hash and signature verifies, and the digests are equal', async () => {
    const reports = [];
    for (const person of people) reports.push(await person.json('verify', CIRCLE));
    if (reports[0].digest !== reports[1].digest) throw new Error('the digests differ');
  });
} finally {
  for (const person of people) person.destroy();
}
finish();
