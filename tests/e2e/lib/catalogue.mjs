// The page's sentences, as its t() has them (src/web/core/words.js), and where they are used.
import { readdirSync, readFileSync } from 'node:fs';

const WEB = new URL('../../../src/web/', import.meta.url);
export const LANGUAGES = ['fr', 'en'];

export const catalogue = (language) =>
  JSON.parse(readFileSync(new URL(`text/${language}.json`, WEB), 'utf8'));

const FORMS = ['none', 'zero', 'one', 'two', 'few', 'many', 'other'];
const isForms = (value) => typeof value === 'object' && typeof value.other === 'string' &&
  Object.keys(value).every((name) => FORMS.includes(name) || /^=\d+$/.test(name));

/** [[key, sentence or {one, other, …}], …] */
export function sentences(group, prefix = '') {
  return Object.entries(group).flatMap(([name, value]) =>
    typeof value === 'string' || isForms(value)
      ? [[prefix + name, value]]
      : sentences(value, `${prefix}${name}.`));
}

/** All texts of a sentence: one, or those of its forms. */
export const forms = (value) => (typeof value === 'string' ? [value] : Object.values(value));

/** The sentence of a key with its values in place; throws where there is none. */
export function sentence(language, words, key, values = {}) {
  let found = key.split('.').reduce((group, name) => group?.[name], words);
  if (found && isForms(found)) {
    found = found[`=${values.count ?? 0}`] ?? (values.count === 0 ? found.none : undefined) ??
      found[new Intl.PluralRules(language).select(values.count ?? 0)] ?? found.other;
  }
  if (typeof found !== 'string') throw new Error(`there is no sentence '${key}' (${language})`);
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** {path: text} of the page's files whose names end so. */
export function sources(ending, folder = WEB) {
  const all = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = new URL(`${entry.name}${entry.isDirectory() ? '/' : ''}`, folder);
    if (entry.isDirectory()) Object.assign(all, sources(ending, at));
    else if (entry.name.endsWith(ending)) {
      all[at.pathname.slice(WEB.pathname.length)] = readFileSync(at, 'utf8');
    }
  }
  return all;
}
