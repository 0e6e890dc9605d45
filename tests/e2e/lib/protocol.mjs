// The protocol in JavaScript, written from docs/protocol.md, docs/sync.md and docs/bundle.md alone
// and on published crypto packages: decoding, hashes, keys, entries, bundles. Whatever is not as
// the documents say throws.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const bytes = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
export const utf8 = (text) => new TextEncoder().encode(text);
export const cat = (...parts) =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
export const compare = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
export const need = (holds, what) => { if (!holds) throw new Error(what); };

const u64 = (n) => {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(n), true);
  return out;
};
const domain = (name) => cat(utf8(`veillee/1 ${name}`), [0]);
export const H = (name, ...parts) => blake2b(cat(domain(name), ...parts), { dkLen: 32 });
export const K = (name, key, ...parts) =>
  blake2b(cat(domain(name), ...parts), { dkLen: 32, key });
export const verify = (name, key, signature, ...parts) =>
  need(ed25519.verify(signature, cat(domain(name), ...parts), key, { zip215: false }),
    `signature: ${name}`);
const open = (key, nonce, sealed, data) => xchacha20poly1305(key, nonce, data).decrypt(sealed);

export function varint(value) {
  const out = [];
  for (let n = BigInt(value); ; n >>= 7n) {
    if (n < 128n) return Uint8Array.from([...out, Number(n)]);
    out.push(Number(n & 127n) | 128);
  }
}

export class Reader {
  constructor(input) { this.input = input; this.at = 0; }
  take(size) {
    need(size <= this.input.length - this.at, 'truncated');
    this.at += size;
    return this.input.subarray(this.at - size, this.at);
  }
  u8() { return this.take(1)[0]; }
  i64() { return new DataView(Uint8Array.from(this.take(8)).buffer).getBigInt64(0, true); }
  big() {
    let value = 0n;
    for (let n = 0; n < 10; n++) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << BigInt(7 * n);
      if (byte >= 128) continue;
      need((byte > 0 || n === 0) && value < 1n << 64n, 'a varint that is not minimal');
      return value;
    }
    throw new Error('a varint over ten bytes');
  }
  varint(max = Number.MAX_SAFE_INTEGER) {
    const value = this.big();
    need(value <= BigInt(max), 'over its limit');
    return Number(value);
  }
  string(max) { return this.take(this.varint(max)); }
  list(max, item, least = 0) {
    const count = this.varint(max);
    need(count >= least, 'an empty list');
    return Array.from({ length: count }, () => item());
  }
  /** 32 bytes each, as hex, sorted and unique. */
  ids(count) { return sorted(Array.from({ length: count }, () => hex(this.take(32)))); }
  end() { need(this.at === this.input.length, 'trailing bytes'); }
}

export function sorted(names) {
  names.forEach((name, at) => need(at === 0 || names[at - 1] < name, 'not sorted and unique'));
  return names;
}

// ---- keys ----

export function deviceKeys(seed) {
  const secret = (use) => K('device key', seed, utf8(use));
  const keys = { sign_secret: secret('sign'), noise_secret: secret('noise'),
    seal_secret: secret('seal') };
  return { ...keys, sign: ed25519.getPublicKey(keys.sign_secret),
    noise: x25519.getPublicKey(keys.noise_secret), seal: x25519.getPublicKey(keys.seal_secret) };
}
export const personId = (sign) => hex(H('person id', sign));
export const keyId = (circle, secret) => hex(H('epoch key id', circle, secret));

export function enrolment(r) {
  const raw = r.take(160);
  const [card, signature] = [raw.subarray(0, 96), raw.subarray(96)];
  return { raw, card, signature, sign: card.subarray(0, 32), seal: card.subarray(64) };
}
export const verifyEnrolment = (e, circle, person) =>
  verify('enrolment', e.sign, e.signature, circle, bytes(person), e.card);

/** A secret out of a key box; throws unless it is the one that the key id commits to. */
export function openKeyBox(box, circle, id, keys, author) {
  const ephemeral = box.subarray(0, 32);
  const key = K('epoch key box', x25519.getSharedSecret(keys.seal_secret, ephemeral), ephemeral,
    keys.seal);
  const secret = open(key, new Uint8Array(24), box.subarray(32),
    cat(domain('epoch key box'), circle, bytes(id), keys.sign, author));
  need(keyId(circle, secret) === id, 'the key box holds another secret');
  return secret;
}

// ---- entries ----

