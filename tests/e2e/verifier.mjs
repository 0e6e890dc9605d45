// A second, small implementation checks the program: it reads the vectors that `veillee vectors`
// prints, opens the bundle in them with a recipient's secret, verifies each entry, decrypts, judges
// who is a member (by the executable model of docs/membership.md), merges, and must get the very
// state digest. The program's own code is not used.
//   node tests/e2e/verifier.mjs [FILE]      vectors from a file instead of from the program
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { evaluate } from '../model/model.mjs';
import { decodeBody, dumpCell, isMerged, merge } from './lib/merge.mjs';
import { BINARY } from './lib/person.mjs';
import {
  bucket, bytes, cat, compare, decodeControl, decodeHeader, deviceKeys, encodeHeader, enrolment, H,
  hex, K, keyId, need, openBlob, openBundle, openKeyBox, personId, Reader, utf8, varint, verify,
  verifyEnrolment,
} from './lib/protocol.mjs';
import { finish, test } from './lib/report.mjs';

const program = () => execFileSync(BINARY, ['vectors'], { maxBuffer: 1 << 28, encoding: 'utf8' });
const text = process.argv[2] ? readFileSync(process.argv[2], 'utf8') : program();
const vectors = JSON.parse(text);
const equal = (a, b, what) => need(a === b, `${what}: ${a} is not ${b}`);
const refuses = (what, body) => {
  let refused = false;
  try { body(); } catch { refused = true; }
  need(refused, `${what}: not refused`);
};

// ---- one thing at a time ----

await test('vectors are always the same', () => {
  if (!process.argv[2]) need(program() === text, 'another document');
});

await test('domains, hashes, derived keys', () => {
  const texts = new Set();
  for (const { text: domain, input, hash, key, derived } of vectors.domains) {
    need(/^veillee\/1 [a-z ]+$/.test(domain) && !texts.has(domain), domain);
    texts.add(domain);
    const name = domain.slice('veillee/1 '.length);
    equal(hex(H(name, utf8(input))), hash, domain);
    equal(hex(K(name, bytes(key), utf8(input))), derived, domain);
  }
  const documented = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  for (const domain of texts) need(documented.includes(`\`${domain}\``), `not in docs: ${domain}`);
});

await test('varints, both ways', () => {
  for (const { value, bytes: encoded } of vectors.varints) {
    equal(hex(varint(BigInt(value))), encoded, value);
    const r = new Reader(bytes(encoded));
    equal(String(r.big()), value, encoded);
    r.end();
  }
  for (const bad of ['8000', 'ff00', '80', 'ffffffffffffffffff02', '8080808080808080808001']) {
    refuses(bad, () => new Reader(bytes(bad)).big());
  }
});

await test('buckets', () => {
  for (const { size, bucket: wanted } of vectors.buckets) equal(bucket(size), wanted, size);
});

await test('devices and enrolments', () => {
  for (const v of vectors.devices) {
    const keys = deviceKeys(bytes(v.seed));
    equal(hex(keys.sign), v.sign_key, 'signing key');
    equal(hex(keys.noise), v.noise_key, 'noise key');
    equal(hex(keys.seal), v.seal_key, 'sealing key');
    equal(personId(keys.sign), v.person, 'person');
    const e = enrolment(new Reader(bytes(v.enrolment)));
    equal(hex(e.card), v.sign_key + v.noise_key + v.seal_key, 'card');
    verifyEnrolment(e, bytes(v.circle), v.person);
    refuses('another circle', () => verifyEnrolment(e, bytes('ff'.repeat(32)), v.person));
    refuses('another person', () => verifyEnrolment(e, bytes(v.circle), 'ff'.repeat(32)));
  }
});

await test('key boxes', () => {
  for (const v of vectors.key_boxes) {
    const [circle, author] = [bytes(v.circle), bytes(v.author_sign_key)];
    const keys = deviceKeys(bytes(v.recipient_seed));
    equal(keyId(circle, bytes(v.secret)), v.key_id, 'key id');
    equal(hex(openKeyBox(bytes(v.box), circle, v.key_id, keys, author)), v.secret, 'secret');
    const other = deviceKeys(bytes('77'.repeat(32)));
    refuses('another device', () => openKeyBox(bytes(v.box), circle, v.key_id, other, author));
    refuses('another author', () => openKeyBox(bytes(v.box), circle, v.key_id, keys, circle));
  }
});

