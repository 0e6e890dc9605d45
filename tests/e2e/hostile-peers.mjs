// Strangers in the same network, against real nodes: 600 slow connections from 25 addresses while
// two members meet and write; and whatever a stranger says, what was heard before played again too,
// there is no byte of an answer, and the same end after the same time.
//   node tests/e2e/hostile-peers.mjs
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './lib/api.mjs';
import { enterNamespace, Network } from './lib/network.mjs';
import { packets, payload, segment } from './lib/pcap.mjs';
import { sleep, until } from './lib/person.mjs';
import { finish, random, test } from './lib/report.mjs';
import { agree, found, startPeople } from './lib/sample.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const SLOW = 600, ADDRESSES = 25; // half of them at each node: more than it keeps
const MEET_SECONDS = 15, SHOWN_MS = 2000; // with all of them there
const GROWTH_KIB = 2048;
const MORE_DESCRIPTORS = 16 + 256 + 8; // VL_HALF_OPEN_MAX, VL_DISCARD_MAX, and some
const HANDSHAKE_SECONDS = 10, EARLY_MS = 300, LATE_MS = 1500; // VL_HANDSHAKE_SECONDS

const seed = Date.now() % 1000000;
const draw = random(seed);
const rubbish = (size) => Buffer.from(Array.from({ length: size }, () => Math.floor(draw() * 256)));
const network = new Network(['one', 'two']);
const folder = mkdtempSync(join(tmpdir(), 'veillee-hostile-'));
const people = [];
const slow = new Set();
let circle, isFlooding = false, opened = 0;

const hostOf = (person) => network.hosts.get(person.host);
const strangers = Array.from({ length: ADDRESSES }, (_, at) => `10.77.0.${100 + at}`);

/** The ports at which that person's node listens for others, by IPv4 (`tcp`) or IPv6 (`tcp6`). */
function portsOf(person, table = 'tcp') {
  const lines = readFileSync(`/proc/${person.process.pid}/net/${table}`, 'utf8').split('\n');
  return lines.slice(1).map((line) => line.trim().split(/\s+/))
    .filter((one) => one[3] === '0A' && !one[1].startsWith('0100007F'))
    .map((one) => Number.parseInt(one[1].split(':')[1], 16));
}
const portOf = (person) => portsOf(person)[0];