export function decodeHeader(raw) {
  const r = new Reader(raw);
  need(r.u8() === 1, 'version');
  const h = { kind: r.u8(), circle: r.take(32), log: hex(r.take(32)), seq: r.varint() };
  need(h.kind <= 2, 'kind');
  if (h.seq === 0) {
    [h.sign, h.incarnation] = [r.take(32), r.take(16)];
    need(hex(H('log id', h.sign, h.incarnation)) === h.log, 'log id');
  } else {
    h.prev = hex(r.take(32));
  }
  const few = () => { const n = r.u8(); need(n <= 32, 'over 32 ids'); return r.ids(n); };
  h.links = few();
  h.lamport = r.big();
  h.wall = r.i64();
  if (h.kind !== 2) h.epoch = hex(r.take(32));
  h.auth = few();
  h.blob_hash = hex(r.take(32));
  h.blob_size = r.varint(28672);
  need(h.blob_size > 0, 'no blob');
  r.end();
  return h;
}

const idList = (list) =>
  cat([list.length], ...list.map((id) => bytes(id)));
const i64 = (n) => u64(BigInt.asUintN(64, n));

export function encodeHeader(h) {
  return cat([1, h.kind], h.circle, bytes(h.log), varint(h.seq),
    h.seq === 0 ? cat(h.sign, h.incarnation) : bytes(h.prev), idList(h.links), varint(h.lamport),
    i64(h.wall), h.kind === 2 ? [] : bytes(h.epoch), idList(h.auth), bytes(h.blob_hash),
    varint(h.blob_size));
}

const KINDS = ['found', 'add', 'remove', 'demote', 'promote', 'endorse', 'vouch', 'vote', 'leave',
  'stepdown', 'add-device', 'remove-device', 'restore', 'epoch', 'seal', 'tombstone'];

export function decodeControl(blob) {
  const r = new Reader(blob);
  const c = { kind: KINDS[r.u8()], enrolments: [], seals: [], ids: [] };
  need(c.kind, 'an unknown control entry');
  const id = () => hex(r.take(32));
  const seals = () => {
    c.seals = r.list(200, () => ({ to: id(), box: r.take(80) }));
    sorted(c.seals.map((seal) => seal.to));
  };
  if (c.kind === 'found') {
    const form = r.u8();
    need(form <= 1, 'private');
    c.private = form === 1;
    c.random = r.take(32);
    c.enrolments.push(enrolment(r));
    if (!c.private) {
      c.enrolments.push(enrolment(r));
      c.signature = r.take(64);
    }
  } else if (c.kind === 'epoch') {
    c.key = id();
    seals();
  } else if (c.kind === 'tombstone') {
    c.ids = sorted(r.list(512, id, 1));
  } else if (c.kind !== 'leave' && c.kind !== 'stepdown') {
    c.target = id();
    if (c.kind === 'seal') seals();
    if (c.kind === 'add') {
      c.enrolments = r.list(16, () => enrolment(r), 1);
      sorted(c.enrolments.map((e) => hex(e.sign)));
    }
    if (c.kind === 'add-device' || c.kind === 'restore') c.enrolments.push(enrolment(r));
  }
  c.cites = sorted(r.list(256, id));
  r.end();
  return c;
}

export function bucket(size) {
  if (size <= 64) return 64;
  const exponent = Math.floor(Math.log2(size));
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1));
  return Math.ceil(size / step) * step;
}

export function openBlob(h, blob, secret) {
  const data = cat(domain('blob seal'), h.circle, bytes(h.log), u64(h.seq), bytes(h.epoch));
  const plain = open(K('blob key', secret), blob.subarray(0, 24), blob.subarray(24), data);
  const r = new Reader(plain);
  const body = r.string(28672);
  need(bucket(r.at) === plain.length, 'not its bucket');
  need(plain.subarray(r.at).every((byte) => byte === 0), 'padding that is not zeros');
  return body;
}

// ---- bundles ----

function bundlePrelude(file, circle, keys) {
  const groups = file[32];
  need(groups >= 1 && groups <= 16, 'no bundle');
  const size = 33 + groups * 768;
  const ephemeral = file.subarray(0, 32);
  const key = K('bundle box', x25519.getSharedSecret(keys.seal_secret, ephemeral), ephemeral,
    keys.seal, keys.sign, circle);
  for (let at = 33; at < size; at += 48) {
    need(at === 33 || compare(file.subarray(at - 48, at), file.subarray(at, at + 48)) < 0,
      'boxes that are not sorted');
  }
  for (let at = 33; at < size; at += 48) {
    try {
      const secret = open(key, new Uint8Array(24), file.subarray(at, at + 48));
      return { size, secret, hash: H('bundle', file.subarray(0, size)) };
    } catch { /* somebody else's */ }
  }
  throw new Error('no box is for this device');
}

