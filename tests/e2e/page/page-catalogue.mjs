// The page: both languages have the same sentences, each one is used, each that is used is there.
//   node tests/e2e/page/page-catalogue.mjs
import { catalogue, forms, LANGUAGES, sentences, sources } from '../lib/catalogue.mjs';
import { finish, test } from '../lib/report.mjs';

const words = Object.fromEntries(LANGUAGES.map((one) => [one, new Map(sentences(catalogue(one)))]));
const keys = [...words.fr.keys()];
const groups = new Set(keys.map((key) => key.split('.')[0]));
const none = (list, what) => {
  if (list.length > 0) throw new Error(`${what}:\n  ${list.join('\n  ')}`);
};
const bare = (text) => text.replace(/\{\w+\}/g, '');
const placeholders = (text) =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1]))].sort().join(' ');

/** What the sources name: whole keys, and patterns of those that are put together. */
function used() {
  const whole = new Map(), patterns = new Map();
  for (const [file, text] of Object.entries(sources('.js'))) {
    for (const [, key] of text.matchAll(/['"]([a-z][A-Za-z]*(?:\.[A-Za-z0-9_-]+)+)['"]/g)) {
      if (groups.has(key.split('.')[0]) && !/\.(js|css|json|md|png)$/.test(key)) {
        whole.set(key, file);
      }
    }
    for (const [, group] of text.matchAll(/\bt\.group\(\s*['"]([^'"]+)['"]/g)) {
      whole.delete(group);
      patterns.set(new RegExp(`^${group.replaceAll('.', '\\.')}\\.`), `${file}: ${group}`);
    }
    for (const [, key] of text.matchAll(/\bt\(\s*['"]([^'"]+)['"]/g)) whole.set(key, file);
    for (const [, template] of text.matchAll(/`([a-zA-Z]+\.[^`\s]*\$\{[^`\s]*)`/g)) {
      if (!groups.has(template.split('.')[0])) continue;
      const source = template.split(/\$\{[^}]*\}/)
        .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^.]+');
      patterns.set(new RegExp(`^${source}$`), `${file}: ${template}`);
    }
  }
  return { whole, patterns };
}
const { whole, patterns } = used();

await test('both languages have the same keys, with the same placeholders', () => {
  for (const [one, other] of [['fr', 'en'], ['en', 'fr']]) {
    none([...words[one].keys()].filter((key) => !words[other].has(key)),
      `in ${one}.json and not in ${other}.json`);
  }
  none(keys.filter((key) => {
    const sets = LANGUAGES.map((one) => forms(words[one].get(key)).map(placeholders));
    // A form for one or none may leave the number out; the general one has all of them.
    return new Set(sets.map((set) => set.at(-1))).size > 1;
  }), 'placeholders differ');
});

await test('no sentence is empty, none is the same in both languages', () => {
  const mayBeSame = /^(languages\.|recipes\.)/;
  none(LANGUAGES.flatMap((one) => keys.filter((key) =>
    forms(words[one].get(key)).some((text) => text.trim() !== text || text === ''))), 'blanks');
  none(keys.filter((key) => !mayBeSame.test(key) && forms(words.fr.get(key)).some((text, at) =>
    text === forms(words.en.get(key))[at] && 
    /\p{L}{2,}\s+\p{L}{2,}/u.test(bare(text)))), 'the same');
});

await test('numbers have the forms that their language needs', () => {
  none(LANGUAGES.flatMap((one) => keys.filter((key) => {
    const value = words[one].get(key);
    return typeof value !== 'string' && !('one' in value && 'other' in value);
  })), 'forms are missing');
  none(keys.filter((key) => typeof words.fr.get(key) !== typeof words.en.get(key)),
    'forms in one language only');
});

await test('every key that is used is in the catalogue', () => {
  none([...whole].filter(([key]) => !words.fr.has(key)).map(([key, file]) => `${key} (${file})`),
    'no sentence for');
  none([...patterns].filter(([pattern]) => !keys.some((key) => pattern.test(key)))
    .map(([, where]) => where), 'no sentence is like');
});

await test('every key of the catalogue is used', () => {
  const all = [...patterns.keys()];
  none(keys.filter((key) => !whole.has(key) && !all.some((one) => one.test(key))), 'unused');
});

await test('it speaks as people do, not as programs do', () => {
  const never = {
    fr: /\b(synchro\w*|pairs?|nœuds?|epochs?|époques?|hash\w*|serveur de|logs?|utilisateurs?)\b/i,
    en: /\b(sync\w*|peers?|nodes?|epochs?|hash\w*|entry|entries|logs?|users?)\b/i,
  };
  none(LANGUAGES.flatMap((one) => keys.filter((key) =>
    forms(words[one].get(key)).some((text) => never[one].test(text)))
    .map((key) => `${one}: ${key}: ${forms(words[one].get(key))[0]}`)), 'words of a computer');
  none(keys.filter((key) => forms(words.fr.get(key)).some((text) => /\p{L}'\p{L}/u.test(text))),
    'a typewriter’s apostrophe');
  none(keys.filter((key) => forms(words.fr.get(key)).some((text) =>
    /\b(vous pouvez|veuillez|votre (écran|appareil|phrase))\b/i.test(text))),
  'says “vous” to one person');
});

await test('what the first screen needs is asked for at once, not as one finds another', () => {
  const page = sources('.html')['index.html'], modules = sources('.js');
  const links = page.matchAll(/rel="modulepreload" href="([^"]+)"/g);
  const asked = [...links].map((one) => one[1]).sort();
  const needed = new Set(), look = (file) => {
    const imports = /^(?:import|export)[^;]*?from\s+'([^']+)'/gms;
    for (const [, path] of modules[file]?.matchAll(imports) ?? []) {
      const found = new URL(path, `http://page/${file}`).pathname.slice(1);
      if (needed.has(found)) continue;
      needed.add(found);
      look(found);
    }
  };
  look('main.js');
  if (asked.join() !== [...needed].sort().join()) {
    throw new Error(`asked for: ${asked}\n  needed: ${[...needed].sort()}`);
  }
});

finish();
