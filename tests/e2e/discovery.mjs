// Discovery on a real (virtual) network: found through multicast alone, renewed with the address,
// nothing that identifies, nothing at all when away, good neighbour of other stacks.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const BUILD = process.env.VEILLEE_BUILD ?? new URL('../../build', import.meta.url).pathname;
const MACHINE = 'pc-de-colette';
if (!enterNamespace()) finish('no network namespaces here');
const network = new Network(['one', 'two']);
const folder = mkdtempSync(join(tmpdir(), 'veillee-discovery-'));
const running = new Set();

function start(host, argv) {
  const [file, args] = Network.on(host, argv);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.text = '';
  child.stdout.on('data', (data) => { child.text += data; });
  child.stderr.on('data', (data) => { child.text += data; });
  child.over = new Promise((resolve) => child.on('close', resolve));
  running.add(child);
  child.over.then(() => running.delete(child));
  return child;
}

async function stop(child, signal = 'SIGTERM') {
  child.kill(signal);
  await child.over;
}

/** A probe on that host, on a machine with a name worth hiding. */
function probe(host, milliseconds = 60000) {
  return start(host, ['unshare', '-u', 'sh', '-c',
    `hostname ${MACHINE} && exec "$0" "$@"`, `${BUILD}/interop/discovery_probe`,
    String(milliseconds), 'eth0']);
}

const lines = (child, what) => child.text.split('\n').filter((line) => line.startsWith(what + ' '))
  .map((line) => line.split(' ')).map(([, address, port, hex]) => ({ address, port, hex }));

/** Whether `seeker` found all that `shown` shows now, at its port. */
function finds(seeker, shown) {
  const now = lines(shown, 'shown').slice(-4);
  const found = new Set(lines(seeker, 'found').map(({ port, hex }) => `${port} ${hex}`));
  return now.length === 4 && now.every(({ port, hex }) => found.has(`${port} ${hex}`));
}
const meet = (a, b, seconds = 15) => until('they find each other', seconds,
  () => finds(a, b) && finds(b, a));

function assert(condition, what) {
  if (!condition) throw new Error(what);
}

/** A test, after which none of its processes is left. */
const networkTest = (what, body) => test(what, body).finally(() =>
  Promise.all([...running].map((child) => stop(child, 'SIGKILL'))));

async function capture(host, filter) {
  const file = join(folder, `capture-${Math.random().toString(36).slice(2)}`);
  const child = start(host, ['tcpdump', '-i', 'eth0', '-U', '-w', file, '-Z', 'root', filter]);
  await until('tcpdump listens', 10, () => /listening on/.test(child.text));
  return { file, end: async () => {
    await sleep(300);
    await stop(child, 'SIGINT');
    return readFileSync(file).toString('latin1');
  } };
}

/** Everything in a capture that looks like a word or a name. */
const words = (bytes) => new Set((bytes.toLowerCase().match(/[a-z0-9_-]{6,}/g) ?? [])
  .filter((word) => !['_services', '_dns-sd'].includes(word))); // of DNS-SD itself

try {
  await networkTest('two hosts find each other through multicast', async () => {
    const a = probe('one'), b = probe('two');
    await meet(a, b);
    assert(lines(b, 'found').some(({ address }) => address === '10.77.0.1'), 'its address');
    await Promise.all([stop(a), stop(b)]);
    assert(/heard yes/.test(a.text) && /daemon no/.test(a.text), a.text);
  });

  await networkTest('without multicast nobody is found', async () => {
    network.setMulticast(false);
    const a = probe('one'), b = probe('two');
    await sleep(5000);
    network.setMulticast(true);
    assert(lines(a, 'shown').length >= 4, 'it was shown');
    const found = a.text.includes('found') || b.text.includes('found');
    assert(!found, `found without multicast:\n${a.text}\n${b.text}`);
    await meet(a, b, 30); // and it heals by itself
    await Promise.all([stop(a), stop(b)]);
  });

  await networkTest('a new address renews everything, and is found again', async () => {
    const a = probe('one'), b = probe('two');
    await meet(a, b);
    const before = lines(a, 'shown').map(({ port, hex }) => [port, hex]).flat();
    network.setAddress('one', '10.77.0.101');
    await until('it is shown anew', 10, () => lines(a, 'shown').some(({ address }) =>
      address === '10.77.0.101'));
    await meet(a, b);
    const after = lines(a, 'shown').filter(({ address }) => address === '10.77.0.101');
    assert(after.every(({ port, hex }) => !before.includes(port) && !before.includes(hex)),
      'port and beacons are new');
    network.setAddress('one', '10.77.0.1');
    await Promise.all([stop(a), stop(b)]);
  });

  await networkTest('what is sent names nothing and is never sent again', async () => {
    const seen = [];
    for (let gathering = 0; gathering < 2; gathering++) {
      const listener = await capture('one', `ether src ${network.mac('one')}`);
      const a = probe('one'), b = probe('two');
      await meet(a, b);
      await Promise.all([stop(a), stop(b)]);
      seen.push(await listener.end());
      assert(seen[gathering].includes('_vl1'), 'the capture holds our packets');
      assert(!seen[gathering].toLowerCase().includes(MACHINE), 'the name of the machine');
      assert(!/HINFO|linux|x86|_workstation/i.test(seen[gathering]), 'what kind of machine');
    }
    const first = words(seen[0]), again = [...words(seen[1])].filter((word) => first.has(word));
    assert(first.size >= 2, `only ${[...first]}`);
    assert(again.length === 0, `sent in both gatherings: ${again}`);
  });

  await networkTest('away sends nothing', async () => {
    await sleep(2000);
    const listener = await capture('one', 'tcp or udp');
    const a = probe('one', 0);
    await sleep(4000);
    await stop(a);
    const bytes = await listener.end();
    assert(bytes.length === 24, // the file's head alone
      execFileSync('tcpdump', ['-vnr', listener.file], { encoding: 'utf8' }));
  });

  await networkTest('three processes on one address', async () => {
    const all = [probe('one'), probe('one'), probe('one'), probe('two')];
    await until('everybody finds everybody', 20, () =>
      all.every((a) => all.every((b) => a === b || finds(a, b))));
    await Promise.all(all.map((child) => stop(child)));
  });

  await networkTest('beside a running avahi-daemon', async () => {
    mkdirSync('/run/avahi-daemon', { recursive: true });
    const settings = join(folder, 'avahi.conf');
    writeFileSync(settings, '[server]\nhost-name=le-demon\nenable-dbus=no\n');
    const daemon = start('one', ['avahi-daemon', '-f', settings, '--no-drop-root', '--no-chroot',
      '--no-rlimits']);
    await until('the daemon runs', 15, () => /startup complete/.test(daemon.text));
    const a = probe('one'), b = probe('two');
    await meet(a, b, 20);
    assert(/daemon yes/.test(a.text), 'it is noticed');
    await Promise.all([stop(a), stop(b), stop(daemon)]);
    assert(!/conflict/i.test(daemon.text), `the daemon lost its name: ${daemon.text}`);
  });
} finally {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
finish();
