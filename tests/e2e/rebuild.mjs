// A vault whose file is damaged is rebuilt: what can be read is kept, the rest comes from another
// member, what only this device had and was sound reaches her, and nothing is forked.
//   node tests/e2e/rebuild.mjs
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, sleep, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const CIRCLE = 'Cercle du jeudi';
const SLOT = 4136; // of a page in the file; slot 0 is the file's own
const network = new Network(['ines', 'nadia']);
const people = ['ines', 'nadia'].map((name) => new Person(name, name));
const [ines, nadia] = people;
const STORAGE = 9, REFUSED = 8, PASSPHRASE = 5;

const assert = (holds, what) => { if (!holds) throw new Error(what); };
const circle = async (person) =>
  (await person.json('status')).circles.find((one) => one.name === CIRCLE);
const agree = () => until('they agree', 60, async () => {
  const [a, b] = await Promise.all(people.map(circle));
  return a?.digest && a.digest === b?.digest;
});
const share = (person, title) => person.json('share', 'add', '--title', title, '--text',
  `fatigue ${'x'.repeat(3000)}`);
const titles = async (person) =>
  (await person.json('share', 'list', '--max', '100')).shares.map((one) => one.title);
const unlock = (options, passphrase = nadia.passphrase) =>
  nadia.run(['unlock', ...options, '--passphrase-fd', '3'], { passphrase });

/** The used vault is the larger file; the other one stays as it was made. */
const vault = () => ['vault-0', 'vault-1'].map((name) => join(nadia.vault, name))
  .sort((a, b) => statSync(b).size - statSync(a).size)[0];

/** The file's own slot, which is read at every opening, and pages in the older half. */
function damage() {
  const file = vault();
  const bytes = readFileSync(file);
  const pages = Math.floor(bytes.length / SLOT);
  const hit = [0];
  for (let page = 50; page < pages / 2; page += 5) hit.push(page);
  for (const page of hit) bytes[page * SLOT + 1000] ^= 0x20;
  writeFileSync(file, bytes);
  return hit.length;
}

try {
  for (const person of people) await person.init();
  for (const person of people) await person.start();
  await ines.json('circle', 'new', CIRCLE, '--as', 'Inès');
  await pair(ines, CIRCLE, nadia, 'Nadia');
  for (const person of people) await person.json('gather', CIRCLE, '--for', '1h');
  await agree();
  for (let n = 0; n < 40; n++) await share(n % 2 ? ines : nadia, `ensemble ${n}`);
  await agree();
  network.setLink('nadia', false);
  for (let n = 0; n < 3; n++) await share(nadia, `seule ${n}`);
  await nadia.stop();
  const broken = damage();

  await test('damage is named, and what to do about it', async () => {
    assert(broken > 5, `only ${broken} places`);
    const run = await nadia.run(['run', '--passphrase-fd', '3'], { passphrase: nadia.passphrase });
    assert(run.status === STORAGE && run.err.includes('unlock --rebuild'), JSON.stringify(run));
    await nadia.start('--locked');
    const end = await unlock([]);
    assert(end.status === STORAGE && end.err.includes('unlock --rebuild'), JSON.stringify(end));
  });

  await test('nothing is rebuilt without being told to, or without the passphrase', async () => {
    const before = readFileSync(vault());
    const unasked = await unlock(['--rebuild', '--json']);
    assert(unasked.status === REFUSED, JSON.stringify(unasked));
    const wrong = await unlock(['--rebuild', '--yes'], 'non');
    assert(wrong.status === PASSPHRASE, JSON.stringify(wrong));
    assert(readFileSync(vault()).equals(before), 'the file was changed');
    await sleep(1500);
  });

  await test('rebuilt: what can be read is kept', async () => {
    const { rebuilt } = await nadia.secretly('unlock', '--rebuild', '--yes');
    assert(rebuilt.entries > 20 && rebuilt.lost_pages === broken - 1, JSON.stringify(rebuilt));
    const names = readdirSync(nadia.vault).filter((name) => name.includes('vault'));
    const expected = names.every((name) => /^vault-[01](-wal)?$/.test(name));
    assert(expected && names.length <= 3, names.join(' '));
    assert((await circle(nadia)) !== undefined, 'the circle is not there');
  });

  await test('she writes, meets Inès, and both have the same', async () => {
    network.setLink('nadia', true);
    await nadia.json('gather', CIRCLE, '--for', '1h');
    // They may agree for a moment before what only she had has gone in again.
    const all = [...Array(3).keys()].map((n) => `seule ${n}`)
      .concat([...Array(40).keys()].map((n) => `ensemble ${n}`));
    const lost = async (person) => {
      const list = await titles(person);
      return all.filter((title) => !list.includes(title));
    };
    await until('both have everything', 60, async () =>
      (await Promise.all(people.map(lost))).every((list) => list.length === 0))
      .catch(async (error) => {
        const left = await Promise.all(people.map(lost));
        throw new Error(`${error.message}; lost: ${left.join(' | ')}`);
      });
    await agree();
    await share(nadia, 'après');
    await agree();
    assert((await titles(ines)).includes('après'), 'what she writes does not arrive');
    for (const person of people) {
      assert(!(await circle(person)).copied, `${person.name} sees a copied vault`);
    }
    await until('search finds it', 20, async () =>
      (await nadia.json('search', 'ensemble')).hits.length > 0);
  });

  await test('it opens as any other from then on', async () => {
    await nadia.stop();
    await nadia.start();
    await agree();
  });
} catch (error) {
  await test('the circle', () => { throw error; });
} finally {
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
