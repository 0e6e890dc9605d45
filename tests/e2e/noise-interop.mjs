// A live handshake with another implementation of Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b (the npm
// package noise-handshake), both ways, then messages in frames: plain XXpsk0 is in no published
// set of vectors.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { finish, test } from './lib/report.mjs';

const peerProgram = join(process.env.VEILLEE_BUILD ?? 'build', 'interop', 'noise_peer');
if (!existsSync(peerProgram)) throw new Error(`${peerProgram} was not built`);
const load = (name) => import(name).then((module) => module.default, () => null);
const Noise = await load('noise-handshake');
const Cipher = await load('noise-handshake/cipher.js');
if (!Noise || !Cipher) finish('the npm package noise-handshake is not installed');

const FRAME_PLAIN_MAX = 65535 - 16, MESSAGE = 1, CLOSE = 2;

/** The bucket of a plaintext, as docs/transport.md has them. */
function bucket(size) {
  for (let b = 128; b <= 4096; b *= 2) if (size <= b) return b;
  return Math.min(Math.ceil(size / 4096) * 4096, FRAME_PLAIN_MAX);
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value >>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

function frame(cipher, kind, message) {
  const text = Buffer.concat([Buffer.from([kind]), varint(message.length), message]);
  const plain = Buffer.concat([text, Buffer.alloc(bucket(text.length) - text.length)]);
  const sealed = cipher.encrypt(plain);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(sealed.length);
  return Buffer.concat([size, sealed]);
}

function unframe(cipher, sealed) {
  const plain = Buffer.from(cipher.decrypt(sealed));
  let size = 0, at = 1;
  for (let shift = 0; ; shift += 7) {
    size |= (plain[at] & 127) << shift;
    if (plain[at++] < 128) break;
  }
  if (plain.length !== bucket(at + size)) throw new Error(`${plain.length} bytes is no bucket`);
  if (plain.subarray(at + size).some((byte) => byte !== 0)) throw new Error('padding');
  return { kind: plain[0], message: plain.subarray(at, at + size) };
}

/** The program under test, with its streams read as asked. */
class Peer {
  constructor(dialler, psk, nonce) {
    this.process = spawn(peerProgram, [], { stdio: 'pipe' });
    this.process.stdin.on('error', () => {}); // it may end before it has read all
    this.errors = '';
    this.process.stderr.on('data', (data) => { this.errors += data; });
    this.input = Buffer.alloc(0);
    this.ended = false;
    this.process.stdout.on('data', (data) => this.#grow(data));
    this.process.stdout.on('end', () => { this.ended = true; this.#grow(Buffer.alloc(0)); });
    this.status = new Promise((resolve) => this.process.on('close', resolve));
    this.write(Buffer.concat([Buffer.from([dialler ? 1 : 0]), psk, nonce, randomBytes(32)]));
  }

  #grow(data) {
    this.input = Buffer.concat([this.input, data]);
    this.wake?.();
  }

  write(bytes) { this.process.stdin.write(bytes); }

  async read(size) {
    while (this.input.length < size) {
      if (this.ended) throw new Error(`it ended: ${this.errors}`);
      await new Promise((resolve) => { this.wake = resolve; });
    }
    const bytes = this.input.subarray(0, size);
    this.input = this.input.subarray(size);
    return Buffer.from(bytes);
  }

  async readFrame() { return this.read((await this.read(2)).readUInt16BE()); }

  key(name) { return this.errors.match(new RegExp(`^${name} ([0-9a-f]{64})$`, 'm'))?.[1]; }
}

const prologueOf = (nonce) => Buffer.concat([Buffer.from('veillee/1 noise\0'), nonce]);

/** Their side of the handshake; the fixed sizes and zero payloads are checked on the way. */
async function shake(peer, theyDial, psk, nonce) {
  const noise = new Noise('XXpsk0', theyDial, null, { psk });
  noise.initialise(prologueOf(nonce));
  const zeros = Buffer.alloc(16);
  const take = async (size, payload) => {
    const got = Buffer.from(noise.recv(await peer.read(size)));
    if (!got.equals(payload)) throw new Error(`payload ${got.toString('hex')}`);
  };
  if (theyDial) {
    peer.write(noise.send());
    await take(112, zeros);
    peer.write(noise.send(zeros));
  } else {
    await take(48, Buffer.alloc(0));
    peer.write(noise.send(zeros));
    await take(80, zeros);
  }
  return { noise, send: new Cipher(noise.tx), receive: new Cipher(noise.rx) };
}

for (const theyDial of [true, false]) {
  await test(`${theyDial ? 'noise-handshake dials' : 'noise-handshake answers'}`, async () => {
    const psk = randomBytes(32), nonce = randomBytes(12);
    const peer = new Peer(!theyDial, psk, nonce);
    const { noise, send, receive } = await shake(peer, theyDial, psk, nonce);
    for (const size of [0, 1, 125, 126, 127, 128, 4093, 4094, 61437, 65000]) {
      const message = randomBytes(size);
      peer.write(frame(send, MESSAGE, message));
      const back = unframe(receive, await peer.readFrame());
      if (back.kind !== MESSAGE) throw new Error(`kind ${back.kind}`);
      if (!Buffer.from(back.message).reverse().equals(message)) throw new Error(`${size} bytes`);
    }
    peer.write(frame(send, CLOSE, Buffer.alloc(0)));
    if (await peer.status !== 0) throw new Error(peer.errors);
    const hex = (key) => Buffer.from(key).toString('hex');
    if (peer.key('peer') !== hex(noise.s.publicKey)) throw new Error('the key it saw is not ours');
    if (peer.key('own') !== hex(noise.rs)) throw new Error('the key we saw is not its own');
  });
}

await test('a dialler with another secret gets no byte', async () => {
  const nonce = randomBytes(12);
  const peer = new Peer(false, randomBytes(32), nonce);
  const noise = new Noise('XXpsk0', true, null, { psk: randomBytes(32) });
  noise.initialise(prologueOf(nonce));
  peer.write(noise.send());
  if (await peer.status !== 1) throw new Error('it did not fail');
  if (peer.input.length !== 0) throw new Error(`${peer.input.length} bytes came`);
  if (!peer.errors.includes('error HANDSHAKE')) throw new Error(peer.errors);
});

finish();
