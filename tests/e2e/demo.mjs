// The demonstration: three nodes on a network of their own meet through mDNS, found a circle by a
// spoken code, keep its records, part, write at the same time, meet again and agree to the byte.
//   node tests/e2e/demo.mjs [--minutes FOLDER] [--quiet]
// Ends with a table and one line of JSON; exit status 0 only if all of it held.
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';

const args = process.argv.slice(2);
const minutesAt = args.indexOf('--minutes');
const minutes = minutesAt >= 0
  ? resolve(args[minutesAt + 1] ?? '')
  : new URL('./sample', import.meta.url).pathname;
const say = args.includes('--quiet') ? () => {} : (text) => console.log(`· ${text}`);

if (minutesAt >= 0) {
  try {
    if (!readdirSync(minutes).some((name) => name.endsWith('.md'))) throw new Error('none there');
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'there is no such folder' : error.message;
    console.error(`demo: minutes are files named *.md in a folder; ${minutes}: ${why}`);
    process.exit(2);
  }
}
const isolated = enterNamespace();
if (!isolated) {
  console.error('demo: no network namespaces here; the three nodes share this machine\'s loopback');
}

const CIRCLE = 'Cercle du jeudi';
// Never on the network that this machine is really on.
const card = isolated ? [] : ['--loopback', '--interface', 'lo'];
const state = async (person) =>
  (await person.json('status')).circles.find((c) => c.name === CIRCLE);
const digests = async (people) => {
  const all = [];
  for (const person of people) all.push((await state(person))?.digest ?? null);
  return all;
};
const agree = (people, seconds) => until(`${people.map((p) => p.name).join(', ')} agree`, seconds,
  async () => {
    const all = await digests(people);
    return all[0] !== null && all.every((one) => one === all[0]) && all[0];
  });
const connected = (person, count) => until(`${person.name} meets ${count}`, 60, async () => {
  const { peers } = await person.json('peers');
  return peers.filter((peer) => peer.connected).length >= count && peers;
});

/** Several rows, the longest cell of a column sets its width. */
function table(rows) {
  const width = rows[0].map((_, at) => Math.max(...rows.map((row) => String(row[at]).length)));
  for (const row of rows) {
    console.log('  ' + row.map((cell, at) => String(cell).padEnd(width[at])).join('  '));
  }
}

async function founding(ines, nadia, lou) {
  say(`Inès drafts "${CIRCLE}" and founds it with Nadia by a spoken code`);
  await ines.json('circle', 'new', CIRCLE, '--purpose', 'Se retrouver un jeudi sur deux',
    '--as', 'Inès');
  const first = await pair(ines, CIRCLE, nadia, 'Nadia');
  say(`  founded in ${first} ms; Lou joins by another code`);
  const second = await pair(ines, CIRCLE, lou, 'Lou');
  say(`  joined in ${second} ms`);
  return Math.max(first, second);
}

async function meetAll(people) {
  for (const person of people) await person.json('gather', CIRCLE, '--for', '1h');
  const found = new Set();
  for (const person of people) {
    for (const peer of await connected(person, people.length - 1)) {
      if (peer.connected) found.add(peer.discovered_by);
    }
  }
  found.delete('incoming');
  found.delete('pairing');
  return [...found].join(',') || 'nothing';
}

async function apart(ines, nadia, lou) {
  say('Lou goes offline; Inès and Lou edit the same meeting at once, Nadia adds shares');
  const { meetings } = await ines.json('meeting', 'list');
  const meeting = meetings[meetings.length - 1].id;
  await lou.json('away');
  if (isolated) ines.network.setLink('lou', false);
  await ines.json('meeting', 'edit', meeting, '--place', 'Chez Inès, 2e étage');
  await lou.json('meeting', 'edit', meeting, '--place', 'Maison de quartier, salle du fond');
  const titles = ['La fatigue, le soir', 'Ce qui m’a aidée : marcher', 'Une question'];
  for (const text of titles) {
    await nadia.json('share', 'add', '--title', text, '--text',
      `${text}. Je l’écris ici parce que le dire à voix haute est encore difficile.`);
  }
  await agree([ines, nadia], 60);
  const [here, there] = [(await state(ines)).digest, (await state(lou)).digest];
  if (here === there) throw new Error('the two sides agree although they were apart');
  return meeting;
}

async function together(people, lou, meeting) {
  say('They meet again');
  if (isolated) people[0].network.setLink('lou', true);
  const begin = Date.now();
  await lou.json('gather', CIRCLE, '--for', '1h'); // her network may still be coming up
  const digest = await agree(people, 90);
  const took = Date.now() - begin;
  say(`  all three agree after ${took} ms: ${digest.slice(0, 16)}…`);
  for (const person of people) {
    const shown = await person.json('meeting', 'show', meeting);
    if ((shown.conflicts?.place ?? []).length !== 2) {
      const seen = JSON.stringify(shown.conflicts);
      throw new Error(`${person.name} does not see both places: ${seen}`);
    }
    await until(`${person.name} finds "fatigue"`, 20, async () =>
      (await person.json('search', 'fatigue')).hits.length > 0);
  }
  say('  the two places stand side by side on all three, and search finds "fatigue" on each');
  return { took, digest };
}

async function reopened(people, digest) {
  say('All stop, start again from disk, and are checked entry by entry');
  for (const person of people) await person.stop();
  for (const person of people) await person.start(...card);
  const reports = [];
  for (const person of people) reports.push(await person.json('verify', CIRCLE));
  return { reports, equal: reports.every((report) => report.digest === digest) };
}

async function main() {
  const names = ['ines', 'nadia', 'lou'];
  const network = isolated ? new Network(names) : null;
  const people = names.map((name) => new Person(name, isolated ? name : null));
  for (const person of people) person.network = network;
  const [ines, nadia, lou] = people;
  try {
    say('Three vaults, three nodes, no server');
    await Promise.all(people.map((person) => person.init()));
    for (const person of people) await person.start(...card);
    const pairMs = await founding(ines, nadia, lou);
    const discoveredBy = await meetAll(people);
    say(`They gather and find each other: ${discoveredBy}`);

    const begin = Date.now();
    const imported = await ines.json('import', 'minutes', minutes);
    say(`Inès imports ${imported.imported} meetings from a folder of minutes`);
    await agree(people, 120);
    const syncMs = Date.now() - begin;
    say(`  all three have them after ${syncMs} ms`);

    const meeting = await apart(ines, nadia, lou);
    const { took, digest } = await together(people, lou, meeting);
    const { reports, equal } = await reopened(people, digest);

    console.log();
    table([['', 'entries', 'signatures', 'meetings', 'shares', 'digest'],
      ...await Promise.all(people.map(async (person, at) => [
        ['Inès', 'Nadia', 'Lou'][at], reports[at].entries, reports[at].signatures,
        (await person.json('meeting', 'list')).meetings.length,
        (await person.json('share', 'list')).shares.length,
        reports[at].digest.slice(0, 16) + '…']))]);
    console.log();
    const result = {
      nodes: people.length, entries: reports[0].entries, digest_equal: equal,
      discovered_by: discoveredBy, pair_ms: pairMs, sync_ms: syncMs, rejoin_ms: took,
      reopened: equal,
    };
    console.log(JSON.stringify(result));
    return equal && discoveredBy === 'mdns' ? 0 : 1;
  } finally {
    for (const person of people) await person.stop().catch(() => {});
    for (const person of people) person.destroy();
  }
}

let status = 1;
try {
  status = await main();
} catch (error) {
  console.error(`demo: ${error.message}`);
}
process.exit(status);
