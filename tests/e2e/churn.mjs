// Five real nodes that come and go, write, change, take back, are locked and killed, with cables
// pulled and peers that send rubbish: what those that stay hold, in memory and descriptors, is the
// same after each round, and all have the same records in the end.
//   node tests/e2e/churn.mjs [SECONDS] [SEED]      default: 60 s; ./dev soak churn HOURS
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ask } from './lib/api.mjs';
import { enterNamespace, Network } from './lib/network.mjs';
import { Person, sleep, until } from './lib/person.mjs';
import { finish, random, test } from './lib/report.mjs';
import { agree, found, startPeople } from './lib/sample.mjs';

const SECONDS = Number(process.argv[2] ?? 60);
const SEED = Number(process.argv[3] ?? Date.now() % 1000000);
if (!Number.isInteger(SEED) || !(SECONDS > 0)) finish('churn.mjs [SECONDS] [SEED]');
if (!enterNamespace()) finish('no network namespaces here');

const NAMES = ['Anna', 'Binta', 'Carla', 'Dora', 'Elif'];
const STAY = 3; // the first ones are never ended; they are measured
const ROUND_SECONDS = 6;
const FORGET_SECONDS = 11; // VL_HANDSHAKE_SECONDS and one: strangers are held no longer
const WARM_ROUNDS = 2; // until what is kept for later use is there
// What may grow: records are kept, of each something is known in memory; pages come and go.
const GROWTH_KIB = 1024, KIB_OF_A_WRITE = 2, MORE_DESCRIPTORS = 3;

const draw = random(SEED);
const below = (count) => Math.floor(draw() * count);
const pick = (list) => list[below(list.length)];
const hosts = NAMES.map((name) => name.toLowerCase());
const network = new Network(hosts);
const people = [];
let circle, writes = 0, ended = 0;
const did = new Map();
const own = new Map(); // each person's shares, oldest first

const path = (what = '') => `circles/${circle}/${what}`;
const isUp = (person) => person.process !== null;
const circleOf = async (person) =>
  (await ask(person, 'GET', 'status')).circles?.find((one) => one.id === circle);

