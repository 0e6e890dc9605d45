// Two circles' members without any network between them: what one writes reaches the other in a
// file alone. First they pair on a network; then each is on her own.
//   node tests/e2e/bundle.mjs
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const CIRCLE = 'Cercle du jeudi';
const stick = mkdtempSync(join(tmpdir(), 'veillee-stick-'));
const network = new Network(['ines', 'nadia', 'lou']);
const people = ['ines', 'nadia', 'lou'].map((name) => new Person(name, name));
const [ines, nadia, lou] = people;

const assert = (holds, what) => { if (!holds) throw new Error(what); };
const circle = async (person) =>
  (await person.json('status')).circles.find((one) => one.name === CIRCLE);
const digest = async (person) => (await circle(person)).digest;
const agree = (...all) => until('they agree', 60, async () => {
  const digests = await Promise.all(all.map(digest));
  return digests[0] !== null && digests.every((one) => one === digests[0]);
});
const share = (person, n, size = 500) => person.json('share', 'add', '--title',
  `${person.name} ${n}`, '--text', `fatigue ${'x'.repeat(size)}`);

try {
  await Promise.all(people.map((person) => person.init()));
  for (const person of people) await person.start();
  await ines.json('circle', 'new', CIRCLE, '--as', 'Inès');
  await pair(ines, CIRCLE, nadia, 'Nadia');
  await agree(ines, nadia);
  // From here on nobody reaches Nadia, and Lou joins without her knowing.
  network.setLink('nadia', false);
  await pair(ines, CIRCLE, lou, 'Lou');
  await until('Lou has the circle', 30, async () => (await circle(lou))?.members === 3);
  for (const person of people) network.setLink(person.host, false);

  const file = join(stick, 'cercle');
  await test('a bundle is a file for its owner alone, without a name in it', async () => {
    for (let n = 0; n < 30; n++) await share(ines, n, 3000);
    const written = await ines.secretly('bundle', 'write', CIRCLE, file);
    const size = statSync(file).size;
    assert(written.bytes === size && written.entries > 30, JSON.stringify(written));
    assert((statSync(file).mode & 0o777) === 0o600, 'its mode is not 0600');
    assert(readdirSync(stick).length === 1, `left over: ${readdirSync(stick)}`);
    const bytes = readFileSync(file);
    const id = (await circle(ines)).id;
    for (const secret of [Buffer.from(id.slice(0, 16), 'hex'), 'jeudi', 'Inès', 'fatigue']) {
      assert(bytes.indexOf(secret) < 0, `the file shows ${secret}`);
    }
  });

  await test('an existing file is left alone unless one says so', async () => {
    const before = readFileSync(file);
    const { status, err } = await ines.run(['bundle', 'write', CIRCLE, file]);
    assert(status === 7 && err.includes('existe déjà'), `${status} ${err}`);
    assert(readFileSync(file).equals(before), 'it was changed');
    const args = ['bundle', 'write', CIRCLE, file, '--replace', '--passphrase-fd', '3'];
    assert((await ines.run(args, { passphrase: 'non' })).status === 5, 'without the passphrase');
    assert(readFileSync(file).equals(before), 'written over');
    await until('another passphrase is looked at', 20, async () =>
      (await ines.run(args, { passphrase: ines.passphrase })).status === 0);
    assert(!readFileSync(file).equals(before), 'the second is the first');
  });

  await test('Nadia comes up to date by the file, newcomer and all', async () => {
    assert((await circle(nadia)).members === 2, 'she knows Lou already');
    const read = await nadia.json('bundle', 'read', file);
    assert(read.entries > 30 && read.name === CIRCLE, JSON.stringify(read));
    await agree(ines, nadia);
    assert((await circle(nadia)).members === 3, 'she does not know Lou');
    await until('search finds it', 20, async () =>
      (await nadia.json('search', 'fatigue')).hits.length > 0);
    const again = await nadia.json('bundle', 'read', file);
    assert(again.entries === 0, 'it brought something twice');
  });

  await test('and back, from somebody who joined meanwhile', async () => {
    await share(nadia, 1);
    const back = join(stick, 'retour');
    await nadia.secretly('bundle', 'write', CIRCLE, back);
    await lou.json('bundle', 'read', back);
    await agree(nadia, lou);
    await share(lou, 1);
    const third = join(stick, 'lou');
    await lou.secretly('bundle', 'write', CIRCLE, third);
    await ines.json('bundle', 'read', third);
    await agree(ines, lou);
  });

  await test('a damaged or cut file is refused by name, and what came before is kept', async () => {
    for (let n = 0; n < 90; n++) await share(lou, `b${n}`, 6000);
    const large = join(stick, 'large');
    await lou.secretly('bundle', 'write', CIRCLE, large);
    const bytes = readFileSync(large);
    const cut = join(stick, 'cut');
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    const short = await nadia.run(['bundle', 'read', cut]);
    assert(short.status === 7 && short.err.includes('trop tôt'), `${short.status} ${short.err}`);
    const kept = (await nadia.json('share', 'list')).shares.length;
    assert(kept > 32, `only ${kept} shares were kept`);
    const broken = Buffer.from(bytes);
    broken[broken.length - 1] ^= 1;
    writeFileSync(cut, broken);
    const bad = await nadia.run(['bundle', 'read', cut]);
    assert(bad.status === 7 && bad.err.includes('abîmé'), `${bad.status} ${bad.err}`);
    writeFileSync(cut, 'bonjour '.repeat(10000));
    const none = await nadia.run(['bundle', 'read', cut]);
    assert(none.status === 8 && none.err.includes('pas pour toi'), `${none.status} ${none.err}`);
    assert((await nadia.run(['bundle', 'read', join(stick, 'absent')])).status === 6, 'absent');
    await nadia.json('bundle', 'read', large);
    await agree(nadia, lou);
  });

  await test('all of it verifies', async () => {
    await ines.json('bundle', 'read', join(stick, 'large'));
    await agree(ines, nadia, lou);
    for (const person of people) await person.json('verify', CIRCLE);
  });
} catch (error) {
  await test('the circle', () => { throw error; });
} finally {
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
  rmSync(stick, { recursive: true, force: true });
}
finish();
