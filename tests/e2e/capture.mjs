// A whole evening on the wire: pairing, gathering, sync, leaving. Nothing of what was sent says who
// or what it was, and nothing of one gathering comes again in the next; away and locked, nothing is
// sent at all. Beside a system avahi-daemon that starts again and again members still meet.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { packets, payload, payloads, port } from './lib/pcap.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, skip, test } from './lib/report.mjs';

const CIRCLE = 'Cercle des hirondelles', MACHINE = 'tournesol-de-mathilde';
const PSEUDONYMS = ['Perrine-du-Moulin', 'Anselme-des-Quais'];
const TEXTS = ['La fatigue du soir et les volets bleus', 'Chez Perrine, 4 rue des Tanneurs'];
const RUN = 12; // bytes that are compared at a time
const OWN = 4;  // bytes that come again by no chance

if (!enterNamespace()) finish('no network namespaces here');
const folder = mkdtempSync(join(tmpdir(), 'veillee-capture-'));
const HOSTS = ['one', 'two', 'three', 'four'];
const network = new Network(HOSTS);
const everybody = HOSTS.map((host) => new Person(host, host));
const people = everybody.slice(0, 2), others = everybody.slice(2); // of another circle
const [one, two] = people;
const both = (body) => Promise.all(people.map(body));
const running = new Set();

function start(host, argv, env = {}) {
  const [file, args] = Network.on(host, argv);
  const child = spawn(file, args, { env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'] });
  child.text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => { child.text += data; });
  }
  running.add(child);
  child.ended = new Promise((resolve) => child.on('close', () => {
    running.delete(child);
    resolve();
  }));
  return child;
}
const stop = (child, signal = 'SIGTERM') => {
  child.kill(signal);
  return child.ended;
};

