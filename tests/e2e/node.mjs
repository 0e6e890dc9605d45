// Whole nodes on a virtual network, without the local API: founding and joining by spoken code,
// sync, absence, addresses that change, processes that are killed, strangers at the door.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { enterNamespace, Network } from './lib/network.mjs';
import { sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const BUILD = process.env.VEILLEE_BUILD ?? new URL('../../build', import.meta.url).pathname;
if (!enterNamespace()) finish('no network namespaces here');
const network = new Network(['anna', 'bruno', 'chloe']);
const folder = mkdtempSync(join(tmpdir(), 'veillee-node-'));

class Node {
  constructor(name, host = name) {
    this.name = name;
    this.host = host;
  }

  async start() {
    const [file, args] = Network.on(this.host, [`${BUILD}/interop/node_probe`,
      join(folder, this.name), 'eth0']);
    this.process = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.over = new Promise((resolve) => {
      this.process.on('close', (status, signal) => resolve({ status, signal }));
    });
    this.lines = [];
    this.state = {};
    this.process.stdin.on('error', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const value = JSON.parse(line);
      if (value.state) this.state = value;
      this.lines.push(value);
    });
    await until(`${this.name} is ready`, 30, () => this.lines.some((line) => line.ready));
  }

  say(...words) {
    this.process.stdin.write(words.join(' ') + '\n');
  }

  /** Says it and waits for its result. */
  async ask(...words) {
    const from = this.lines.length;
    this.say(...words);
    const line = await until(`${this.name} answers ${words[0]}`, 10, () =>
      this.lines.slice(from).find(({ result }) => result));
    return { result: line.result, lines: this.lines.slice(from) };
  }

  async ok(...words) {
    const { result, lines } = await this.ask(...words);
    if (result !== 'OK') throw new Error(`${this.name} ${words.join(' ')}: ${result}`);
    return lines;
  }

  async now() {
    const from = this.lines.length;
    this.say('state');
    return until('state', 10, () => this.lines.slice(from).find(({ asked }) => asked));
  }

  reaches(what, seconds, check) {
    return until(`${this.name}: ${what}: ${JSON.stringify(this.state)}`, seconds,
      () => check(this.state)).catch((error) => {
      throw new Error(`${error.message}; now ${JSON.stringify(this.state)}`);
    });
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.over;
  }
}

const anna = new Node('anna'), bruno = new Node('bruno'), chloe = new Node('chloe');
const all = [anna, bruno, chloe];

async function pair(inviter, joiner, pseudonym) {
  const [{ code }] = (await inviter.ok('invite', 60)).filter((line) => line.code);
  await joiner.ok('join', 60, pseudonym, code);
  await joiner.reaches('the offer', 20, ({ pairing }) => pairing === 'deciding');
  await joiner.ok('decide', 'yes');
  await inviter.reaches('the answer', 20, ({ pairing }) => pairing === 'deciding');
  if (inviter.state.other !== pseudonym) throw new Error(`who is ${inviter.state.other}?`);
  await inviter.ok('decide', 'yes');
  await joiner.reaches('done', 20, ({ pairing }) => pairing === 'done');
  await inviter.reaches('done', 20, ({ pairing }) => pairing === 'done');
}

async function digests(nodes) {
  return Promise.all(nodes.map(async (node) => (await node.now()).digest));
}
const agree = (nodes, seconds = 20) => until('all agree', seconds, async () => {
  const [first, ...others] = await digests(nodes);
  return first && others.every((digest) => digest === first);
}).catch(async (error) => {
  throw new Error(`${error.message}: ${JSON.stringify(nodes.map(({ state }) => state))}`);
});
const gather = (nodes) => Promise.all(nodes.map((node) => node.ok('gather', 600)));
const away = (nodes) => Promise.all(nodes.map((node) => node.ok('away')));

function assert(condition, what) {
  if (!condition) throw new Error(what);
}

try {
  for (const node of all) await node.start();

  await test('a draft is founded by two with a spoken code', async () => {
    await anna.ok('draft', 'Mardi', 'Anna');
    const refused = await anna.ask('gather', 60);
    assert(refused.result === 'STATE', `a draft was gathered: ${refused.result}`);
    await pair(anna, bruno, 'Bruno');
    await agree([anna, bruno]);
    const [a, b] = [await anna.now(), await bruno.now()];
    assert(!a.draft && a.circles === 1 && b.circles === 1 && b.name === 'Mardi', 'one circle');
    assert(a.state === 'away' && b.state === 'away', `${a.state} ${b.state}`);
  });

  await test('a third joins', async () => {
    const refused = await bruno.ask('invite', 60);
    assert(refused.result === 'AUTHORITY', `no facilitator, yet ${refused.result}`);
    await pair(anna, chloe, 'Chloe');
    await agree([anna, chloe]);
  });

  await test('a gathering finds a member who missed a newcomer, and all agree', async () => {
    await gather(all);
    await agree(all);
    await chloe.ok('write', 'le premier mot de Chloe');
    await anna.ok('write', 'le premier mot de Anna');
    await agree(all);
    const peers = (await anna.ok('peers')).filter(({ peer }) => peer);
    assert(peers.length === 2 && peers.every(({ connected, by }) => connected && by),
      JSON.stringify(peers));
    assert(peers.some(({ by }) => by === 'mdns'), 'found by mDNS');
  });
} finally {
  for (const node of all) node.process?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
finish();
