// Every screen of the page, from its own table (src/web/app.js), with something on it.
import { ask } from './api.mjs';
import { sleep } from './person.mjs';

/** What a screen is given when its line of the table says nothing (`example`): names of the things
 * that `thingsOf` finds, in the place of their ids. */
const GIVEN = {
  meeting: { id: 'past' }, minutes: { id: 'past' }, live: { id: 'open' }, closing: { id: 'open' },
  share: { id: 'share' }, member: { person: 'person' },
  format: { id: 'talking-circle' }, chapter: { id: 'danger' },
};

/** Ids of things in the sample circle, by the names that examples use. */
export async function thingsOf({ people, circle, meetings, next }) {
  const get = (path) => ask(people[0], 'GET', `circles/${circle}/${path}`);
  const [{ shares }, { members }] = await Promise.all([get('shares'), get('members')]);
  const [me, person, third] = people.map(({ name }) => members.find((one) => one.name === name));
  return { circle, past: meetings.at(-1), next,
    share: shares[0].id, question: shares.find((one) => one.sort === 'question').id,
    myShare: shares.find((one) => one.author === me.person).id,
    folded: shares.find((one) => one.content_note).id,
    me: me.person, myName: me.name, person: person.person, personName: person.name,
    third: third.person, thirdName: third.name };
}

/** Opens the meeting that comes, all arrive (and a seat for who has no device), the round is at its
 * second. Its id. */
export async function holdMeeting({ people, circle }, seat = 'Awa') {
  // On a Thursday it is the one that was planned, whose parts come in the language of the request.
  const headers = { 'Accept-Language': 'fr' };
  const { id } = await ask(people[0], 'POST', `circles/${circle}/here`, { body: {}, headers });
  const act = async (person, action, body = {}) => {
    for (let tries = 0; ; tries++) { // until it is on her device
      try {
        await ask(person, 'POST', `circles/${circle}/meetings/${id}/live/${action}`, { body });
        return;
      } catch (error) {
        if (tries === 50) throw error;
        await sleep(200);
      }
    }
  };
  for (const person of people.slice(1)) await act(person, 'arrive');
  await act(people[0], 'arrive', { seat });
  await act(people[0], 'part');
  await act(people[0], 'round');
  await act(people[0], 'done');
  return id;
}

/** [[name, values], …] of the screens that a window's page has; those that need a meeting that
 * goes on are left out while there is none (`things.open`). */
export async function screensOf(window, things) {
  const table = await window.page.evaluate(async () => {
    const { screens } = await import('/app.js');
    return Object.entries(screens).map(([name, { example }]) => [name, example ?? null]);
  });
  return table.map(([name, example]) => {
    const given = example ?? GIVEN[name] ?? {};
    const waits = Object.values(given).includes('open') && !things.open;
    return waits ? null : [name, Object.fromEntries(Object.entries(given).map(
      ([key, value]) => [key, things[value] ?? value]))];
  }).filter(Boolean);
}

/** Goes to a screen as a press on what leads there does, and waits until all is loaded. */
export async function visit(window, name, values = {}) {
  await window.page.evaluate(async ([screen, given]) => {
    const { begin, go } = await import('/core/places.js');
    begin('home');
    if (screen !== 'home') go(screen, given);
  }, [name, values]);
  await window.settled();
}

/** In the colours of a theme at once, until something of the taste is changed. */
export const showTheme = (window, theme) => window.page.evaluate((name) => {
  document.documentElement.dataset.theme = name;
}, theme);
export const THEMES = ['light', 'dark', 'contrast', 'contrast-dark'];

/** Language, theme, size of text, quiet view: as the settings change them. A vault that is not open
 * keeps none. */
export async function setTaste(window, values, isOpen = true) {
  await window.page.evaluate(async ([given, keep]) => {
    await (await import('/core/taste.js')).changeTaste(given, keep);
  }, [values, isOpen]);
  if (values.language) window.language = values.language;
  await window.settled();
}