/** Resident memory of its own, in KiB, and open descriptors by what they are. */
function holds(person) {
  const { pid } = person.process;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kinds = new Map();
  for (const one of readdirSync(`/proc/${pid}/fd`)) {
    let kind;
    try {
      kind = readlinkSync(`/proc/${pid}/fd/${one}`).replace(/\d+/g, 'N').replace(/.*\//, '');
    } catch {
      continue; // closed meanwhile
    }
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const descriptors = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  return { memory: Number(/RssAnon:\s+(\d+)/.exec(status)[1]), descriptors, kinds };
}

// ---- what happens ----

const ACTIONS = {
  async writes(person) {
    const { id } = await ask(person, 'POST', path('shares'), { body: { sort: 'experience',
      keep: 'kept', title: `Mot ${writes}`, text: 'x'.repeat(below(800)) } });
    own.get(person).push(id);
    writes++;
  },
  async changes(person) {
    if (own.get(person).length === 0) return;
    const title = `Changé ${writes}`;
    await ask(person, 'PATCH', path(`shares/${pick(own.get(person))}`), { body: { title } });
    writes++;
  },
  async takesBack(person) {
    const id = own.get(person).shift();
    if (!id) return;
    await ask(person, 'DELETE', path(`shares/${id}`));
    writes++;
  },
  async goesAway(person) {
    await ask(person, 'POST', 'away', { body: {} });
    await sleep(below(800));
    await ask(person, 'POST', path('gather'), { body: { seconds: 3600 } });
  },
  async pullsTheCable(person) {
    network.setLink(person.host, false);
    await sleep(200 + below(1500));
    network.setLink(person.host, true);
  },
  async looks(person) { // a page that is opened and closed
    const stop = await ask(person, 'GET', 'events', { onEvent: () => {} });
    await ask(person, 'GET', path('members'));
    await sleep(below(500));
    stop();
  },
  async isShoutedAt(person) { // strangers at its port: rubbish, or nothing at all
    for (const port of portsOf(person)) {
      for (let times = 0; times < 8; times++) await rubbish(person, port);
    }
  },
  async locks(person) {
    await ask(person, 'POST', 'lock', { body: {} });
    await ask(person, 'POST', 'unlock', { body: { passphrase: person.passphrase } });
    await ask(person, 'POST', path('gather'), { body: { seconds: 3600 } });
  },
};

/** Ports on which that person's node listens towards others. */
function portsOf(person) {
  const table = readFileSync(`/proc/${person.process.pid}/net/tcp`, 'utf8');
  return table.split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    .filter((one) => one[3] === '0A' && !one[1].startsWith('0100007F'))
    .map((one) => Number.parseInt(one[1].split(':')[1], 16));
}

/** From here, through the bridge: this process is in no host of the network. */
function rubbish(person, port) {
  return new Promise((resolve) => {
    const { address } = network.hosts.get(person.host);
    const socket = connect({ host: address, port });
    const over = () => { socket.destroy(); resolve(); };
    socket.on('error', over);
    socket.on('connect', () => {
      if (below(3) > 0) socket.write(Buffer.alloc(1 + below(400), below(256)));
      setTimeout(over, below(150));
    });
    setTimeout(over, 400);
  });
}

async function endsAndBegins(person) {
  if (below(2) === 0) await person.kill();
  else await person.stop();
  ended++;
  await sleep(below(700));
  await person.start();
  await ask(person, 'POST', path('gather'), { body: { seconds: 3600 } });
}

/** Some seconds of it, each person at her own pace; all of it is over when it returns. */
async function round() {
  const end = Date.now() + ROUND_SECONDS * 1000;
  await Promise.all(people.map(async (person, at) => {
    while (Date.now() < end) {
      const name = at >= STAY && below(5) === 0 ? 'endsAndBegins' : pick(Object.keys(ACTIONS));
      did.set(name, (did.get(name) ?? 0) + 1);
      await (name === 'endsAndBegins' ? endsAndBegins(person) : ACTIONS[name](person));
      await sleep(below(400));
    }
  }));
  await quiet();
}

/** Everybody is here, connected with all others, and has the same. */
async function quiet() {
  for (const person of people)
    await ask(person, 'POST', path('gather'), { body: { seconds: 3600 } });
  await agree(people, circle, 60);
  await until('all are connected', 60, async () => {
    const all = await Promise.all(people.map((person) => ask(person, 'GET', 'status')));
    return all.every((one) => one.connections >= people.length - 1);
  });
}

const say = (when) => {
  const line = people.slice(0, STAY).map((person) => {
    const { memory, descriptors } = holds(person);
    return `${memory} KiB ${descriptors}`;
  });
  console.log(`     ${when}: ${line.join(' · ')}, ${writes} written`);
};

try {
  network.joinAsStranger();
  await startPeople(NAMES, { hosts, made: (person) => people.push(person) });
  for (const person of people) own.set(person, []);
  circle = await found(people, { name: 'Cercle' });
  console.log(`     seed ${SEED}, ${SECONDS} s`);

  await test(`${SECONDS} s of coming and going: memory and descriptors are flat`, async () => {
    const end = Date.now() + SECONDS * 1000;
    for (let warm = 0; warm < WARM_ROUNDS; warm++) await round();
    await sleep(FORGET_SECONDS * 1000);
    say('warm');
    const before = people.slice(0, STAY).map(holds), written = writes;
    let rounds = 0;
    for (; rounds === 0 || Date.now() < end; rounds++) {
      await round();
      if (rounds % 20 === 0) say(`round ${rounds + 1}`);
    }
    await sleep(FORGET_SECONDS * 1000);
    say('after');
    for (const [at, was] of before.entries()) {
      const is = holds(people[at]);
      const most = was.memory + GROWTH_KIB + (writes - written) * KIB_OF_A_WRITE;
      if (is.memory > most)
        throw new Error(`${NAMES[at]}: ${was.memory} KiB became ${is.memory}, at most ${most}`);
      if (is.descriptors > was.descriptors + MORE_DESCRIPTORS)
        throw new Error(`${NAMES[at]}: ${was.descriptors} descriptors became ${is.descriptors}: ` +
          JSON.stringify([...is.kinds]));
    }
    console.log(`     ${rounds} rounds, ${ended} ended and begun again: ` +
      [...did].map(([name, count]) => `${name} ${count}`).join(', '));
  });

  await test('all have the same records, and nobody has two versions', async () => {
    await agree(people, circle);
    for (const person of people) {
      const { members } = await ask(person, 'GET', path('members'));
      if (members.some((one) => one.forked > 0)) throw new Error(`${person.name} sees a fork`);
    }
  });
} finally {
  for (const person of people) if (isUp(person)) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
