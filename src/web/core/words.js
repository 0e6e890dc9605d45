// The catalogue of sentences, and what differs between languages: numbers, dates, lists of names.
const catalogues = {};
export const languages = ['fr', 'en'];
let current = 'fr';

export const language = () => current;

/** The language that the browser prefers, of those there are. */
export function preferredLanguage() {
  for (const wanted of navigator.languages ?? []) {
    const found = languages.find((one) => wanted.toLowerCase().startsWith(one));
    if (found) return found;
  }
  return 'fr';
}

/** No line begins with a sign that French sets apart by a blank, or ends after an opening one. */
export const bound = (text) =>
  text.replace(/ (?=[:;?!»])/g, '\u00a0').replace(/« /g, '«\u00a0');

/** Loads and takes a language. */
export async function takeLanguage(name) {
  if (!catalogues[name]) {
    const [words, recipes] = await Promise.all([
      fetch(`/text/${name}.json`)
        .then((answer) => answer.text())
        .then((text) => JSON.parse(bound(text))),
      fetch(`/text/recipes.${name}.md`).then((answer) => answer.text()),
    ]);
    catalogues[name] = { words, recipes };
  }
  current = name;
  document.documentElement.lang = name;
}

export const recipes = () => catalogues[current]?.recipes ?? '';

const find = (key) =>
  key.split('.').reduce((group, name) => group?.[name], catalogues[current]?.words);

/**
 * The sentence of a key, with {name} replaced. A sentence in forms ({"one": …, "=12": …,
 * "other": …}) is chosen by `count`. A key that is not there is given back as it is: a test looks
 * for those.
 */
export function t(key, values = {}) {
  let sentence = find(key);
  if (sentence !== null && typeof sentence === 'object') {
    const { count = 0 } = values;
    sentence =
      sentence[`=${count}`] ??
      (values.count === 0 ? sentence.none : undefined) ??
      sentence[new Intl.PluralRules(current).select(count)] ??
      sentence.other;
  }
  if (typeof sentence !== 'string') return key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The sentences of a group: {name: sentence}. */
t.group = (key) => find(key) ?? {};

/** "anglais": a language's name in the one that is spoken. */
export const languageName = (one) =>
  new Intl.DisplayNames([current], { type: 'language' }).of(one);

/** "Nadia, Lou et Awa" */
export const names = (list) =>
  new Intl.ListFormat(current, { style: 'long', type: 'conjunction' }).format(list);

// The program's dates are local and without a zone: "2026-03-12" or "2026-03-12T19:30".
const parsed = (text) => {
  const [date, clock] = text.split('T');
  const [year, month, day] = date.split('-').map(Number);
  const [hour, minute] = (clock ?? '00:00').split(':').map(Number);
  return new Date(year, month - 1, day, hour, minute);
};
const dateFormat = (text, options) =>
  new Intl.DateTimeFormat(current, options).format(parsed(text));

/** "jeudi 12 mars", with the year if it is not this one. */
export function day(text) {
  const year = parsed(text).getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return dateFormat(text, { weekday: 'long', day: 'numeric', month: 'long', year });
}
export const shortDay = (text) =>
  dateFormat(text, { day: 'numeric', month: 'short', year: 'numeric' });
/** "mars 2026" of "2026-03". */
export const monthOf = (text) => dateFormat(`${text}-01`, { month: 'long', year: 'numeric' });
/** "19:30", or "" of a date alone. */
export function clock(text) {
  if (!text.includes('T')) return '';
  const at = parsed(text);
  const minutes = String(at.getMinutes()).padStart(2, '0');
  const left = minutes === '00' ? '' : `\u00a0${minutes}`;
  if (current === 'fr') return `${at.getHours()}\u00a0h${left}`;
  return dateFormat(text, { hour: 'numeric', minute: '2-digit' });
}
/** "jeudi 12 mars, 19 h 30" */
export const dayAndClock = (text) =>
  text.includes('T') ? `${day(text)}, ${clock(text)}` : day(text);

/** A duration as a clock: "3:10", "1:02:30". */
export function duration(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(all / 3600),
    minutes = Math.floor(all / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

/** This moment as the program writes dates; only to propose it. */
export function nowText(date = new Date()) {
  const two = (number) => String(number).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}`
  );
}

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
export const sorted = (list, by) =>
  [...list].sort(
    (a, b) => by(a).localeCompare(by(b), current) || plain(by(a)).localeCompare(plain(by(b))),
  );
