// One person's node in a test: her own vault folder, her own process, driven by the command line.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Network } from './network.mjs';

export const BINARY = process.env.VEILLEE_BINARY ??
  new URL('../../../build/veillee', import.meta.url).pathname;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `check` gives something true and returns it; throws after `seconds`. */
export async function until(what, seconds, check) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`did not happen in ${seconds} s: ${what}`);
    await sleep(100);
  }
}

export class Person {
  /** host: a host of the Network, or null for this one. environment: of her processes, besides. */
  constructor(name, host, { passphrase = `phrase de passe de ${name}`, environment = {} } = {}) {
    this.environment = environment;
    this.name = name;
    this.host = host;
    this.passphrase = passphrase;
    this.vault = mkdtempSync(join(tmpdir(), 'veillee-'));
    this.process = null;
  }

  #command(args, language = 'fr') {
    const argv = [BINARY, '--vault', this.vault, '--lang', language, ...args];
    return this.host ? Network.on(this.host, argv) : [argv[0], argv.slice(1)];
  }

  #environment() {
    return { ...process.env, XDG_RUNTIME_DIR: this.vault, LC_ALL: 'C.UTF-8', ...this.environment };
  }

  /** Runs a command to its end. Returns {status, out, err}; the passphrase goes by descriptor 3. */
  run(args, { passphrase = null, seconds = 60, language = 'fr' } = {}) {
    const [file, argv] = this.#command(args, language);
    return new Promise((resolve, reject) => {
      const child = spawn(file, argv, {
        env: this.#environment(),
        stdio: ['ignore', 'pipe', 'pipe', passphrase === null ? 'ignore' : 'pipe'],
      });
      let out = '', err = '';
      child.stdout.on('data', (data) => { out += data; });
      child.stderr.on('data', (data) => { err += data; });
      if (passphrase !== null) {
        child.stdio[3].on('error', () => {});
        child.stdio[3].end(passphrase + '\n');
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
      child.on('error', reject);
      child.on('close', (status) => {
        clearTimeout(timer);
        resolve({ status, out, err });
      });
    });
  }

  /** A command that must succeed; its --json answer. */
  async json(...args) {
    const { status, out, err } = await this.run([...args, '--json']);
    if (status !== 0) throw new Error(`${this.name}: ${args.join(' ')}: ${status}: ${err || out}`);
    return JSON.parse(out);
  }

  /** The same of one that asks for the passphrase. */
  async secretly(...args) {
    const { status, out, err } = await this.run([...args, '--json', '--passphrase-fd', '3'],
      { passphrase: this.passphrase });
    if (status !== 0) throw new Error(`${this.name}: ${args.join(' ')}: ${status}: ${err || out}`);
    return out === '' ? null : JSON.parse(out);
  }

  async init() {
    const { status, err } = await this.run(['init', '--passphrase-fd', '3'],
      { passphrase: this.passphrase });
    if (status !== 0) throw new Error(`${this.name}: init: ${status}: ${err}`);
  }

  /** Starts the node and waits until it says that it is ready. */
  async start(...options) {
    const [file, argv] = this.#command(['run', '--passphrase-fd', '3', ...options]);
    this.process = spawn(file, argv, {
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.process.stdio[3].on('error', () => {});
    this.process.stdio[3].end(this.passphrase + '\n');
    this.errors = '';
    this.process.stderr.on('data', (data) => { this.errors += data; });
    this.ended = new Promise((resolve) => {
      this.process.on('close', (status, signal) => resolve({ status, signal }));
    });
    const lines = createInterface({ input: this.process.stdout });
    const ready = new Promise((resolve) => {
      lines.on('line', (line) => { if (/^ready\b/.test(line)) resolve('ready'); });
    });
    const first = await Promise.race([ready, this.ended, sleep(30000)]);
    if (first !== 'ready') {
      throw new Error(`${this.name}: did not start: ${JSON.stringify(first)} ${this.errors}`);
    }
  }

  /** Makes the vault and opens it in a node that runs: so the passphrase is stretched once only. */
  async begin() {
    await this.start('--new');
    await this.ask('POST', 'vault', { passphrase: this.passphrase });
  }

  async stop() {
    if (!this.process) return null;
    this.process.kill('SIGTERM');
    const end = await Promise.race([this.ended, sleep(15000)]);
    if (!end) this.process.kill('SIGKILL');
    this.process = null;
    return end;
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
    this.process = null;
  }

  /** A command that talks for a while (invite, join, device add): its JSON lines as they come. The
   * passphrase goes by descriptor 3. */
  steps(args, seconds = 120, passphrase = null) {
    const [file, argv] = this.#command([...args, '--json']);
    const stdio = ['ignore', 'pipe', 'pipe', passphrase === null ? 'ignore' : 'pipe'];
    const child = spawn(file, argv, { env: this.#environment(), stdio });
    if (passphrase !== null) {
      child.stdio[3].on('error', () => {});
      child.stdio[3].end(passphrase + '\n');
    }
    const waiting = [], lines = [];
    let err = '', over = null;
    const wake = () => { for (const resolve of waiting.splice(0)) resolve(); };
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.trim()) lines.push(JSON.parse(line));
      wake();
    });
    child.stderr.on('data', (data) => { err += data; });
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    const done = new Promise((resolve) => {
      child.on('close', (status) => {
        clearTimeout(timer);
        over = { status, err, lines };
        wake();
        resolve(over);
      });
    });
    return {
      done,
      async line(at) {
        while (lines.length <= at && !over) await new Promise((resolve) => waiting.push(resolve));
        if (lines.length <= at) throw new Error(`${args[0]} ended: ${over.status}: ${err}`);
        return lines[at];
      },
    };
  }

  /** The node's own interface, without a process in between: the answer as JSON. With `onEvent` it
   * is given what comes, and the answer is a function that ends it. */
  ask(method, path, body = undefined, { onEvent = null, seconds = 60 } = {}) {
    const at = join(this.vault, 'veillee');
    const text = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const socketPath = join(at, readdirSync(at).find((name) => name.endsWith('.sock')));
      const headers = { 'Accept-Language': 'fr', 'Content-Length': Buffer.byteLength(text) };
      const options = { socketPath, method, path: `/api/v1/${path}`, agent: false, headers };
      const asked = request(options, (answer) => {
        let all = '';
        answer.setEncoding('utf8');
        answer.on('data', (data) => (onEvent ? onEvent(data) : (all += data)));
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(onEvent ? null : JSON.parse(all));
          else reject(new Error(`${this.name}: ${method} ${path}: ${answer.statusCode} ${all}`));
        });
        if (onEvent) resolve(() => asked.destroy());
      });
      asked.on('error', reject);
      if (!onEvent)
        asked.setTimeout(seconds * 1000, () => asked.destroy(new Error(`no answer: ${path}`)));
      asked.end(text);
    });
  }

  destroy() {
    if (this.process) this.process.kill('SIGKILL');
    rmSync(this.vault, { recursive: true, force: true });
  }
}

/** Invites and joins with the spoken code; returns how long it took, in ms. */
export async function pair(inviter, circle, joiner, as) {
  const invitation = inviter.steps(['invite', circle, '--yes']);
  const code = await invitation.line(0);
  const begin = Date.now();
  const joining = joiner.steps(['join', ...code.text.split(' '), '--as', as, '--yes']);
  const [one, two] = await Promise.all([invitation.done, joining.done]);
  for (const [who, end] of [[inviter, one], [joiner, two]]) {
    if (end.status !== 0) throw new Error(`${who.name}: pairing: ${end.status}: ${end.err}`);
  }
  return Date.now() - begin;
}

