// Discovery really goes through multicast: with it cut (unicast still works) two members of one
// circle do not find each other; with it back they do. And away means away.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const CIRCLE = 'Cercle';
if (!enterNamespace()) finish('no network namespaces here');
const network = new Network(['one', 'two']);
const people = [new Person('one', 'one'), new Person('two', 'two')];
const [one, two] = people;

const meets = async (person) => {
  const { peers } = await person.json('peers');
  return peers.find((peer) => peer.connected);
};

/** Packets on the host's wire during `body`, as tcpdump prints them. */
async function capture(host, body) {
  const [file, argv] = Network.on(host, ['tcpdump', '-i', 'eth0', '-n', '-l', '-U',
    'not (icmp6 or arp or igmp or ip6 multicast)']);
  const dump = spawn(file, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  dump.stdout.on('data', (data) => { out += data; });
  await sleep(700);
  await body();
  await sleep(500);
  dump.kill('SIGINT');
  await new Promise((resolve) => dump.on('close', resolve));
  return out.split('\n').filter(Boolean);
}

try {
  for (const person of people) {
    await person.init();
    await person.start();
  }
  await one.json('circle', 'new', CIRCLE, '--as', 'Un');
  await pair(one, CIRCLE, two, 'Deux');
  await one.json('away');
  await two.json('away');
  await sleep(1000);

  await test('away: no packet at all', async () => {
    const packets = await capture('one', async () => {
      await one.json('share', 'add', '--title', 'loin', '--text', 'personne ici');
      await sleep(4000);
    });
    if (packets.length > 0) throw new Error(packets.slice(0, 5).join('\n'));
  });
  await test('with multicast cut they do not find each other', async () => {
    network.setMulticast(false);
    for (const person of people) await person.json('gather', CIRCLE, '--for', '1h');
    await sleep(15000);
    for (const person of people) {
      const peer = await meets(person);
      if (peer) throw new Error(`${person.name} found ${JSON.stringify(peer)}`);
    }
  });
  await test('with multicast back they find each other by mDNS', async () => {
    network.setMulticast(true);
    const peers = [], begin = Date.now();
    for (const person of people) {
      peers.push(await until(`${person.name} meets`, 12, () => meets(person)));
    }
    console.log(`     after ${Date.now() - begin} ms`);
    if (!peers.some((peer) => peer.discovered_by === 'mdns')) {
      throw new Error(JSON.stringify(peers));
    }
    await until('both hold the share', 30, async () =>
      (await two.json('share', 'list')).shares.length === 1);
  });
  await test('a gathering opened without a network shows itself when there is one', async () => {
    await one.json('away');
    network.setLink('one', false);
    await until('two is alone', 120, async () => !(await meets(two)));
    await until('the link is down', 5, async () =>
      (await one.json('gather', CIRCLE, '--for', '1h')).no_network);
    const { out } = await one.run(['status']);
    if (!/pas encore de réseau/.test(out)) throw new Error(out);
    network.setLink('one', true);
    const begin = Date.now();
    await until('they meet again', 20, () => meets(one));
    console.log(`     after ${Date.now() - begin} ms`);
    if ((await one.json('status')).no_network) throw new Error('still without a network');
  });
  await test('an address change is healed', async () => {
    network.setAddress('one', '10.77.0.101');
    await two.json('share', 'add', '--title', 'ailleurs', '--text', 'nouvelle adresse');
    await until('the share arrives at the new address', 90, async () =>
      (await one.json('share', 'list')).shares.length === 2);
  });
  await test('a restored vault shows old numbers, and meets all the same', async () => {
    const saved = mkdtempSync(join(tmpdir(), 'veillee-saved-'));
    const meet = async () => {
      for (const person of people) await person.json('gather', CIRCLE, '--for', '1h');
      await until('they meet', 30, () => meets(one));
      for (const person of people) await person.json('away');
    };
    for (const person of people) await person.json('away');
    for (const person of people) { // each in turn: the other has seen higher numbers of hers
      await person.stop();
      cpSync(person.vault, saved, { recursive: true });
      await person.start();
      for (let round = 0; round < 2; round++) await meet();
      await person.stop();
      rmSync(person.vault, { recursive: true, force: true });
      cpSync(saved, person.vault, { recursive: true });
      rmSync(saved, { recursive: true, force: true });
      await person.start();
      await meet();
    }
  });
} finally {
  for (const person of people) person.destroy();
}
finish();