await test('blobs', () => {
  for (const v of vectors.blobs) {
    const place = { circle: bytes(v.circle), log: v.log, seq: Number(v.seq), epoch: v.epoch_key };
    const blob = bytes(v.blob);
    equal(hex(H('blob hash', blob)), v.hash, 'hash');
    equal(hex(openBlob(place, blob, bytes(v.secret))), v.body, 'body');
    refuses('another place', () =>
      openBlob({ ...place, seq: place.seq + 1 }, blob, bytes(v.secret)));
  }
});

await test('control bodies of every kind', () => {
  equal(new Set(vectors.controls.map((v) => v.kind)).size, 16, 'kinds');
  for (const v of vectors.controls) {
    const c = decodeControl(bytes(v.body));
    equal(c.kind, v.kind, 'kind');
    if (c.target) equal(c.target, v.target, v.kind);
    for (const list of ['enrolments', 'seals', 'ids', 'cites']) {
      equal(c[list].length, v[list], `${v.kind}: ${list}`);
    }
    refuses(`${v.kind} and a byte more`, () => decodeControl(bytes(`${v.body}00`)));
    refuses(`${v.kind} and a byte less`, () => decodeControl(bytes(v.body.slice(0, -2))));
  }
});

// ---- the circle ----

const { circle } = vectors;
const id = bytes(circle.id);
const reader = deviceKeys(bytes(circle.reader_seed));
let entries = [];
const byId = new Map();

await test('the bundle opens for a member, and holds the same entries', () => {
  const bundle = openBundle(bytes(circle.bundle), id, reader);
  entries = bundle.entries;
  const mine = new Map(entries.map((entry) => [entry.id, entry]));
  equal(mine.size, circle.entries.length, 'entries');
  equal(bundle.header.entries, mine.size, 'entries in the header');
  for (const wanted of circle.entries) {
    const entry = mine.get(wanted.id);
    for (const part of ['header', 'signature', 'blob']) {
      equal(hex(entry[part]), wanted[part], `${part} of ${wanted.id}`);
    }
    equal(hex(encodeHeader(decodeHeader(entry.header))), wanted.header, 'encoded again');
  }
  const control = entries.filter((entry) => entry.h.kind === 2).map((entry) => entry.id);
  equal(bundle.proof.map((item) => item.id).sort().join(), control.sort().join(), 'proof');
  need(bundle.proof.every((item) => mine.has(item.id)), 'a proof of something else');
});

await test('and for nobody who was removed', () => {
  const removed = deviceKeys(bytes(circle.removed_seed));
  refuses('the removed', () => openBundle(bytes(circle.bundle), id, removed));
  refuses('another circle', () => openBundle(bytes(circle.bundle), bytes('01'.repeat(32)), reader));
});

/** Everything in the past of an entry, the parents themselves too. */
function pastOf(h) {
  const past = new Set();
  for (const parent of [h.prev, ...h.links, ...h.auth].filter(Boolean)) {
    need(byId.has(parent), `a parent is missing: ${parent}`);
    past.add(parent);
    byId.get(parent).past.forEach((one) => past.add(one));
  }
  return past;
}

function judge(entry) {
  const { h } = entry;
  entry.past = pastOf(h);
  const before = h.seq > 0 ? byId.get(h.prev) : null;
  if (before) need(before.h.log === h.log && before.h.seq === h.seq - 1, 'chain');
  entry.author = before ? before.author : h.sign;
  verify('entry signature', entry.author, entry.signature, entry.header);
  equal(hex(H('blob hash', entry.blob)), h.blob_hash, 'blob hash');
  equal(entry.blob.length, h.blob_size, 'blob size');

  const parents = [h.prev, ...h.links].filter(Boolean);
  for (const link of h.links) {
    need(byId.get(link).h.log !== h.log, 'a link into its own log');
    need(!parents.some((other) => byId.get(other).past.has(link)), 'a link that is implied');
  }
  const lamports = [...parents, ...h.auth].map((parent) => byId.get(parent).h.lamport);
  const highest = lamports.reduce((most, one) => (one > most ? one : most), 0n);
  equal(h.lamport, highest + 1n, 'lamport');
  const control = [...entry.past].filter((one) => byId.get(one).h.kind === 2);
  const maximal = control.filter((one) =>
    !control.some((other) => byId.get(other).past.has(one)));
  equal(maximal.sort().join(), h.auth.join(), 'auth');
}

