// An old copy of somebody's folder is put back in place, and she writes with it: there are two
// versions of what she wrote. The others are told who, what that means and what to do, in the page
// and by the command line; nobody is removed, and what she writes then reaches all.
//   node tests/e2e/page/page-forks.mjs
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../lib/api.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { until } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';
import { found, LOOPBACK, NAMES, startPeople } from '../lib/sample.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const people = [];
let browser, circle;

const go = (window, screen, values = {}) => window.page.evaluate(async ([name, given]) => {
  (await import('/core/places.js')).go(name, given);
}, [screen, values]);
const members = async (person) => (await ask(person, 'GET', `circles/${circle}/members`)).members;
const memberOf = async (person, name) => (await members(person)).find((one) => one.name === name);
const share = (person, title) => ask(person, 'POST', `circles/${circle}/shares`,
  { body: { sort: 'experience', title, text: 'Voilà.' } });
const reads = (person, title) => until(`${person.name} reads ${title}`, 40, async () =>
  (await ask(person, 'GET', `circles/${circle}/shares`)).shares.some((one) => one.title === title));
const gather = (person) =>
  ask(person, 'POST', `circles/${circle}/gather`, { body: { seconds: 3600 } });
const says = async (person, language, ...args) => {
  const { status, out, err } = await person.run(args, { language });
  assert.equal(status, 0, err);
  return out.replace(/\s+/g, ' ');
};

const complaints = (window) => window.complaints();

/** What the files of her vault hold now; the node must not run. */
function copyOf(person) {
  return readdirSync(person.vault, { withFileTypes: true }).filter((one) => one.isFile())
    .map(({ name }) => [join(person.vault, name), readFileSync(join(person.vault, name))]);
}
/** Written over the present ones in place, as some backup programs do: they are the same files. */
function putBack(copy) {
  for (const [path, bytes] of copy) writeFileSync(path, bytes);
}

try {
  browser = await Browser.start();
  await startPeople(NAMES, { made: (person) => people.push(person) });
  circle = await found(people, { name: 'Cercle du jeudi' });
  const [ines, nadia, lou] = people;

  await test('nobody is said to have two versions of what she wrote', async () => {
    for (const one of await members(ines)) assert.equal(one.forked, 0);
    const out = await says(ines, 'fr', 'member', 'list', 'Cercle du jeudi');
    assert.doesNotMatch(out, /deux versions/);
  });
  await test('an old copy is put back, and she writes with it: two versions', async () => {
    const id = (await memberOf(lou, 'Lou')).person;
    await lou.stop();
    const copy = copyOf(lou);
    await lou.start(...LOOPBACK);
    await share(lou, 'Une suite');
    await gather(lou);
    for (const one of [ines, nadia]) await reads(one, 'Une suite');
    await lou.stop();
    putBack(copy);
    await lou.start(...LOOPBACK);
    assert.deepEqual((await ask(lou, 'GET', `circles/${circle}/shares`)).shares, []);
    await share(lou, 'Une autre suite');
    await gather(lou);
    for (const one of people) {
      await until(`${one.name} is told`, 40, async () =>
        (await members(one)).find(({ person }) => person === id).forked === 1);
      assert.equal((await memberOf(one, 'Nadia')).forked, 0);
    }
    // What somebody had read counts again as soon as she writes: her name, for one.
    await share(ines, 'Et moi');
    for (const one of people) {
      await until(`${one.name} knows her name`, 40, () => memberOf(one, 'Lou'));
    }
  });
  await test('the page says it at the member, and what to do', async () => {
    const window = await browser.open(ines, { view: 'phone' });
    await go(window, 'members');
    const line = window.page.getByRole('button', { name: /^Lou/ });
    await window.sees(line.getByText(window.t('members.forked')));
    assert.equal(await window.page.getByText(window.t('members.forked')).count(), 1);
    await line.click();
    await window.sees(window.heading('forks.title', { name: 'Lou' }));
    for (const key of ['why', 'kept', 'do']) {
      await window.sees(window.text(window.t(`forks.${key}`, { name: 'Lou' })));
    }
    assert.deepEqual(complaints(window), []);
    await window.close();
  });
  await test('the page says it in English too', async () => {
    const window = await browser.open(nadia, { language: 'en' });
    await go(window, 'member', { person: (await memberOf(nadia, 'Lou')).person });
    await window.sees(window.heading('forks.title', { name: 'Lou' }));
    await go(window, 'member', { person: (await memberOf(nadia, 'Inès')).person });
    await window.sees(window.page.getByRole('heading', { name: 'Inès' }));
    assert.equal(await window.heading('forks.title', { name: 'Inès' }).count(), 0);
    await window.close();
  });
  await test('she is told by her own page, at her devices', async () => {
    const window = await browser.open(lou, { view: 'phone' });
    await go(window, 'devices');
    await window.sees(window.heading('forks.mine'));
    await window.sees(window.text(window.t('forks.mineDo')));
    assert.deepEqual(complaints(window), []);
    await window.close();
  });
  await test('the command line says it, in both languages, with the proof', async () => {
    const list = await says(ines, 'fr', 'member', 'list', 'Cercle du jeudi');
    assert.match(list, /Lou [^)]*deux versions de ce qu’elle a écrit/);
    assert.match(await says(ines, 'en', 'member', 'list', 'Cercle du jeudi'),
      /two versions of what she wrote/);
    const whole = await says(ines, 'fr', 'circle', 'show', 'Cercle du jeudi');
    assert.match(whole, /Lou ?: il existe deux versions différentes de ce que cette personne/);
    assert.match(await says(ines, 'en', 'circle', 'show', 'Cercle du jeudi'),
      /Lou: there are two different versions of what this person wrote/);
    const one = await says(ines, 'en', 'member', 'show', 'Lou', '--circle', 'Cercle du jeudi');
    assert.match(one, /Log [0-9a-f]{8}: 2 versions, closed\./);
    assert.equal(one.match(/signed: number \d+, entry [0-9a-f]{8}, at /g).length, 2);
    const { person, logs, logs_max: most } = await memberOf(ines, 'Lou');
    assert.match(person, /^[0-9a-f]{64}$/);
    assert.ok(one.includes(`Logs in her name: ${logs} of at most ${most}.`));
  });
  await test('what she writes then reaches all', async () => {
    await share(lou, 'Après');
    for (const one of [ines, nadia]) await reads(one, 'Après');
  });
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