function holds(person) {
  const { pid } = person.process;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { memory: Number(/RssAnon:\s+(\d+)/.exec(status)[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

// ---- two members in the midst of it ----

/** One connection that says a byte now and then; when it is closed another one takes its place. */
function trickle(person, localAddress) {
  const again = () => setTimeout(() => { if (isFlooding) trickle(person, localAddress); }, 100);
  const listening = portOf(person);
  if (!listening) { // she is away
    again();
    return;
  }
  const socket = connect({ host: hostOf(person).address, port: listening, localAddress });
  slow.add(socket);
  opened++;
  const timer = setInterval(() => socket.write(rubbish(1)), 700);
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(timer);
    slow.delete(socket);
    again();
  });
}

async function flooded(body) {
  isFlooding = true;
  for (let at = 0; at < SLOW; at++) trickle(people[at % 2], strangers[at % ADDRESSES]);
  await sleep(2000);
  try {
    return await body();
  } finally {
    isFlooding = false;
    for (const socket of slow) socket.destroy();
  }
}

async function timeOf(body) {
  const begin = performance.now();
  await body();
  return performance.now() - begin;
}

const gather = (person) =>
  ask(person, 'POST', `circles/${circle}/gather`, { body: { seconds: 3600 } });
const connections = async (person) => (await ask(person, 'GET', 'status')).connections;

/** Goes away and comes back: how long until they have met again, in ms. */
async function meetAgain() {
  await ask(people[1], 'POST', 'away', { body: {} });
  await until('they are apart', 20, async () => await connections(people[0]) === 0);
  return timeOf(async () => {
    await gather(people[1]);
    await until('they meet', MEET_SECONDS, async () => await connections(people[0]) > 0);
  });
}

/** How long until what one writes is at the other, in ms. */
async function write(title) {
  await ask(people[0], 'POST', `circles/${circle}/shares`,
    { body: { sort: 'experience', title, text: 'Voilà.', keep: 'kept' } });
  return timeOf(() => until(`it comes: ${title}`, 30, async () =>
    (await ask(people[1], 'GET', `circles/${circle}/shares`)).shares
      .some((one) => one.title === title)));
}

// ---- what a stranger gets ----

/** Says it: the bytes that came back, how it ended, and after how long, in ms. */
function say(person, words, localAddress) {
  return new Promise((resolve) => {
    const begin = performance.now();
    let came = 0, end = 'closed';
    const socket = connect({ host: hostOf(person).address, port: portOf(person), localAddress });
    socket.on('data', (data) => { came += data.length; });
    socket.on('error', (error) => { end = error.code; });
    socket.on('close', () => resolve({ came, end, after: performance.now() - begin }));
    socket.on('connect', () => { for (const one of words) socket.write(one); });
    setTimeout(() => { end = 'open'; socket.destroy(); }, 30000).unref();
  });
}

/** What the one's node says in the connections that it opens to the other's: of each that began in
 * the capture all that it sent, in order, once. */
function dialled(frames, one, other) {
  const ports = ['tcp', 'tcp6'].flatMap((table) => portsOf(other, table));
  const mac = network.mac(one.host).replaceAll(':', '');
  const flows = new Map(); // by the port that it dials from
  for (const frame of frames) {
    const { from, to, seq, isFirst } = segment(frame) ?? {};
    if (frame.toString('hex', 6, 12) !== mac || !ports.includes(to)) continue;
    if (isFirst) flows.set(from, { begin: seq, parts: new Map() });
    const bytes = payload(frame), flow = flows.get(from);
    if (flow && bytes.length > 0) flow.parts.set((seq - flow.begin) >>> 0, bytes);
  }
  return [...flows.values()].map(({ parts }) =>
    [...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
}

/** What is said while they meet, by the node that dials: {said, to}, in order, and to whom. Which
 * of the two it is follows from their keys (docs/discovery.md). */
async function captured() {
  const file = join(folder, 'meeting.pcap');
  const [command, argv] = Network.on(people[1].host, ['tcpdump', '-i', 'eth0', '-s', '0', '-U',
    '-w', file, '-Z', 'root', 'tcp']);
  const dump = spawn(command, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  dump.stderr.on('data', (data) => { told += data; });
  await until('tcpdump listens', 10, () => /listening on/.test(told));
  await meetAgain();
  await sleep(1500);
  dump.kill('SIGINT');
  await new Promise((resolve) => { dump.on('close', resolve); });
  const frames = packets(readFileSync(file)), [one, other] = people;
  const flows = [[one, other], [other, one]].flatMap(([from, to]) =>
    dialled(frames, from, to).map((said) => ({ said, to })));
  // If both dialled, the connection that was kept is the one in which most was said.
  const [kept] = flows.sort((a, b) => b.said.length - a.said.length);
  if (!kept || kept.said.length < 4) throw new Error(`only ${kept?.said.length ?? 0} packets`);
  return kept;
}

try {
  network.joinAsStranger(strangers);
  await startPeople(['Inès', 'Nadia'], { hosts: ['one', 'two'], made: (one) => people.push(one) });
  circle = await found(people, { name: 'Cercle' });
  console.log(`     seed ${seed}`);

  await test(`${SLOW} slow connections from ${ADDRESSES} addresses: members meet, and write`,
    async () => {
      const alone = await meetAgain(), before = people.map(holds);
      await flooded(async () => {
        const met = await meetAgain();
        const shown = [];
        for (const title of ['un', 'deux', 'trois']) shown.push(await write(title));
        const most = Math.max(...shown);
        console.log(`     met after ${Math.round(met)} ms (alone ${Math.round(alone)} ms), a ` +
          `word after at most ${Math.round(most)} ms; ${opened} connections were begun`);
        if (most > SHOWN_MS) throw new Error(`a word came after ${most} ms`);
        for (const [at, was] of before.entries()) {
          const is = holds(people[at]);
          if (is.memory > was.memory + GROWTH_KIB)
            throw new Error(`${was.memory} KiB became ${is.memory}`);
          if (is.descriptors > was.descriptors + MORE_DESCRIPTORS)
            throw new Error(`${was.descriptors} descriptors became ${is.descriptors}`);
        }
      });
      await agree(people, circle);
    });

  await test('whatever a stranger says: no byte, the same end after the same time', async () => {
    const { said, to } = await captured();
    await sleep((HANDSHAKE_SECONDS + 1) * 1000); // what was half open is gone
    const [first] = said, changed = Buffer.from(first);
    changed[changed.length - 1] ^= 1;
    const kinds = { nothing: [], 'one byte': [rubbish(1)], 'as many bytes': [rubbish(first.length)],
      much: [rubbish(65536)], 'what she said first': [first], 'half of it': [first.subarray(0, 20)],
      'one bit of it changed': [changed], 'all that she said': said };
    const all = await Promise.all(Object.entries(kinds).map(async ([kind, words], at) =>
      [kind, await say(to, words, strangers[at])]));
    for (const [kind, { came, end, after }] of all) {
      console.log(`     ${kind}: ${came} bytes, ${end} after ${Math.round(after)} ms`);
      if (came > 0) throw new Error(`${kind}: ${came} bytes came`);
      if (end !== 'ECONNRESET') throw new Error(`${kind}: ${end}`);
      const late = after - HANDSHAKE_SECONDS * 1000;
      if (late < -EARLY_MS || late > LATE_MS) throw new Error(`${kind}: after ${after} ms`);
    }
    if (await connections(people[0]) !== 1) throw new Error('the members are connected no more');
  });
} finally {
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
  rmSync(folder, { recursive: true, force: true });
}
finish();