/** The enrolment of a key in the past of an entry, with its person. */
function enrolled(entry, sign) {
  for (const one of [...entry.past, entry.id].map((name) => byId.get(name)).filter(Boolean)) {
    for (const e of one.control?.enrolments ?? []) {
      if (compare(e.sign, sign) === 0) return one.persons.get(e);
    }
  }
  return null;
}

function readControl(entry) {
  const c = decodeControl(entry.blob);
  entry.control = c;
  entry.persons = new Map();
  for (const e of c.enrolments) {
    const person = c.kind === 'found' ? personId(e.sign) : c.target;
    verifyEnrolment(e, id, person);
    entry.persons.set(e, person);
  }
  if (c.kind !== 'found') return;
  const [first, second] = c.enrolments;
  need(entry.h.seq === 0 && entry.past.size === 0, 'a founding entry with a past');
  equal(hex(entry.author), hex(first.sign), 'the founder');
  equal(hex(entry.h.incarnation), hex(c.random.subarray(0, 16)), 'incarnation');
  const other = c.private ? new Uint8Array(32) : second.sign;
  equal(hex(H('circle id', first.sign, other, c.random)), circle.id, 'circle id');
  if (!c.private) verify('founding', second.sign, c.signature, id, first.card, second.card);
}

await test('each entry: chain, signature, links, lamport, auth, enrolment', () => {
  need(entries.length > 25, 'too few entries');
  const order = (a, b) => (a.h.lamport < b.h.lamport ? -1 : a.h.lamport > b.h.lamport ? 1
    : a.id < b.id ? -1 : 1);
  entries.sort(order);
  for (const entry of entries) {
    judge(entry);
    if (entry.h.kind === 2) readControl(entry);
    byId.set(entry.id, entry);
    if (entry.h.seq === 0) need(enrolled(entry, entry.author), 'a log of nobody');
  }
  equal(entries.filter((entry) => entry.control?.kind === 'found').length, 1, 'foundings');
});

await test('the digest of the heads', () => {
  const heads = new Map();
  for (const entry of entries) heads.set(entry.h.log, entry);
  const parts = [...heads.keys()].sort().map((log) => {
    const seq = new Uint8Array(8);
    new DataView(seq.buffer).setBigUint64(0, BigInt(heads.get(log).h.seq), true);
    return cat(bytes(log), seq, bytes(heads.get(log).id));
  });
  equal(hex(H('heads', ...parts)), circle.heads_digest, 'digest');
});

/** Names for the model: a person's id, and id.number for her devices, her first key being 1. */
const devices = new Map(); // signing key: {person, name}
function deviceName(sign) {
  const key = hex(sign);
  if (!devices.has(key)) {
    const owner = entries.flatMap((entry) => [...(entry.persons ?? [])])
      .find(([e]) => hex(e.sign) === key)[1];
    const others = [...devices.values()].filter((one) => one.person === owner && !one.first);
    const first = personId(sign) === owner;
    devices.set(key, { person: owner, first,
      name: `${owner}.${first ? 1 : others.length + 2}` });
  }
  return devices.get(key).name;
}

function history() {
  const ops = [], content = [];
  for (const entry of entries) {
    const { h, control: c } = entry;
    const by = deviceName(entry.author);
    if (h.kind !== 2) {
      content.push({ id: entry.id, by, links: [h.prev, ...h.links].filter(Boolean) });
      continue;
    }
    if (c.kind === 'tombstone') continue;
    const op = { id: entry.id, kind: c.kind, by, links: h.auth, cites: c.cites, target: null,
      keys: [...c.enrolments.map((e) => e.sign), ...c.seals.map((seal) => bytes(seal.to))]
        .map(deviceName) };
    if (c.target && c.kind !== 'add-device') op.target = c.target;
    if (c.kind === 'found') [op.target, op.keys] = [c.private ? null : personId(
      c.enrolments[1].sign), []];
    if (c.kind === 'remove-device') [op.target, op.keys] = [null, [deviceName(bytes(c.target))]];
    ops.push(op);
  }
  return { ops, content };
}

