// Whole nodes on a virtual network, without the local API: founding and joining by spoken code,
// sync, absence, addresses that change, processes that are killed, strangers at the door.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { enterNamespace, Network } from './lib/network.mjs';
import { sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const BUILD = process.env.VEILLEE_BUILD ?? new URL('../../build', import.meta.url).pathname;
if (!enterNamespace()) finish('no network namespaces here');
const network = new Network(['anna', 'bruno', 'chloe', 'eve']);
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

/** TCP ports that listen on that host. */
function listening(host) {
  const [file, args] = Network.on(host, ['ss', '-ltnH4']);
  return execFileSync(file, args, { encoding: 'utf8' }).trim().split('\n').filter(Boolean)
    .map((line) => line.split(/\s+/)[3].split(':').pop());
}

/** Three words of the list that are no code of ours. */
const LIST = execFileSync('sh', ['-c', `grep -ohE '"[a-z]{4,7}"' "$0" | tr -d '"'`,
  new URL('../../sync/words_fr.c', import.meta.url).pathname], { encoding: 'utf8' }).split('\n');
const words = (number) => LIST.slice(number * 3, number * 3 + 3).join(' ');

/** What eve runs: 200 connections that send nothing, little, noise, or too much, slowly. */
const strangers = `
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
const [host, port] = process.argv.slice(1);
let bytes = 0, open = 0, late = 0;
const ends = new Set();
const over = [];
for (let number = 0; number < 200; number++) {
  // Not all in one moment: what the kernel's queue of connections drops, nobody would ever close.
  await new Promise((resolve) => setTimeout(resolve, 5));
  over.push(new Promise((resolve) => {
    const begin = Date.now();
    const socket = connect({ host, port: Number(port) }, () => {
      open++;
      if (number % 4 === 1) socket.write(randomBytes(48));
      if (number % 4 === 2) socket.write(randomBytes(20));
      if (number % 4 === 3) socket.write(randomBytes(4000));
      if (open === 200) console.log('holding');
    });
    let how = 'closed';
    socket.setTimeout(20000, () => { ends.add('never'); socket.destroy(); });
    socket.on('data', (data) => { bytes += data.length; });
    socket.on('error', (error) => { how = error.code; });
    socket.on('close', () => {
      const seconds = Math.round((Date.now() - begin) / 1000);
      ends.add(how);
      if (seconds >= 9) late++;
      if (seconds < 9 || seconds > 12) ends.add(seconds);
      resolve();
    });
  }));
}
await Promise.all(over);
console.log(JSON.stringify({ bytes, late, alike: ends.size === 1, ends: [...ends] }));
`;

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

  await test('what is written goes to whoever is there, in both directions', async () => {
    for (let number = 0; number < 20; number++) {
      await all[number % 3].ok('write', `ligne ${number}`);
    }
    await agree(all);
    const peers = (await bruno.ok('peers')).filter(({ peer }) => peer);
    await until('one connection for each pair', 15, async () =>
      (await Promise.all(all.map((node) => node.now()))).every(({ connections }) =>
        connections === 2));
    assert(peers.length === 2, JSON.stringify(peers));
  });

  await test('a new address: found again, and synced', async () => {
    network.setAddress('bruno', '10.77.0.102');
    await anna.ok('write', 'pendant le changement');
    await agree(all, 60);
    await bruno.ok('write', 'de la nouvelle adresse');
    await agree(all, 60);
  });

  await test('a cable pulled and plugged in again', async () => {
    network.setLink('chloe', false);
    await anna.ok('write', 'sans Chloe');
    await chloe.ok('write', 'sans les autres');
    await agree([anna, bruno]);
    await sleep(1000);
    network.setLink('chloe', true);
    await agree(all, 90);
  });

  await test('a stale member is dialled by one who has the new key', async () => {
    await away(all);
    await anna.ok('epoch');
    await chloe.ok('write', 'sous la cle ancienne');
    await gather([anna, chloe]);
    await agree([anna, chloe], 30);
    assert((await chloe.now()).epochs === 2, 'Chloe has the new key');
    await anna.ok('write', 'sous la cle nouvelle');
    await agree([anna, chloe], 30);
    await gather([bruno]);
    await agree(all, 30);
  });

  await test('killed in the middle of a sync, started again: nothing is lost', async () => {
    for (let round = 0; round < 5; round++) {
      await chloe.ok('away');
      for (let number = 0; number < 40; number++) anna.say('write', `tour ${round} mot ${number}`);
      await anna.ok('write', `tour ${round} dernier`);
      await chloe.ok('write', `durable ${round}`);
      const kept = (await chloe.now()).digest;
      chloe.say('gather', 600);
      if (round > 0) await sleep(400 + round * 150);
      await chloe.stop('SIGKILL');
      await chloe.start();
      const after = (await chloe.now()).digest;
      assert(round > 0 || after === kept, 'what was saved is there');
      await chloe.ok('gather', 600);
      await agree(all, 60);
    }
  });

  await test('200 slow strangers: not one byte, honest peers sync on', async () => {
    const ports = listening('bruno');
    assert(ports.length >= 1, 'bruno listens');
    const [file, args] = Network.on('eve', [process.execPath, '--input-type=module', '-e',
      strangers, network.hosts.get('bruno').address, ports[0]]);
    const eve = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    eve.stdout.on('data', (data) => { report += data; });
    const over = new Promise((resolve) => eve.on('close', resolve));
    await until('eve holds 200', 10, () => report.includes('holding'));
    await anna.ok('write', 'malgre les inconnus');
    await agree(all, 10);
    await chloe.stop();
    await chloe.start();
    await chloe.ok('gather', 600);
    await chloe.ok('write', 'nouvelle connexion malgre tout');
    await agree(all, 10);
    await over;
    const { bytes, alike, late } = JSON.parse(report.split('\n').at(-2));
    assert(bytes === 0, `${bytes} bytes answered`);
    assert(alike, `closed in several ways or times: ${report}`);
    assert(late >= 1, 'some lived to the common deadline');
  });

  await test('a gathering ends by itself, and then nothing listens', async () => {
    await away(all);
    await anna.ok('gather', 1.5);
    assert(listening('anna').length > 0, 'listens while it lasts');
    await anna.reaches('away', 10, ({ state }) => state === 'away');
    assert(listening('anna').length === 0, 'listens no more');
  });

  await test('wrong words: told at once, three tries, then the invitation is over', async () => {
    const [{ code }] = (await anna.ok('invite', 60)).filter((line) => line.code);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const wrong = `${code.split(' ')[0]} ${words(attempt)}`;
      assert(wrong !== code, 'bad luck: the random code is this one');
      await chloe.ok('join', 60, 'Chloe', wrong);
      await chloe.reaches('fails', 15, ({ pairing }) => pairing === 'failed');
      assert(chloe.state.why === 'CODE', chloe.state.why);
      await anna.reaches('counts', 15, ({ tries }) => tries === 3 - attempt);
    }
    await anna.reaches('over', 5, ({ pairing, why }) => pairing === 'failed' && why === 'CODE');
    assert((await chloe.now()).circles === 1, 'nothing was left behind');
  });

  await test('refused by either side: nothing is left behind', async () => {
    for (const who of [chloe, anna]) {
      const before = [(await anna.now()).digest, (await chloe.now()).circles];
      const [{ code }] = (await anna.ok('invite', 60)).filter((line) => line.code);
      await chloe.ok('join', 60, 'Chloe', code);
      await chloe.reaches('the offer', 20, ({ pairing }) => pairing === 'deciding');
      // She is in this circle already: that is found out when she says yes.
      const answer = await chloe.ask('decide', who === chloe ? 'no' : 'yes');
      await chloe.reaches('failed', 15, ({ pairing }) => pairing === 'failed');
      assert(chloe.state.why === (who === chloe ? 'REFUSED' : 'EXISTS'),
        `${chloe.state.why} ${answer.result}`);
      await anna.reaches('refused', 15, ({ pairing, why }) =>
        pairing === 'failed' && why === 'REFUSED');
      const after = [(await anna.now()).digest, (await chloe.now()).circles];
      assert(String(after) === String(before), 'nothing changed');
    }
    const dora = new Node('dora', 'eve');
    await dora.start();
    const [{ code }] = (await anna.ok('invite', 60)).filter((line) => line.code);
    await dora.ok('join', 60, 'Dora', code);
    await dora.reaches('the offer', 20, ({ pairing }) => pairing === 'deciding');
    await dora.ok('decide', 'yes');
    await anna.reaches('the answer', 20, ({ pairing }) => pairing === 'deciding');
    await anna.ok('decide', 'no');
    await dora.reaches('failed', 15, ({ pairing, why }) => pairing === 'failed' &&
      why === 'REFUSED');
    assert((await dora.now()).circles === 0, 'the row is gone');
    await dora.stop();
    await dora.start();
    assert((await dora.now()).circles === 0, 'also after a restart');
    await dora.stop();
  });

  await test('an invitation nobody takes ends with its time', async () => {
    await away(all);
    await anna.ok('invite', 1);
    await anna.reaches('over', 10, ({ pairing, why, state }) =>
      pairing === 'failed' && why === 'TIMEOUT' && state === 'away');
    await chloe.ok('join', 1, 'Chloe', '99 ' + words(1));
    await chloe.reaches('over', 10, ({ pairing, why, state }) =>
      pairing === 'failed' && why === 'TIMEOUT' && state === 'away');
  });

  await test('several nodes on one address', async () => {
    await away(all);
    await bruno.stop();
    await chloe.stop();
    bruno.host = chloe.host = 'anna';
    await bruno.start();
    await chloe.start();
    await gather(all);
    await bruno.ok('write', 'sous un seul toit');
    await agree(all, 30);
  });
} finally {
  for (const node of all) node.process?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
finish();
