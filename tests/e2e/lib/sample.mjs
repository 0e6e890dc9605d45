// A circle as it is after some weeks: three persons, meetings past and planned, shares, minutes,
// decisions, an agreement. Its texts are in tests/e2e/sample/circle.LANGUAGE.json; each thing is
// written by whose it is, on her own node.
import { readFileSync } from 'node:fs';
import { ask } from './api.mjs';
import { pair, Person, until } from './person.mjs';

export const NAMES = ['Inès', 'Nadia', 'Lou'];
export const LOOPBACK = ['--loopback', '--interface', 'lo']; // never the network this machine is on

export const textsOf = (language) =>
  JSON.parse(readFileSync(new URL(`../sample/circle.${language}.json`, import.meta.url), 'utf8'));

/** "2026-03-12", or with the hour: so many days after the next Thursday (which may be today). */
function day(after, hour) {
  const at = new Date();
  at.setHours(12, 0, 0, 0);
  at.setDate(at.getDate() + ((4 - at.getDay() + 7) % 7) + after);
  const two = (number) => String(number).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return hour ? `${date}T${hour}` : date;
}

/** The digest that all of them have, once they have the same. */
export function agree(people, circle, seconds = 60) {
  return until('all have the same', seconds, async () => {
    const all = await Promise.all(people.map(async (person) =>
      (await ask(person, 'GET', 'status')).circles.find((one) => one.id === circle)?.digest));
    return all[0] && all.every((one) => one === all[0]) && all[0];
  });
}

/** Nodes of these names, on this machine's loopback unless `hosts` names theirs. `made` is told of
 * each before it has anything to be removed; options are Person's; isNew: without a vault. */
export async function startPeople(names,
  { hosts = null, options = {}, isNew = false, made = () => {} } = {}) {
  const people = names.map((name, at) => new Person(name, hosts?.[at] ?? null, options));
  people.forEach(made);
  // As from a page: the passphrase is stretched once, not to make the vault and again to open it.
  await Promise.all(people.map(async (person) => {
    await person.start('--new', ...(hosts ? [] : LOOPBACK));
    if (!isNew) await ask(person, 'POST', 'vault', { body: { passphrase: person.passphrase } });
  }));
  return people;
}

/** The first founds a circle with the others; all are connected then. Its id. */
export async function found(people, { name, purpose = '' }) {
  const [first, ...others] = people;
  await first.json('circle', 'new', name, '--as', first.name,
    ...(purpose ? ['--purpose', purpose] : []));
  for (const other of others) await pair(first, name, other, other.name);
  const { id } = (await ask(first, 'GET', 'circles')).circles.find((one) => one.name === name);
  await Promise.all(people.map((person) =>
    ask(person, 'POST', `circles/${id}/gather`, { body: { seconds: 3 * 3600 } })));
  await agree(people, id);
  return id;
}

/** Writes the sample into a circle of three that was just founded. {circle, meetings, next}: ids of
 * the past meetings, oldest first, and of the one that comes. */
export async function fill(people, circle, language) {
  const texts = textsOf(language);
  const [ines] = people;
  const headers = { 'Accept-Language': language };
  const write = (person, path, body) =>
    ask(person, 'POST', `circles/${circle}/${path}`, { body, headers });
  await ask(ines, 'PATCH', `circles/${circle}/settings`, { body: { topics: texts.topics } });
  for (const [at, person] of people.entries()) {
    await write(person, 'profiles', { pseudonym: person.name, about: texts.about[at] });
    await ask(person, 'POST', `circles/${circle}/agreement/assent`, { body: {} });
  }
  const meetings = [];
  for (const past of texts.past) {
    const { id } = await write(ines, 'meetings', {
      title: past.title, place: past.place, place_kind: past.kind, topics: past.topics,
      starts: day(-7 * past.weeks, '19:30'), ends: day(-7 * past.weeks, '21:30'),
      attendance: people.map((person) => person.name), seats: [texts.seat],
      facilitators: [ines.name], minutes: past.minutes, keep: 'kept', state: 'closed',
    });
    await write(ines, 'decisions', { meeting: id, text: past.decision, keep: 'kept' });
    for (const { who, text, done } of past.commitments) {
      await write(ines, 'commitments', { meeting: id, text, person: people[who].name,
        until: day(7), state: done ? 'done' : 'open' });
    }
    meetings.push(id);
  }
  const { next, feast } = texts;
  const coming = await write(ines, 'meetings', {
    title: next.title, place: next.place, place_kind: next.kind, directions: next.directions,
    starts: day(0, '19:30'), ends: day(0, '21:30'), recurrence: 'FREQ=WEEKLY;INTERVAL=2',
    topics: next.topics, format: next.format, facilitators: [ines.name],
  });
  await write(ines, 'meetings', { title: feast.title, place: feast.place,
    place_kind: feast.kind, starts: day(17) });
  await agree(people, circle);
  for (const [at, person] of people.entries()) {
    if (at < 2) {
      await write(person, 'replies', { meeting: coming.id, answer: at === 0 ? 'coming' : 'perhaps',
        ...(next.brings[at] ? { brings: next.brings[at] } : {}) });
    }
  }
  for (const { who, to, note, ...share } of texts.shares) {
    await write(people[who], 'shares', { ...share, ...(note ? { content_note: note } : {}),
      ...(to ? { to: to.map((one) => people[one].name) } : {}) });
  }
  await agree(people, circle);
  return { circle, meetings, next: coming.id };
}

/** Three nodes with the sample circle. {people, circle, meetings, next}. */
export async function sampleCircle(language, options = {}) {
  const people = await startPeople(NAMES, options);
  const { name, purpose } = textsOf(language);
  const circle = await found(people, { name, purpose });
  return { people, ...await fill(people, circle, language) };
}
