// What goes wrong at a keyboard: each time one clear sentence, the documented exit status, nothing
// lost, the node lives.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const EXIT = { ok: 0, usage: 2, notRunning: 3, locked: 4, passphrase: 5, notFound: 6, invalid: 7,
  refused: 8, storage: 9 };
if (!enterNamespace()) finish('no network namespaces here');
new Network(['one', 'two']);
const one = new Person('one', 'one'), two = new Person('two', 'two');
const folder = mkdtempSync(join(tmpdir(), 'veillee-bad-'));

/** Runs it, expects that exit status and one line on standard error that is no internal name. */
async function refuses(person, args, status, options) {
  const end = await person.run(args, options);
  if (end.status !== status) {
    throw new Error(`${args.join(' ')}: exit ${end.status}, not ${status}: ${end.err}${end.out}`);
  }
  const lines = end.err.trim().split('\n');
  if (lines.length !== 1 || lines[0].length < 10) {
    throw new Error(`${args.join(' ')}: not one sentence: ${end.err}`);
  }
  if (/VL_ERR|[a-z]+_[a-z]+_|errno|assert/.test(lines[0])) {
    throw new Error(`not for people: ${lines[0]}`);
  }
  return lines[0];
}
const alive = () => one.json('status');

try {
  await one.init();
  await two.init();
  await test('commands without a running node say so', () =>
    refuses(one, ['status'], EXIT.notRunning));
  await test('a second init touches nothing', async () => {
    const before = readFileSync(join(one.vault, 'keys'));
    await refuses(one, ['init', '--passphrase-fd', '3'], EXIT.invalid, { passphrase: 'autre' });
    if (!before.equals(readFileSync(join(one.vault, 'keys')))) throw new Error('keys changed');
  });
  await test('a wrong passphrase', () =>
    refuses(one, ['run', '--passphrase-fd', '3'], EXIT.passphrase, { passphrase: 'faux' }));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await one.start();
  await two.start();
  await test('usage errors', async () => {
    for (const args of [['no-such-command'], ['circle'], ['gather'], ['meeting', 'show'],
      ['share', 'add', '--no-such-option', 'x'], ['status', 'too', 'many']]) {
      const { status, err } = await one.run(args);
      if (status !== EXIT.usage || err.length < 10) throw new Error(`${args}: ${status} ${err}`);
    }
  });
  await test('what is not there', async () => {
    await refuses(one, ['gather', 'Nulle part'], EXIT.notFound);
    await refuses(one, ['meeting', 'show', 'ffffffff'], EXIT.notFound);
  });
  await one.json('circle', 'new', 'Cercle', '--as', 'Un');
  await test('without a name the only draft is meant, until there are two', async () => {
    const shown = await one.json('circle', 'show');
    if (shown.name !== 'Cercle') throw new Error(JSON.stringify(shown));
    await refuses(two, ['circle', 'show'], EXIT.notFound);
    await two.json('circle', 'new', 'Un cercle', '--as', 'Deux');
    await two.json('circle', 'new', 'Un autre', '--as', 'Deux');
    await refuses(two, ['circle', 'show'], EXIT.invalid);
  });
  await test('a wrong code: refused, the invitation stays for two more tries', async () => {
    const invitation = one.steps(['invite', 'Cercle', '--yes']);
    const code = await invitation.line(0);
    const words = code.text.split(' ');
    const wrong = [words[0], words[2], words[3], words[1]];
    await refuses(two, ['join', ...wrong, '--as', 'Deux', '--yes'], EXIT.refused);
    const right = await two.run(['join', ...words, '--as', 'Deux', '--yes']);
    if (right.status !== 0) throw new Error(`the right code after a wrong one: ${right.err}`);
    await invitation.done;
  });
  await test('words that are in no list', () =>
    refuses(two, ['join', '12', 'qqqqq', 'wwwww', 'zzzzz', '--as', 'X', '--yes'], EXIT.invalid));
  await test('a folder without minutes', async () => {
    await refuses(one, ['import', 'minutes', folder], EXIT.notFound);
    await refuses(one, ['import', 'minutes', join(folder, 'absent')], EXIT.notFound);
  });
  await test('minutes that are no minutes are refused one by one, the rest goes in', async () => {
    writeFileSync(join(folder, 'a.md'),
      '# Rencontre du 3 mars 2026\n\n## Présents\n\n* Inès\n\n## Notes\n\nOui.\n');
    writeFileSync(join(folder, 'b.md'), Buffer.from([0x23, 0x20, 0xff, 0xfe, 0x00, 0x80]));
    writeFileSync(join(folder, 'c.md'), 'rien');
    const before = (await one.json('meeting', 'list')).meetings.length;
    const end = await one.run(['import', 'minutes', folder, '--json']);
    const after = (await one.json('meeting', 'list')).meetings.length;
    if (after !== before + 1) throw new Error(`${after - before} meetings went in: ${end.out}`);
    const again = await one.run(['import', 'minutes', folder, '--json']);
    if ((await one.json('meeting', 'list')).meetings.length !== after) {
      throw new Error(`imported twice: ${again.out}`);
    }
  });
  await test('hostile text is refused or shown as text', async () => {
    const long = 'x'.repeat(100000);
    await refuses(one, ['share', 'add', '--title', long, '--text', 'y'], EXIT.invalid);
    const { id } = await one.json('share', 'add', '--title', '<b>\u202e"\'', '--text', '${x}\n%s');
    const { title } = await one.json('share', 'show', id);
    if (title !== '<b>\u202e"\'') throw new Error(`changed to ${title}`);
  });
  await test('locked: nothing is readable, unlocking brings all back', async () => {
    const { digest } = (await one.json('status')).circles[0];
    if ((await one.run(['lock'])).status !== 0) throw new Error('lock failed');
    await refuses(one, ['share', 'list'], EXIT.locked);
    await refuses(one, ['unlock', '--passphrase-fd', '3'], EXIT.passphrase,
      { passphrase: 'faux' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const end = await one.run(['unlock', '--passphrase-fd', '3'], { passphrase: one.passphrase });
    if (end.status !== 0) throw new Error(`unlock: ${end.err}`);
    if ((await one.json('status')).circles[0].digest !== digest) throw new Error('not the same');
  });
  await test('a second node on the same vault is refused', () =>
    refuses(one, ['run', '--passphrase-fd', '3'], EXIT.storage, { passphrase: one.passphrase }));
  await test('a damaged vault is named, and its files are left as they are', async () => {
    await two.stop();
    const files = readdirSync(two.vault).filter((name) => name.startsWith('vault-'));
    const sizes = files.map((name) => readFileSync(join(two.vault, name)));
    for (const [at, name] of files.entries()) {
      const bytes = Buffer.from(sizes[at]);
      for (let i = 4136 + 100; i < bytes.length; i += 4136) bytes[i] ^= 1;
      writeFileSync(join(two.vault, name), bytes);
    }
    await refuses(two, ['run', '--passphrase-fd', '3'], EXIT.storage,
      { passphrase: two.passphrase });
    for (const [at, name] of files.entries()) writeFileSync(join(two.vault, name), sizes[at]);
    await two.start();
  });
  await test('a full disk: one sentence, what was saved stays, goes on with room', async () => {
    const small = join(folder, 'small');
    execFileSync('mkdir', [small]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    const three = new Person('three', 'one');
    rmSync(three.vault, { recursive: true });
    three.vault = join(small, 'vault');
    await three.init();
    await three.start();
    await three.json('circle', 'new', 'Petit', '--as', 'Trois');
    const four = new Person('four', 'two');
    await four.init();
    await four.start();
    await pair(three, 'Petit', four, 'Quatre');
    const kept = [];
    let full = null;
    for (let n = 0; n < 400 && !full; n++) {
      const end = await three.run(
        ['share', 'add', '--title', `n ${n}`, '--text', 'y'.repeat(9000), '--json']);
      if (end.status === 0) kept.push(JSON.parse(end.out).id);
      else full = end;
    }
    if (full?.status !== EXIT.storage) {
      throw new Error(`not full: ${kept.length} ${full?.status} ${full?.err}`);
    }
    const check = async (when) => {
      const here = new Set((await three.json('share', 'list')).shares.map((share) => share.id));
      const lost = kept.filter((id) => !here.has(id));
      if (lost.length) throw new Error(`${when}: lost ${lost.length} of ${kept.length}`);
    };
    await check('when full');
    execFileSync('mount', ['-o', 'remount,size=64m', small]);
    const later = ['share', 'add', '--title', 'après', '--text', 'il y a de la place'];
    kept.push((await three.json(...later)).id);
    await three.stop();
    await three.start();
    await check('after a restart');
    await three.stop();
    await four.stop();
    four.destroy();
    execFileSync('umount', [small]);
  });
  await test('the node lived through all of it', alive);
} finally {
  one.destroy();
  two.destroy();
  rmSync(folder, { recursive: true, force: true });
}
finish();