let members = null, cells = [];

await test('who is a member, with which role and devices', () => {
  members = JSON.parse(evaluate(history()));
  equal(members.unauthorised.length, 0, 'unauthorised');
  const known = new Set([...devices.values()].map((one) => one.person));
  equal(known.size, circle.persons.length, 'persons');
  for (const { person, role, confirmed } of circle.persons) {
    const wanted = ['none', 'member', 'facilitator'][role];
    equal(members.persons[person] ?? 'none', wanted, person);
    equal(members.confirmed.includes(person), confirmed, `${person} confirmed`);
  }
  equal(devices.size, circle.devices.length, 'devices');
  for (const { sign_key: sign, person, current } of circle.devices) {
    const device = devices.get(sign);
    equal(device.person, person, sign);
    equal((members.devices[person] ?? []).includes(device.name), current, sign);
  }
});

/** Every epoch secret that is sealed to this device. */
function secretsOf(keys) {
  const secrets = new Map();
  for (const entry of entries) {
    const { control: c } = entry;
    if (c?.kind !== 'epoch' && c?.kind !== 'seal') continue;
    const key = c.kind === 'epoch' ? c.key : byId.get(c.target).control.key;
    const mine = c.seals.find((seal) => seal.to === hex(keys.sign));
    if (mine) secrets.set(key, openKeyBox(mine.box, id, key, keys, entry.author));
  }
  return secrets;
}

await test('contents open with the keys that are sealed to the reader', () => {
  const secrets = secretsOf(reader);
  need(secrets.size >= 2, `${secrets.size} epochs`);
  for (const entry of entries.filter((one) => one.h.kind === 0)) {
    need(secrets.has(entry.h.epoch), 'an epoch without a key');
    entry.operations = decodeBody(openBlob(entry.h, entry.blob, secrets.get(entry.h.epoch)),
      entry.id);
  }
  const last = entries.findLast((one) => one.h.kind === 0).h.epoch;
  const removed = secretsOf(deviceKeys(bytes(circle.removed_seed)));
  need(removed.size > 0 && !removed.has(last), 'the removed person has the key of now');
});

/** For whom the authorised entries of an entry's past enrol the key of its log; nobody: null. */
function authorOf(entry) {
  const persons = new Set();
  for (const name of entry.past) {
    if (members.unauthorised.includes(name)) continue;
    for (const [e, person] of byId.get(name).persons ?? []) {
      if (compare(e.sign, entry.author) === 0) persons.add(person);
    }
  }
  return persons.size === 1 ? [...persons][0] : null;
}

await test('the merge, cell by cell', () => {
  const counts = new Set(members.content);
  let left = 0;
  cells = merge(entries.filter((entry) => entry.operations && counts.has(entry.id))
    .map((entry) => {
      const person = authorOf(entry);
      const operations = entry.operations.filter((op) => isMerged(id, op, person));
      left += entry.operations.length - operations.length;
      return { id: entry.id, lamport: entry.h.lamport, operations };
    }));
  equal(left, 4, 'operations on what is another person\'s');
  equal(cells.length, circle.cells.length, 'cells');
  cells.forEach((cell, at) => {
    const wanted = circle.cells[at];
    const name = `${cell.type}.${cell.field}`;
    for (const key of ['type', 'record', 'field', 'kind']) equal(cell[key], wanted[key], name);
    equal(hex(cell.state), wanted.state, name);
  });
});

await test('the state digest', () => {
  const persons = [...new Set([...devices.values()].map((one) => one.person))].sort();
  const role = { member: 1, facilitator: 2 };
  const dump = cat(varint(persons.length), ...persons.map((person) => cat(bytes(person),
    [role[members.persons[person]] ?? 0, members.confirmed.includes(person) ? 1 : 0])),
  varint(devices.size), ...[...devices.keys()].sort().map((sign) => {
    const { person, name } = devices.get(sign);
    return cat(bytes(sign), bytes(person),
      [(members.devices[person] ?? []).includes(name) ? 1 : 0]);
  }), ...cells.map(dumpCell));
  equal(hex(H('state', dump)), circle.state_digest, 'digest');
});

finish();
