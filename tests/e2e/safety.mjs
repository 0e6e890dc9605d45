// Preferences, locking by itself, another passphrase, the end of a vault: with real nodes and real
// time. The least that can be preferred is a minute, so this takes a little longer than that.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Page } from './lib/page.mjs';
import { Person, sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

const idle = new Person('idle', null), busy = new Person('busy', null);
const owner = new Person('owner', null);
const all = [idle, busy, owner];

function same(what, is, wanted) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
  }
}

async function open(person) {
  const { file, port } = await person.json('open');
  const page = new Page(port);
  await page.launch(file);
  return page;
}

const say = (person, args, passphrase) =>
  person.run([...args, '--passphrase-fd', '3'], { passphrase });
/** With waits that grow when one was wrong. */
const saySoon = (person, args, passphrase) => until(`${args[0]} is heard`, 30, async () => {
  const end = await say(person, [...args, '--json'], passphrase);
  return end.status === 0 ? JSON.parse(end.out) : null;
});

/** Loads again and again, as a page does whose circle is written in. When it was locked, in ms. */
async function load(page, seconds) {
  const begin = Date.now();
  for (;;) {
    const { locked } = await page.json('GET', 'status');
    if (locked) return Date.now() - begin;
    if (Date.now() - begin > seconds * 1000) return null;
    await sleep(1000);
  }
}

try {
  for (const person of all) await person.begin();
  const pages = new Map();
  for (const person of [idle, busy]) {
    pages.set(person, await open(person));
    await pages.get(person).json('PATCH', 'preferences', { lock_after_minutes: 1 });
  }
  const locked = load(pages.get(idle), 90);
  let goesOn = true;
  const kept = load(pages.get(busy), 75);
  const active = (async () => {
    while (goesOn) {
      await pages.get(busy).json('POST', 'active', {});
      for (let i = 0; i < 20 && goesOn; i++) await sleep(1000);
    }
  })();

  await test('preferences are in the vault, and nothing of them lies open', async () => {
    await owner.json('circle', 'new', 'Jeudi', '--as', 'Inès');
    await owner.json('preferences', 'theme', 'contrast');
    await owner.json('preferences', 'last_circle', 'Jeudi');
    await owner.stop();
    await owner.start();
    const now = await owner.json('preferences');
    same('theme', now.theme, 'contrast');
    same('language', now.language, null);
    const { circles } = await owner.json('circle', 'list');
    same('last circle', now.last_circle, circles[0].id);
    for (const name of readdirSync(owner.vault)) {
      if (name === 'veillee') continue; // its sockets
      const bytes = readFileSync(join(owner.vault, name), 'latin1');
      if (/contrast|last_circle/.test(bytes)) throw new Error(`it can be read in ${name}`);
    }
    const wrong = await owner.run(['preferences', 'theme', 'rose']);
    same('another theme', wrong.status, 7);
    same('another name', (await owner.run(['preferences', 'volume', '3'])).status, 7);
  });

  await test('another passphrase, and the old one opens nothing any more', async () => {
    const wrong = await say(owner, ['passphrase'], 'pas elle\nnouvelle');
    same('wrong', wrong.status, 5);
    await saySoon(owner, ['passphrase'], `${owner.passphrase}\nnouvelle`);
    await owner.json('lock');
    same('the old one', (await say(owner, ['unlock'], owner.passphrase)).status, 5);
    await saySoon(owner, ['unlock'], 'nouvelle');
    owner.passphrase = 'nouvelle';
    await owner.stop();
    await owner.start();
    same('its circles', (await owner.json('circle', 'list')).circles.length, 1);
  });

  await test('the end of a vault: asked for the passphrase, then as new', async () => {
    const { circles } = await owner.ask('POST', 'wipe', { ask: true });
    same('what is lost', circles.map(({ name, draft }) => [name, draft]), [['Jeudi', true]]);
    same('without the word', (await owner.run(['wipe', '--json'])).status, 8);
    same('wrong', (await say(owner, ['wipe', '--yes'], 'pas elle')).status, 5);
    same('its circles', (await owner.json('circle', 'list')).circles.length, 1);
    same('done', await saySoon(owner, ['wipe', '--yes'], 'nouvelle'), { done: true });
    same('status', await owner.json('status'), { locked: true, new: true });
    same('files', readdirSync(owner.vault).sort(), ['lock', 'veillee']);
    await owner.ask('POST', 'vault', { passphrase: 'une autre' }, { seconds: 180 });
    same('circles of the new one', (await owner.json('circle', 'list')).circles, []);
    same('theme of the new one', (await owner.json('preferences')).theme, 'auto');
  });

  await test('locks by itself a minute after the last thing done, and the page stays', async () => {
    const ms = await locked;
    console.log(`     locked after ${ms} ms`);
    // Looked at every 10 s, and before each of these loads.
    if (ms === null || ms < 59000 || ms > 75000) throw new Error(`locked after ${ms} ms`);
    const page = pages.get(idle);
    same('its session', (await page.json('GET', 'session')).locked, true);
    same('what is inside', (await page.api('GET', 'circles')).status, 423);
    same('POST active', (await page.api('POST', 'active', {})).status, 423);
    same('opened by the page', (await page.json('POST', 'unlock',
      { passphrase: idle.passphrase })).locked, false);
  });

  await test('stays open as long as somebody does something', async () => {
    same('locked', await kept, null);
    goesOn = false;
    await active;
  });
} finally {
  for (const person of all) person.destroy();
}
finish();