function bundlePlain(file, prelude) {
  const key = K('bundle key', prelude.secret, prelude.hash);
  const frames = (file.length - prelude.size) / 32784;
  need(Number.isInteger(frames) && frames > 0, 'not whole frames');
  return cat(...Array.from({ length: frames }, (_, n) => {
    const at = prelude.size + n * 32784;
    const nonce = cat(u64(n), [n === frames - 1 ? 1 : 0], new Uint8Array(15));
    return open(key, nonce, file.subarray(at, at + 32784), domain('bundle frame'));
  }));
}

function bundleHeader(raw, hash, circle) {
  const r = new Reader(raw);
  need(r.u8() === 64 && r.u8() === 1, 'header');
  need(hex(r.take(32)) === hex(circle), 'circle');
  const header = { author: r.take(32), wall: r.i64(), entries: r.varint() };
  verify('bundle signature', header.author, r.take(64), hash, raw.subarray(0, r.at - 64));
  r.end();
  return header;
}

function proofItems(r) {
  const last = r.u8();
  need(last <= 1, 'flags');
  const items = r.list(16384, () => {
    const author = r.take(32);
    const [header, signature] = [r.string(2400), r.take(64)];
    verify('entry signature', author, signature, header);
    return { id: hex(H('entry id', header)), blob: r.string(28672) };
  });
  r.end();
  return { last: last === 1, items };
}

/** One entry of an ENTRIES message; `h` has circle, log, seq and prev. */
function entryOf(r, h, before) {
  const form = r.u8();
  need(form < 32 && (form & 3) < 3, 'form');
  h.kind = form & 3;
  if (h.seq === 0) [h.sign, h.incarnation] = [r.take(32), r.take(16)];
  h.links = r.ids(r.u8());
  h.lamport = r.big() + (before ? before.lamport + 1n : 0n);
  h.wall = r.i64();
  if (form & 4) need(before?.epoch && h.kind !== 2, 'no epoch before');
  if (h.kind !== 2) h.epoch = form & 4 ? before.epoch : hex(r.take(32));
  if (form & 8) need(before, 'no auth before');
  h.auth = form & 8 ? before.auth : r.ids(r.u8());
  need(Boolean(form & 4) === Boolean(h.epoch && before?.epoch === h.epoch), 'form: epoch');
  need(Boolean(form & 8) === Boolean(before && h.auth.join() === before.auth.join()), 'form: auth');
  const signature = r.take(64);
  let blob = null;
  if (form & 16) {
    [h.blob_hash, h.blob_size] = [hex(r.take(32)), r.varint(28672)];
  } else {
    blob = r.string(28672);
    [h.blob_hash, h.blob_size] = [hex(H('blob hash', blob)), blob.length];
  }
  const header = encodeHeader(h);
  return { id: hex(H('entry id', header)), header, signature, blob, h };
}

function chunkPart(r, circle, chunk) {
  const flags = r.u8();
  need(flags < 8, 'flags');
  const log = hex(r.take(32));
  let seq = r.varint(), prev = null;
  if (flags & 2) {
    need(chunk.length === 0, 'two chunks at once');
    if (seq > 0) prev = hex(r.take(32));
  } else {
    const last = chunk.at(-1);
    need(last && last.h.log === log && last.h.seq + 1 === seq, 'another part was due');
    prev = last.id;
  }
  let before = null;
  for (let count = r.varint(256); count > 0; count--, seq++) {
    const entry = entryOf(r, { circle, log, seq, ...(seq > 0 ? { prev } : {}) }, before);
    chunk.push(entry);
    [before, prev] = [entry.h, entry.id];
  }
  r.end();
  return (flags & 1) === 1;
}

/** {header, entries: [{id, header, signature, blob, h}]} of a bundle, by one recipient's keys. */
export function openBundle(file, circle, keys) {
  const prelude = bundlePrelude(file, circle, keys);
  const r = new Reader(bundlePlain(file, prelude));
  const out = { header: null, proof: [], entries: [] };
  let proven = false, chunk = [];
  for (;;) {
    const size = r.varint(65000);
    if (size === 0) break;
    const message = r.take(size);
    if (out.header === null) {
      out.header = bundleHeader(message, prelude.hash, circle);
      continue;
    }
    const body = new Reader(message);
    const type = body.u8();
    need(type === (proven ? 3 : 1), `a message of type ${type}`);
    if (type === 1) {
      const { last, items } = proofItems(body);
      out.proof.push(...items);
      proven = last;
    } else if (chunkPart(body, circle, chunk)) {
      out.entries.push(...chunk);
      chunk = [];
    }
  }
  need(proven && chunk.length === 0, 'it ends too early');
  need(r.input.length - r.at < 32768 && r.input.subarray(r.at).every((byte) => byte === 0),
    'no zeros at the end');
  return out;
}