/** The frames that the host sends during `body`. */
async function capture(body, host = 'one') {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.pcap`);
  const dump = start(host, ['tcpdump', '-i', 'eth0', '-s', '0', '-U', '-w', file, '-Z', 'root',
    `ether src ${network.mac(host)}`]);
  await until('tcpdump listens', 10, () => /listening on/.test(dump.text));
  await body();
  await sleep(400);
  await stop(dump, 'SIGINT');
  return packets(readFileSync(file));
}

const isUdp = (frame) => frame[frame.readUInt16BE(12) === 0x86dd ? 20 : 23] === 17;

/** The forms in which a secret could stand on the wire. */
function forms(secret) {
  const bytes = Buffer.from(secret), found = [bytes, Buffer.from(bytes.toString('hex'))];
  for (let shift = 0; shift < 3; shift++) { // base64 at each of its three places
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    found.push(Buffer.from(text.slice(shift === 0 ? 0 : shift + 1, -4)));
  }
  return found.filter((form) => form.length >= 6);
}

function assertAbsent(frames, secrets) {
  const all = Buffer.concat(frames.map((frame) => Buffer.concat([frame, Buffer.from([0, 0])])));
  const lower = Buffer.from(all.toString('latin1').toLowerCase(), 'latin1');
  for (const [what, secret] of secrets) {
    for (const form of forms(secret)) {
      const low = Buffer.from(form.toString('latin1').toLowerCase(), 'latin1');
      if (all.includes(form) || lower.includes(low)) throw new Error(`${what} is on the wire`);
    }
  }
}

const addresses = new Set();

/** The payloads, cut at the card's own addresses: these are in the head of each packet anyway. */
function pieces(frames) {
  for (const frame of frames) {
    const [from, to] = frame.readUInt16BE(12) === 0x86dd ? [22, 38] : [26, 30];
    if (payload(frame).length > 0) addresses.add(frame.toString('latin1', from, to));
  }
  const cut = (texts, address) => texts.flatMap((text) => text.split(address));
  return [...addresses].reduce(cut, payloads(frames).map((bytes) => bytes.toString('latin1')));
}

/** All strings of `from` to `to` bytes that stand in these. */
function strings(texts, from, to) {
  const found = new Set();
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) {
      for (let size = from; size <= to && at + size <= text.length; size++) {
        found.add(text.slice(at, at + size));
      }
    }
  }
  return found;
}

/** How many bytes of a run are left when what is form before and after them is taken away. */
function ownBytes(run, form) {
  const before = (size) => size > 0 && !form.has(run.slice(0, size)) ? before(size - 1) : size;
  const after = (size) => size > 0 && !form.has(run.slice(RUN - size)) ? after(size - 1) : size;
  return Math.max(0, RUN - before(RUN) - after(RUN));
}

/** Runs of RUN bytes that stand in both. What another circle's instances send as well is the form
 * of DNS records, often with one letter or byte of chance at its edge: a run counts when OWN bytes
 * of it are no form. */
function repeated(first, second, foreign) {
  for (const frames of [first, second, foreign]) pieces(frames); // all addresses are known now
  const seen = strings(pieces(first), RUN, RUN), form = strings(pieces(foreign), OWN, RUN);
  if (seen.size < 1000) throw new Error(`only ${seen.size} byte strings`);
  return [...strings(pieces(second), RUN, RUN)].filter((run) =>
    seen.has(run) && ownBytes(run, form) >= OWN);
}

/** `second`, and `size` bytes of what stands in `first` after `mark` at the same place there. */
function planted(first, second, mark, size) {
  const place = (frames) => {
    const frame = frames.find((each) => isUdp(each) && payload(each).includes(mark, 0, 'latin1'));
    if (!frame) throw new Error('no packet to plant in');
    return [frame, frame.indexOf(mark, 0, 'latin1') + mark.length];
  };
  const [[from, start], [to, at]] = [place(first), place(second)];
  const frame = Buffer.from(to);
  from.copy(frame, at, start, start + size);
  return [...second, frame];
}

async function gathering([a, b] = people, body = async () => {}) {
  return capture(async () => {
    for (const person of [a, b]) await person.json('gather', CIRCLE, '--for', '1h');
    await until('they meet', 40, async () =>
      (await a.json('peers')).peers.some((peer) => peer.connected && peer.in_sync));
    await body();
    await sleep(3000);
    for (const person of [a, b]) await person.json('away');
    await sleep(700);
  }, a.host);
}

async function secrets() {
  const found = [['this host', hostname()], ['the circle', CIRCLE],
    ...PSEUDONYMS.map((name) => ['a pseudonym', name]), ...TEXTS.map((text) => ['a text', text])];
  for (const person of people) {
    const status = (await person.json('status')).circles[0];
    for (const name of ['id', 'me', 'digest']) {
      found.push([name, Buffer.from(status[name], 'hex')], [name, status[name]]);
    }
    const { entries } = await person.json('log', CIRCLE);
    for (const entry of entries) found.push(['an entry', Buffer.from(entry.id, 'hex')]);
  }
  const { peers } = await one.json('peers');
  for (const peer of peers) found.push(['a device', Buffer.from(peer.device, 'hex')]);
  return found;
}

try {
  await Promise.all(everybody.map((person) => person.init()));
  for (const person of everybody) await person.start();
  await one.json('circle', 'new', CIRCLE, '--as', PSEUDONYMS[0]);
  const pairing = await capture(() => pair(one, CIRCLE, two, PSEUDONYMS[1]));
  await both((person) => person.json('away'));
  await sleep(500);
  const first = await gathering(people, async () => {
    await one.json('share', 'add', '--title', TEXTS[0], '--text', TEXTS[1]);
    await until('it arrives', 20, async () =>
      (await two.json('share', 'list')).shares.length === 1);
  });
  const second = await gathering();
  // The form of DNS records is what another circle's instances send as well.
  await others[0].json('circle', 'new', CIRCLE, '--as', PSEUDONYMS[0]);
  await pair(others[0], CIRCLE, others[1], PSEUDONYMS[1]);
  for (const person of others) await person.json('away');
  const foreign = await gathering(others);

  await test('nothing on the wire says who or what it was', async () => {
    const frames = [...pairing, ...first, ...second];
    const sent = payloads(frames);
    if (sent.length < 30) throw new Error(`only ${sent.length} packets were seen`);
    if (!Buffer.concat(sent).includes('_vl1')) throw new Error('these are not our packets');
    const list = await secrets();
    if (list.length < 20) throw new Error(`only ${list.length} secrets to look for`);
    assertAbsent(frames, list);
  });
  await test('what one gathering sent, the next does not send again', () => {
    const again = repeated(first, second, foreign);
    if (again.length > 0) {
      throw new Error(`${again.length} byte strings came again, such as ` +
        again.slice(0, 5).map((run) => Buffer.from(run, 'latin1').toString('hex')).join(' '));
    }
    // The search sees what must not be: a part of a name among form, noise within noise.
    for (const [mark, size] of [['\x00\x0f\x0c', OWN + 2], ['\x02\xf4\xbc', RUN]]) {
      if (repeated(first, planted(first, second, mark, size), foreign).length === 0) {
        throw new Error(`${size} bytes that were planted were not seen`);
      }
    }
    const ports = (frames) => new Set(frames.filter((frame) =>
      payload(frame).length > 0 && !isUdp(frame)).map(port));
    const before = ports(first), both = [...ports(second)].filter((number) => before.has(number));
    if (both.length > 0) throw new Error(`port ${both} was used in both`);
  });
  await test('away and locked: nothing is sent', async () => {
    const away = await capture(async () => {
      await one.json('share', 'add', '--title', 'loin', '--text', 'personne');
      await sleep(3000);
    });
    const locked = await capture(async () => {
      await one.json('lock');
      await sleep(3000);
    });
    for (const frames of [away, locked]) {
      const sent = payloads(frames);
      if (sent.length > 0) throw new Error(`${sent.length} packets: ${sent[0].toString('latin1')}`);
    }
    await one.stop();
    await one.start();
  });

  const daemon = ['/usr/sbin/avahi-daemon', '/usr/bin/dbus-daemon'];
  if (!daemon.every((file) => existsSync(file))) {
    skip('beside a system avahi-daemon', 'avahi-daemon or dbus-daemon is not installed');
  } else {
    await test('beside a system avahi-daemon, started five times', async () => {
      for (const path of ['/run/dbus', '/run/avahi-daemon']) mkdirSync(path, { recursive: true });
      const config = join(folder, 'avahi.conf'), policy = join(folder, 'bus.conf');
      writeFileSync(config, `[server]\nhost-name=${MACHINE}\nallow-interfaces=eth0\n` +
        'use-ipv4=yes\nuse-ipv6=yes\nenable-dbus=yes\n[publish]\npublish-workstation=no\n');
      writeFileSync(policy, '<busconfig><type>system</type>' +
        '<listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>' +
        '<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>' +
        '<allow receive_sender="*"/><allow send_type="method_call"/></policy></busconfig>');
      const bus = start('one', [daemon[1], '--nofork', '--config-file', policy]);
      const address = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/run/dbus/system_bus_socket' };
      await until('the bus is there', 10, () => existsSync('/run/dbus/system_bus_socket'));
      await both((person) => person.json('gather', CIRCLE, '--for', '1h'));
      for (let round = 0; round < 5; round++) {
        const avahi = start('one', [daemon[0], '--no-drop-root', '--no-chroot', '--no-rlimits',
          '-f', config], address);
        await until('avahi-daemon runs', 20, () => /Server startup complete/.test(avahi.text));
        await both((person) => person.json('away'));
        await both((person) => person.json('gather', CIRCLE, '--for', '1h'));
        await until(`they meet beside it, round ${round}`, 40, async () =>
          (await one.json('peers')).peers.some((peer) => peer.connected && peer.in_sync));
        await stop(avahi, round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
        const still = (await one.json('peers')).peers.some((peer) => peer.connected);
        if (!still) throw new Error('the connection ended with avahi-daemon');
      }
      await stop(bus);
    });
  }
} finally {
  await Promise.all([...running].map((child) => stop(child, 'SIGKILL')));
  for (const person of everybody) person.destroy();
  rmSync(folder, { recursive: true, force: true });
}
finish();
