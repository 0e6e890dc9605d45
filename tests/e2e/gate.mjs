// The local interface as a real node opens it: who gets in, what everybody else sees, events, and
// people who read slowly or not at all.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { exchange, head, launchToken, Page, watch } from './lib/page.mjs';
import { enterNamespace } from './lib/network.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, skip, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');
const one = new Person('one', null), locked = new Person('locked', null);
const alter = new Person('alter', null), fresh = new Person('fresh', null);
const equal = (a, b, what) => {
  if (a !== b) throw new Error(`${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);
};
const ok = (flag, what) => { if (!flag) throw new Error(what); };

const HEADERS = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
const safe = (answer, what) => {
  for (const [name, value] of Object.entries(HEADERS)) {
    equal(answer.headers[name], value, `${what}: ${name}`);
  }
  ok(answer.headers['permissions-policy'], `${what}: permissions-policy`);
  ok(!('access-control-allow-origin' in answer.headers), `${what}: lets other sites read`);
};

let refusal = null; // the one refusal that there is
async function refused(page, method, path, options, what) {
  const answer = await page.send(method, path, options);
  equal(answer.status, 401, what);
  safe(answer, what);
  const same = JSON.stringify([answer.raw.filter((_, i, all) => all[i & ~1] !== 'Date'),
    answer.text]);
  refusal ??= same;
  equal(same, refusal, `${what}: another refusal`);
}

async function open(person) {
  const { file, port } = await person.json('open');
  const page = new Page(port);
  await page.launch(file);
  return page;
}

/** Runs a request as the account nobody; its answer. */
function asNobody(port, bytes) {
  const script = `const s = require('net').connect(${port}, '127.0.0.1');
    s.on('connect', () => s.write(Buffer.from(process.argv[1], 'base64')));
    s.on('data', (d) => process.stdout.write(d));
    s.on('close', () => process.exit(0)); s.on('error', () => {});
    setTimeout(() => process.exit(0), 3000);`;
  return execFileSync(process.execPath, ['-e', script, Buffer.from(bytes).toString('base64')],
    { uid: 65534, gid: 65534, env: {}, cwd: '/' }).toString();
}

try {
  await one.init();
  await locked.init();
  await alter.init();
  await one.start('--loopback');
  await alter.start('--loopback');
  const begin = Date.now();
  const old = await alter.json('open'); // nobody uses it: it must end by itself
  const lorises = Array.from({ length: 20 }, () => exchange(old.port, 'GET / HT', { seconds: 90 }));

  await test('the launch file: private, and its token is nowhere else', async () => {
    const { status, out } = await one.run(['open']);
    equal(status, 0, 'veillee open');
    const file = decodeURIComponent(new URL(out.split('\n')[0]).pathname);
    equal(statSync(file).mode & 0o777, 0o600, 'mode');
    const token = launchToken(file);
    ok(!out.includes(token), 'the token is printed');
    ok(!file.includes(token), 'the token is in the name');
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let line = '';
      try { line = readFileSync(`/proc/${pid}/cmdline`, 'latin1'); } catch { continue; }
      ok(!line.includes(token), `the token is in an argument of ${line}`);
    }
  });

  const { file, port } = await one.json('open');
  const page = new Page(port);

  await test('the path of the file that opens it, which a browser keeps, tells nothing', () => {
    equal(dirname(file), one.vault, 'not in XDG_RUNTIME_DIR itself');
    ok(/^[0-9a-f]+-[0-9a-f]+\.html$/.test(basename(file)), file);
  });

  await test('listens on 127.0.0.1 and nowhere else', async () => {
    const listening = readFileSync('/proc/net/tcp', 'utf8').split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((column) => column[3] === '0A' &&
        parseInt(column[1]?.split(':')[1] ?? '', 16) === port);
    equal(listening.map((column) => column[1].split(':')[0]).join(), '0100007F', 'address');
    const others = Object.values(networkInterfaces()).flat()
      .filter((each) => each.family === 'IPv4' && !each.internal).map((each) => each.address);
    for (const host of ['127.0.0.2', ...others]) {
      equal(await exchange(port, head('GET', '/', page.fields('GET')), { host, seconds: 1 }), '',
        host);
    }
  });

  await test('without a session: 401 to everything, always the same', async () => {
    for (const [method, path] of [['GET', '/'], ['GET', '/index.html'], ['GET', '/main.js'],
      ['GET', '/nowhere'], ['GET', '/api/v1/status'], ['GET', '/api/v1/session'],
      ['GET', '/api/v1/events'], ['GET', '/api/v9/x'], ['POST', '/api/v1/lock'],
      ['POST', '/api/v1/unlock'], ['PATCH', '/api/v1/status'], ['PUT', '/'], ['DELETE', '/'],
      ['OPTIONS', '/api/v1/status'], ['GET', '/launch'], ['BREW', '/'], ['GET', '/../keys'],
      ['GET', '/%2e%2e/keys'], ['GET', '//'], ['GET', '/api/v1/status?session=1']]) {
      await refused(page, method, path, {}, `${method} ${path}`);
    }
  });

  if (process.getuid() === 0) {
    await test('another account: 401, also with the launch token', async () => {
      const refusalOf = (text) => {
        ok(text.startsWith('HTTP/1.1 401 '), `not refused: ${text.slice(0, 100)}`);
        equal(text.split('\r\n\r\n')[1], '401\n', 'body');
      };
      refusalOf(asNobody(port, head('GET', '/', page.fields('GET'))));
      refusalOf(asNobody(port,
        `${head('POST', '/launch', page.launchFields())}token=${launchToken(file)}`));
    });
  } else {
    skip('another account', 'needs root');
  }

  await test('the token buys one session, once', async () => {
    const token = launchToken(file);
    await refused(page, 'POST', '/launch', { fields: page.launchFields(),
      body: `token=${'A'.repeat(43)}` }, 'another token');
    const answer = await page.launch(file);
    safe(answer, 'launch');
    ok(!existsSync(file), 'the file is still there');
    await refused(page, 'POST', '/launch', { fields: page.launchFields(), body: `token=${token}` },
      'a second time');
  });

  await test('the cookie: HttpOnly, SameSite=Strict, for the session, of this port', async () => {
    equal(page.setCookie.length, 1, 'cookies');
    const [pair, ...flags] = page.setCookie[0].split('; ');
    ok(new RegExp(`^session-${port}=[\\w-]{43}$`).test(pair), pair);
    equal(flags.sort().join(), 'HttpOnly,Path=/,SameSite=Strict', 'flags');
  });

  await test('the page and its files, with their types', async () => {
    for (const [path, type] of [['/', 'text/html'], ['/index.html', 'text/html'],
      ['/main.js', 'text/javascript'], ['/lib/preact.js', 'text/javascript']]) {
      const answer = await page.send('GET', path);
      equal(answer.status, 200, path);
      ok(answer.headers['content-type'].startsWith(type), `${path}: type`);
      safe(answer, path);
      ok(!/<script(?![^>]* src=)|<style|\son\w+=|javascript:/.test(
        type === 'text/html' ? answer.text : ''), `${path}: something inline`);
    }
    const absent = await page.send('GET', '/nowhere');
    equal(absent.status, 404, 'absent');
    safe(absent, '404');
  });

  if (process.getuid() === 0) {
    await test('another account with a stolen cookie and token: 401', async () => {
      for (const method of ['GET', 'POST']) {
        const bytes = head(method, '/api/v1/' + (method === 'GET' ? 'status' : 'lock'),
          { ...page.fields(method), 'Content-Length': 0 });
        const text = asNobody(port, bytes);
        ok(text.startsWith('HTTP/1.1 401 '), `${method}: ${text.slice(0, 200)}`);
      }
      equal((await page.json('GET', 'status')).locked, false, 'locked');
    });
  }

  await test('other names of the host', async () => {
    for (const host of ['127.0.0.1', `localhost:${port}`, `127.evil.com:${port}`,
      `127.0.0.1.evil.com:${port}`, `0x7f.1:${port}`, `127.1:${port}`, `[::1]:${port}`,
      `127.0.0.1.:${port}`, `user@127.0.0.1:${port}`, `127.0.0.1:${port + 1}`, `evil.com:${port}`,
      `2130706433:${port}`, `LOCALHOST:${port}`, '']) {
      const text = await exchange(port, head('GET', '/', { ...page.fields('GET'), Host: host }));
      ok(text.startsWith('HTTP/1.1 401 '), `${host}: ${text.slice(0, 80)}`);
    }
    for (const Host of [undefined, [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
      [`127.0.0.1:${port}`, 'evil.com']]) {
      const text = await exchange(port, head('GET', '/', { ...page.fields('GET'), Host }));
      ok(/^HTTP\/1.1 40[01] /.test(text), `${Host}: ${text.slice(0, 80)}`);
      ok(!text.includes('<main'), `${Host}: let in`);
    }
  });

  await test('changes that another site sends', async () => {
    const lock = (fields, what) => refused(page, 'POST', '/api/v1/lock', { fields, body: '{}' },
      what);
    await lock({ Origin: 'http://evil.com', 'Sec-Fetch-Site': 'cross-site' }, 'another site');
    await lock({ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }, 'a form in a file');
    await lock({ Origin: `http://127.0.0.1:${port + 1}`, 'Sec-Fetch-Site': 'same-site' },
      'another port');
    await lock({ Origin: `http://localhost:${port}` }, 'another name');
    await lock({ 'Sec-Fetch-Site': undefined }, 'an old browser');
    await lock({ Origin: undefined }, 'no Origin');
    await lock({ 'X-Veillee-Token': undefined }, 'no token');
    await lock({ 'X-Veillee-Token': page.cookie.split('=')[1] }, 'the cookie as token');
    await lock({ Cookie: undefined }, 'no cookie');
    await lock({ Cookie: `${page.cookie}x` }, 'another cookie');
    await lock({ Cookie: `${page.cookie}; ${page.cookie}` }, 'the cookie twice');
    await refused(page, 'GET', '/api/v1/lock', { fields: { 'X-HTTP-Method-Override': 'POST',
      'Sec-Fetch-Site': 'cross-site' } }, 'another method in a field');
    await refused(page, 'GET', '/api/v1/status', { fields: { 'Sec-Fetch-Site': 'none',
      'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' } }, 'typed');
    await refused(page, 'GET', '/', { fields: { 'Sec-Fetch-Site': 'none',
      'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' } }, 'framed');
    equal((await page.json('GET', 'status')).locked, false, 'locked');
  });

  await test('what is too large, in chunks, unknown, or no HTTP', async () => {
    const long = await page.send('POST', '/api/v1/unlock', { fields: { 'Content-Length': 1048577,
      Connection: 'close' } });
    equal(long.status, 413, 'length');
    safe(long, '413');
    const chunks = await exchange(port, head('POST', '/api/v1/unlock',
      { ...page.fields('POST'), 'Transfer-Encoding': 'chunked' }) + '2\r\n{}\r\n0\r\n\r\n');
    ok(chunks.startsWith('HTTP/1.1 411 '), chunks.slice(0, 80));
    equal((await page.api('GET', 'nowhere')).status, 404, 'unknown');
    equal((await page.api('DELETE', 'status')).status, 405, 'method');
    for (const name of ['X', 'Cookie']) {
      const text = await exchange(port, head('GET', '/',
        { ...page.fields('GET'), [name]: 'x'.repeat(70000) }));
      ok(/^(HTTP\/1.1 4|$)/.test(text), `${name}: ${text.slice(0, 80)}`);
    }
    for (const bytes of ['\x16\x03\x01\x02\r\n\r\n', 'GET\r\n\r\n', '\0\0\0\0',
      'GET / HTTP/1.1\r\nHost\r\n\r\n', `${'A'.repeat(100000)} / HTTP/1.1\r\n\r\n`]) {
      const text = await exchange(port, bytes, { seconds: 1 });
      ok(!text.includes('<main'), `let in: ${bytes.slice(0, 20)}`);
    }
    equal((await page.json('GET', 'status')).locked, false, 'alive');
  });

  await test('at most eight sessions: the oldest ends', async () => {
    const many = [];
    for (let n = 0; n < 8; n++) many.push(await open(one));
    await refused(page, 'GET', '/', {}, 'the oldest');
    equal((await many[7].api('GET', 'status')).status, 200, 'the newest');
    await refused(many[7], 'POST', '/api/v1/lock', { body: '{}',
      fields: { 'X-Veillee-Token': many[6].token } }, 'the token of another session');
    Object.assign(page, many[7]);
  });

  await test('other connections that say nothing do not keep the page out', async () => {
    const idle = Array.from({ length: 128 }, () => exchange(port, 'GET / HTTP/1.1\r\nX: ',
      { seconds: 4 }));
    await sleep(300);
    const start = Date.now();
    for (let n = 0; n < 5; n++) equal((await page.api('GET', 'status')).status, 200, 'status');
    ok(Date.now() - start < 2000, `${Date.now() - start} ms`);
    await Promise.all(idle);
  });

  // ---- events ----

  await one.json('circle', 'new', 'Jeudi', '--as', 'Un');

  await test('a stream begins with what is, and tells the list of circles', async () => {
    const stream = page.watch();
    const ready = await stream.next('ready');
    equal(ready.data.locked, false, 'locked');
    equal(stream.headers['content-type'], 'text/event-stream', 'type');
    safe(stream, 'events');
    await page.json('POST', 'circles', { name: 'Livres', pseudonym: 'Un' });
    const told = await stream.next('circles');
    equal(Number(told.id), Number(ready.id) + 1, 'numbers grow by one');
    stream.close();
  });

  await test('the network\'s changes are told, its clock is not', async () => {
    const stream = page.watch();
    await stream.next('ready');
    await page.json('POST', 'circles/Livres/invite', {});
    const { data } = await stream.next('network', { check: (e) => e.data.state === 'inviting' });
    equal(data.pairing, 'listening', 'pairing');
    await sleep(1200);
    const count = stream.list.length;
    await sleep(1500);
    equal(stream.list.length, count, `events without a change: ${JSON.stringify(stream.list)}`);
    await page.json('POST', 'pairing/cancel', {});
    await stream.next('network', { from: count, check: (e) => e.data.pairing !== 'listening' });
    stream.close();
  });

  await test('founded, the circle tells of its records: at once, and also over the socket',
    async () => {
      await pair(one, 'Jeudi', alter, 'Deux');
      const { circles } = await one.json('status');
      const circle = circles.find((each) => each.name === 'Jeudi');
      const folder = join(one.vault, 'veillee'); // the runtime folder of these tests
      const socket = readdirSync(folder).find((name) => name.endsWith('.sock'));
      const overSocket = watch({ socketPath: join(folder, socket) });
      const stream = page.watch();
      await Promise.all([stream.next('ready'), overSocket.next('ready')]);
      const delays = [];
      for (let n = 0; n < 10; n++) {
        const from = stream.list.length, start = Date.now();
        const { id } = await page.json('POST', `circles/${circle.id}/shares`,
          { title: `n ${n}`, text: 'x' });
        const check = (e) => e.data.records !== 'many' && e.data.circle === circle.id &&
          e.data.records.some((record) => record.type === 'share' && record.id === id);
        delays.push((await stream.next('change', { from, check })).at - start);
        await overSocket.next('change', { check });
      }
      delays.sort((a, b) => a - b);
      console.log(`     from the request to its event: median ${delays[5]} ms, most ${delays[9]}`);
      ok(delays[9] < 1000, `${delays[9]} ms`);
      overSocket.close();
      stream.close();
    });

  await test('what another person writes is told as soon as it is here', async () => {
    const stream = page.watch();
    for (const person of [one, alter]) await person.json('gather', 'Jeudi', '--for', '1h');
    await until('they meet', 60, async () =>
      (await one.json('peers')).peers.some((peer) => peer.connected && peer.in_sync));
    await stream.next('network', { check: (e) => e.data.connections === 1 });
    const theirs = await open(alter);
    const delays = [];
    for (let n = 0; n < 10; n++) {
      const from = stream.list.length, start = Date.now();
      const { id } = await theirs.json('POST', 'circles/Jeudi/shares',
        { title: `p ${n}`, text: 'x' });
      const told = await stream.next('change', { from,
        check: (e) => e.data.records.some?.((record) => record.id === id) });
      delays.push(told.at - start);
      await sleep(100);
    }
    delays.sort((a, b) => a - b);
    console.log(`     from a request there to its event here: median ${delays[5]} ms, most ` +
      `${delays[9]}`);
    ok(delays[9] < 1000, `${delays[9]} ms`);
    for (const person of [one, alter]) await person.json('away');
    await stream.next('network', {
      check: (e) => e.data.connections === 0 && e.data.state === 'away',
      from: stream.list.findIndex((e) => e.data.connections === 1),
    });
    stream.close();
  });

  await test('who comes back gets what she missed; after too many a resync', async () => {
    const first = page.watch();
    const { id } = await first.next('ready');
    first.close();
    const { circles } = await one.json('status');
    const path = `circles/${circles.find((each) => each.name === 'Jeudi').id}/shares`;
    await page.json('POST', path, { title: 'entre', text: 'x' });
    await sleep(200);
    const back = page.watch(id);
    await back.next('change');
    ok(!back.list.some((e) => e.event === 'resync'), 'a resync without need');
    back.close();
    for (let n = 0; n < 260; n++) {
      await page.json('POST', path, { title: `n ${n}`, text: 'x' });
      await sleep(20);
    }
    const late = page.watch(id);
    const resync = await late.next('resync');
    ok(Number(resync.id) > Number(id), 'its number');
    ok(!late.list.some((e) => e.event === 'change'), 'old events after a resync');
    await page.json('POST', path, { title: 'après', text: 'x' });
    await late.next('change');
    late.close();
    for (const strange of ['1', 'x', '99999999999999999999', `${Number(resync.id) + 1000}`]) {
      const stream = page.watch(strange);
      await stream.next('resync');
      stream.close();
    }
  });

  await test('at most sixteen watch; who does not read holds up nobody', async () => {
    const streams = Array.from({ length: 16 }, () => page.watch());
    await Promise.all(streams.map((stream) => stream.next('ready')));
    const over = page.watch();
    await over.until('an answer', () => over.status);
    equal(over.status, 503, 'the seventeenth');
    over.close();
    const slow = streams.slice(0, 15);
    for (const stream of slow) stream.answer.pause();
    const memory = () => Number(/VmRSS:\s+(\d+)/.exec(
      readFileSync(`/proc/${one.process.pid}/status`, 'utf8'))[1]);
    const before = memory();
    const { circles } = await one.json('status');
    const path = `circles/${circles.find((each) => each.name === 'Jeudi').id}/shares`;
    for (let n = 0; n < 300; n++) {
      const from = streams[15].list.length;
      const { id } = await page.json('POST', path, { title: `m ${n}`, text: 'x' });
      await streams[15].next('change', { from, seconds: 1,
        check: (e) => e.data.records === 'many' || e.data.records.some((r) => r.id === id) });
    }
    const grown = memory() - before;
    console.log(`     300 events past 15 who do not read: ${grown} kB more`);
    ok(grown < 16384, `${grown} kB more`);
    for (const stream of slow) stream.answer.resume();
    await page.json('POST', path, { title: 'fin', text: 'x' });
    for (const stream of slow) {
      const last = streams[15].list.at(-1);
      await stream.until('the last event', () =>
        stream.list.some((e) => Number(e.id) >= Number(last.id)));
      const numbers = stream.list.map((e) => Number(e.id));
      ok(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), 'numbers do not grow');
      const gap = numbers.findIndex((n, i) => i > 0 && n !== numbers[i - 1] + 1);
      ok(gap < 0 || stream.list[gap].event === 'resync', 'a gap without a resync');
    }
    for (const stream of streams) stream.close();
    await sleep(200);
    await page.json('POST', path, { title: 'pour qui est parti', text: 'x' });
    const again = await until('a place', 20, async () => {
      const stream = page.watch();
      await stream.until('an answer', () => stream.status);
      stream.close();
      return stream.status === 200;
    });
    ok(again, 'places are not given back');
  });

  await test('a heartbeat when nothing happens', async () => {
    const stream = page.watch();
    await stream.next('ready');
    await stream.until('a comment', () => stream.comments > 0, 16);
    stream.close();
  });

  // ---- locking ----

  await test('lock: the stream says so and ends, the session is over', async () => {
    const stream = page.watch(), other = await open(one);
    await stream.next('ready');
    const answer = await page.api('POST', 'lock', {});
    equal(answer.status, 200, 'lock');
    ok(/^session-\d+=; .*Max-Age=0/.test(answer.headers['set-cookie']?.[0] ?? ''), 'cookie');
    await stream.next('locked');
    await until('the end of the stream', 3, () => stream.ended);
    await refused(page, 'GET', '/', {}, 'after lock');
    await refused(other, 'GET', '/', {}, 'another session, after lock');
  });

  await test('a locked vault: the page shows nothing, and can open it', async () => {
    const opened = await open(one);
    equal(JSON.stringify(await opened.json('GET', 'status')), '{"locked":true}', 'status');
    for (const path of ['circles', 'search?words=n', 'peers', 'pairing']) {
      equal((await opened.api('GET', path)).status, 423, path);
    }
    const stream = opened.watch();
    equal((await stream.next('ready')).data.locked, true, 'ready');
    equal((await opened.api('POST', 'unlock', { passphrase: 'faux' })).status, 403, 'wrong');
    equal((await opened.api('POST', 'unlock', { passphrase: one.passphrase })).status, 429, 'wait');
    await sleep(1200);
    equal((await opened.send('POST', `/api/v1/unlock?passphrase=${encodeURIComponent(
      one.passphrase)}`, { body: '{}' })).status, 400, 'a passphrase in the address');
    await opened.json('POST', 'unlock', { passphrase: one.passphrase });
    await stream.next('unlocked');
    ok((await opened.json('GET', 'status')).circles.length === 2, 'circles');
    await opened.json('POST', 'lock', { keep: true });
    await stream.next('locked');
    equal(JSON.stringify(await opened.json('GET', 'status')), '{"locked":true}', 'kept session');
    await opened.json('POST', 'unlock', { passphrase: one.passphrase });
    ok(!stream.ended, 'the kept session\'s stream ended');
    await one.run(['lock']);
    await refused(opened, 'GET', '/', {}, 'after a lock by the command line');
    await until('the end of the stream', 3, () => stream.ended);
  });

  await test('without a vault: only with --new, and then the page makes it', async () => {
    const end = await fresh.run(['run']);
    equal(end.status, 6, `run: ${end.err}`);
    await fresh.start('--new');
    const first = await open(fresh);
    equal(JSON.stringify(await first.json('GET', 'status')), '{"locked":true,"new":true}', 'new');
    const stream = first.watch();
    await stream.next('ready');
    equal((await first.api('POST', 'vault', { passphrase: '' })).status, 400, 'empty');
    const { circles } = await first.json('POST', 'vault', { passphrase: fresh.passphrase });
    equal(circles.length, 0, 'circles');
    await stream.next('unlocked');
    equal((await first.api('POST', 'vault', { passphrase: 'x' })).status, 409, 'another');
    equal(statSync(fresh.vault).mode & 0o777, 0o700, 'mode');
    await fresh.stop();
    await fresh.start('--new'); // there is one now
    equal((await fresh.json('status')).locked, false, 'with its passphrase');
  });

  await test('a node that begins locked; a port of one\'s own, or a sentence', async () => {
    const taken = createServer();
    await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port: busy } = taken.address();
    const start = (number) => locked.run(['run', '--locked', '--port', String(number)],
      { seconds: 2 });
    for (const [number, status] of [[busy, 10], [0, 7], [80, 7], [65536, 7], ['x', 7]]) {
      const end = await start(number);
      equal(end.status, status, `--port ${number}: ${end.err}`);
      equal(end.err.trim().split('\n').length, 1, 'one sentence');
    }
    await new Promise((resolve) => taken.close(resolve));
    const end = await start(busy); // runs until it is killed
    ok(end.out.startsWith('ready (locked)\npage file:///'), end.out + end.err);
  });

  await test('a launch that nobody uses ends after a minute; slow ones are closed', async () => {
    await sleep(Math.max(0, begin + 61000 - Date.now()));
    ok(!existsSync(old.file), 'the file is still there');
    const texts = await Promise.race([Promise.all(lorises), sleep(12000)]);
    ok(texts, 'slow connections are still open');
  });

  await test('no connection is left behind', async () => {
    const open = () => readdirSync(`/proc/${one.process.pid}/fd`).length;
    const before = open();
    for (let n = 0; n < 50; n++) await exchange(port, 'GET / HTTP/1.1\r\n\r\n');
    await until('as many descriptors as before', 30, () => open() <= before);
  });

  await test('after the end: no file, no port', async () => {
    const { file: left, port: gone } = await alter.json('open');
    ok(existsSync(left), 'the file');
    await alter.stop();
    ok(!existsSync(left), 'the file is still there');
    equal(await exchange(gone, 'GET / HTTP/1.1\r\n\r\n', { seconds: 1 }), '', 'somebody answers');
  });
} finally {
  one.destroy();
  locked.destroy();
  alter.destroy();
  fresh.destroy();
}
finish();
