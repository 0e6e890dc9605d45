// Texts that would like to be markup, scripts, addresses or other people's words, in every field
// that takes a text, by the node's interface and by typing: on every screen they are text. The page
// is looked at without the content policy too, so that it is not the policy alone that holds.
//   node tests/e2e/page/page-hostile.mjs [SEED]
import { ask } from '../lib/api.mjs';
import { tooWide } from '../lib/audit.mjs';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { sources } from '../lib/catalogue.mjs';
import { cut, hostile, MARK, textFields } from '../lib/hostile.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { finish, random, test } from '../lib/report.mjs';
import { sampleCircle } from '../lib/sample.mjs';
import { holdMeeting, screensOf, thingsOf, visit } from '../lib/screens.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const STRINGS = 1000, ROUNDS = 5, OF_EACH = 4, SEEN = 50;
const next = random(Number(process.argv[2] ?? 1));
const ok = (holds, what) => { if (!holds) throw new Error(what); };

/** Names of elements and attributes that the page's own templates have. */
function own() {
  const tags = new Set(['html', 'head', 'body', 'title', 'h2', 'h3', 'h4']);
  const attributes = new Set(['class', 'style', 'data-theme', 'data-text', 'data-quiet', 'lang',
    'charset']);
  for (const text of Object.values({ ...sources('.js'), ...sources('.html') })) {
    for (const [, tag] of text.matchAll(/<([a-zA-Z][\w-]*)/g)) tags.add(tag.toLowerCase());
    for (const [, name] of text.matchAll(/[\s'"{(]([a-zA-Z][\w-]*)['"]?\s*[=:]/g)) {
      if (!/^on/i.test(name)) attributes.add(name.toLowerCase());
    }
    for (const [, name] of text.matchAll(/\s(hidden|disabled|open|checked|required|isRoot)\b/g)) {
      attributes.add(name.toLowerCase());
    }
    for (const [, name] of text.matchAll(/setAttribute\('([\w-]+)'/g)) attributes.add(name);
    for (const [, name] of text.matchAll(/dataset\.(\w+)/g)) attributes.add(`data-${name}`);
  }
  return { tags: [...tags], attributes: [...attributes] };
}

/** What in the document is not the page's own. */
const foreign = ([{ tags, attributes }, mark]) => {
  const found = [];
  if (globalThis.pwned) found.push('a script of theirs ran');
  for (const one of document.querySelectorAll('*')) {
    const tell = (why) => found.push(`${why}: ${one.outerHTML.slice(0, 200)}`);
    if (!tags.includes(one.localName.toLowerCase())) tell(`element ${one.localName}`);
    if (one.id === mark) tell('an element of theirs');
    for (const { name, value } of one.attributes) {
      if (/^on/i.test(name)) tell(`attribute ${name}`);
      else if (!attributes.includes(name.toLowerCase())) tell(`attribute ${name}`);
      if (/^(src|href|action|formaction|data|poster|srcset|xlink:href|ping)$/i.test(name)) {
        const to = new URL(value, document.baseURI);
        const isOwn = to.origin === location.origin || /^(blob|data:image\/svg)/.test(value);
        if (!isOwn) tell(`${name} leads to ${value}`);
      }
      if (name === 'style' && /url\(|expression|@import/i.test(value)) tell('style');
    }
  }
  return found.slice(0, 5);
};

let browser;
const people = [];
const counts = { written: 0, refused: 0, shown: 0, typed: 0 };
const used = new Set();
const allowed = own();

/** One more text, of at most so many bytes; another one than before if that is easily found. */
function text(most) {
  let one = cut(hostile(next), most);
  for (let tries = 0; tries < 9 && used.has(one); tries++) one = cut(hostile(next), most);
  used.add(one);
  return one;
}

async function write(method, path, body) {
  try {
    const answer = await ask(people[0], method, path, { body });
    counts.written++;
    return answer;
  } catch (error) {
    // A refusal is an answer; anything else is a fault of the node.
    if (!/: (400|409|413) /.test(error.message)) throw error;
    counts.refused++;
    return null;
  }
}

/** Records of every type, to be written to: {type: [id, …]}. */
async function records({ circle, open, next: coming }) {
  const at = `circles/${circle}`;
  const make = async (type, body) => (await ask(people[0], 'POST', `${at}/${type}`, { body })).id;
  const several = async (type, body) => {
    const all = [];
    for (let count = 0; count < OF_EACH; count++) all.push(await make(type, body(count)));
    return all;
  };
  return {
    meetings: [open, coming, ...await several('meetings', (n) => ({ title: `M ${n}` }))],
    shares: await several('shares', (n) => ({ title: `S ${n}`, text: 'x' })),
    decisions: await several('decisions', (n) => ({ meeting: open, text: `D ${n}` })),
    commitments: await several('commitments', (n) => ({ meeting: open, text: `C ${n}` })),
    parts: await several('parts', (n) => ({ meeting: open, title: `P ${n}` })),
    replies: [await make('replies', { meeting: open, answer: 'coming' })],
    profiles: [(await ask(people[0], 'GET', `${at}/profiles`)).profiles
      .find((one) => one.pseudonym === people[0].name).id],
  };
}

/** A hostile text in every text field of every record. */
async function spoil({ circle, open }, ids) {
  const at = `circles/${circle}`;
  for (const { type, field, kind, most } of textFields()) {
    const value = () => {
      const one = text(Math.min(most, 4000));
      return kind === 'one' ? one : kind === 'set' ? { add: [one] } : { append: [one] };
    };
    if (type === 'settings') await write('PATCH', `${at}/settings`, { [field]: value() });
    else if (type === 'agreements') {
      const proposed = await write('POST', `${at}/agreement`, { text: value() });
      if (proposed) await write('POST', `${at}/agreement/adopt`, { id: proposed.proposed });
    } else if (type === 'moments') {
      await write('POST', `${at}/meetings/${open}/live/arrive`, { seat: value() });
    } else if (type === 'signals') {
      await write('POST', `${at}/meetings/${open}/signal`, { kind: 'help', text: value() });
    } else {
      for (const id of ids[type] ?? []) await write('PATCH', `${at}/${type}/${id}`,
        { [field]: value() });
    }
  }
}

/** Types into every field of the screen, without sending it off. */
async function typeInto(window) {
  const fields = await window.page.locator('input:not([type=radio]):not([type=checkbox])' +
    ':not([type=date]):not([type=time]):not([type=number]):not([type=file])' +
    ':not([type=datetime-local]):not([type=color]):not([type=range]), textarea').all();
  for (const field of fields) {
    if (!await field.isVisible() || !await field.isEditable()) continue;
    await field.fill(text(400), { timeout: 3000 }).catch(() => {});
    counts.typed++;
  }
  await window.page.waitForTimeout(50);
}

async function look(windows, things) {
  const faults = [];
  for (const window of windows) {
    for (const [name, values] of await screensOf(window, things)) {
      await visit(window, name, values).catch((error) => faults.push(`${name}: ${error.message}`));
      const check = async (when) => {
        for (const fault of [...await window.page.evaluate(foreign, [allowed, MARK]),
          ...(window.isPhone ? await window.page.evaluate(tooWide) : [])]) {
          faults.push(`${name}${when}: ${fault}`);
        }
      };
      await check('');
      counts.shown += await window.page.evaluate((list) => list.filter((one) =>
        one.length > 3 && document.body.textContent.includes(one)).length, [...used]);
      await typeInto(window);
      await check(', typed');
    }
  }
  if (faults.length > 0) throw new Error(`\n  ${[...new Set(faults)].slice(0, 30).join('\n  ')}`);
}

try {
  browser = await Browser.start();
  const sample = await sampleCircle('fr', { made: (person) => people.push(person) });
  const things = await thingsOf(sample);
  things.open = await holdMeeting(sample);
  const ids = await records(things);
  things.share = ids.shares[0];
  const strict = await browser.open(people[0], { view: 'phone' });
  const plain = await browser.open(people[0], { plain: true });
  strict.isPhone = true;

  await test('the list of what is the page’s own holds for the page without hostile texts', () =>
    look([strict], things));
  for (let count = 1; count <= ROUNDS; count++) {
    await test(`hostile texts in every field, ${count} of ${ROUNDS}`, async () => {
      do await spoil(things, ids); while (used.size < STRINGS * count / ROUNDS);
      await look(count === ROUNDS ? [strict, plain] : [[strict, plain][count % 2]], things);
    });
  }
  await test('no dialog, no request elsewhere, no error', () => {
    for (const window of [strict, plain]) {
      window.forgive(/^refused: GET search\?words=.*: 400$/); // a text that is none
      const found = window.complaints();
      ok(found.length === 0, found.join('\n  '));
    }
  });
  await test(`${STRINGS} different texts, most were taken, and many were to be seen`, () => {
    console.log(`     ${used.size} texts: ${counts.written} written, ${counts.refused} refused, ` +
      `seen ${counts.shown} times, typed ${counts.typed} times`);
    ok(used.size >= STRINGS && counts.written > counts.refused && counts.shown >= SEEN, 'too few');
  });
} finally {
  await browser?.close();
  for (const person of people) await person.stop().catch(() => {});
  for (const person of people) person.destroy();
}
finish();
