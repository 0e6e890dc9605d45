// What somebody who is in a circle no more is offered there: everything that can be pressed or
// filled is, on every screen, and what the node would have been asked for is told.
import { ask } from './api.mjs';
import { visit } from './screens.mjs';
import { answer, due, forget, give, newDevice, proposals } from './states.mjs';

/** What she may: a file of what is there, and what stays on this device alone. */
const READS = /^POST circles\/[^/]+\/((meetings\/[^/]+\/)?calendar\.ics|members\/(un)?block)$/;
/** Requests that are of the window, and go their way. */
const OWN = /^(preferences|active)$/;

/** Writes one of each thing that can be read afterwards; their ids. */
export async function leaveBehind([me, other], circle) {
  const path = `circles/${circle}`;
  const write = async (person, plural, body) =>
    (await ask(person, 'POST', `${path}/${plural}`, { body })).id;
  const meeting = (title, more = {}) => write(me, 'meetings',
    { title, starts: '2031-03-06T19:30', place: 'Chez Lou', format: 'talking-circle', ...more });
  const held = await meeting('Avant', { state: 'closed', minutes: 'On a parlé.' });
  const decision = await write(me, 'decisions', { meeting: held, text: 'On continue.' });
  await write(me, 'commitments', { meeting: held, text: 'apporte la clé', person: me.name });
  const share = { sort: 'experience', text: 'Voilà.', keep: 'kept' };
  await ask(other, 'POST', `${path}/agreement`, { body: { text: 'Autrement.' } });
  const { members } = await ask(me, 'GET', `${path}/members`);
  const [mine, hers] = [me, other].map(({ name }) => members.find((one) => one.name === name));
  return {
    circle, held, decision, ahead: await meeting('Après'),
    series: await meeting('Souvent', { recurrence: 'FREQ=WEEKLY' }),
    off: await meeting('Annulée', { state: 'cancelled' }),
    open: await meeting('En cours', { state: 'open' }),
    myShare: await write(me, 'shares', { ...share, title: 'De moi' }),
    share: await write(other, 'shares', { ...share, title: 'D’une autre' }),
    me: mine.person, person: hers.person, personName: hers.name,
    third: mine.person, thirdName: mine.name,
  };
}

/** [[name, values], …] of all there is to see of the circle. */
async function placesOf(window, things) {
  const { circle } = things;
  const given = {
    meeting: ['held', 'ahead', 'series', 'off', 'open'].map((name) => ({ id: things[name] }))
      .concat({ id: things.series, starts: '2031-03-13T19:30' }),
    share: [{ id: things.share }, { id: things.myShare }],
    member: [{ person: things.person }, { person: things.me }],
  };
  const table = await window.page.evaluate(async () =>
    Object.entries((await import('/app.js')).screens)
      .map(([name, { alone = false, within = false }]) => [name, alone, within]));
  const names = (isOut) => table.filter(([, alone, within]) => !alone && within === isOut)
    .map(([name]) => name);
  return {
    within: names(true).map((name) => [name, { circle, id: things.ahead }]),
    read: names(false).flatMap((name) =>
      (given[name] ?? [{}]).map((values) => [name, { ...values, circle }])),
  };
}

/** Answers that offer more than the sample has: what is due, a second voice, two values. */
function more(things) {
  const two = (field, value) => (one) => ({ ...one, conflicts: { [field]: [
    { by: things.personName, value }, { by: things.thirdName, value: null }] } });
  const current = (one) => ({ ...one, current: true });
  const devices = ({ devices: all, ...rest }) => ({ ...rest,
    devices: all.flatMap((one) => [current(one), { ...current(one), this: false }]) });
  return [due(), proposals(things), newDevice(), answer('/devices', devices),
    answer(`/shares/${things.share}`, two('title', 'Autrement')),
    answer(`/meetings/${things.held}`, two('place', 'Au parc')),
    answer('/settings', two('name', 'Lundi'))];
}

/** What can be pressed or filled in the screen, or in the dialog that is open: a name for each. The
 * lines of a list, which lead to other screens, have one. */
const controls = () => {
  const dialog = document.querySelector('dialog[open]');
  const root = dialog ?? document.querySelector('.frame');
  for (const one of document.querySelectorAll('[data-at]')) delete one.dataset.at;
  return [...root.querySelectorAll('button, input, select, textarea, summary')]
    .filter((one) => !one.closest('.bar') && !one.matches(':disabled') &&
      (one.type === 'file' || one.checkVisibility({ visibilityProperty: true })))
    .map((one, at) => {
      one.dataset.at = at;
      const list = one.matches('li > .item') && one.closest('section, main');
      const label = list ? `a line of ${list.querySelector('h2')?.innerText}` :
        one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText;
      return `${one.localName} ${one.type ?? ''} ${label.trim()}` +
        (dialog ? ` (${dialog.querySelector('h2').innerText})` : '');
    });
};
const TO_WRITE_IN = /^(textarea|select|input (text|date|time|number)) /;

const FILE = { name: 'a.ics', mimeType: 'text/calendar', buffer: Buffer.from(
  'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:one@test\r\nDTSTART:20310401T180000\r\n' +
  'SUMMARY:Fête\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n') };

/** Presses it, or puts something in; gives where that leads and what is there then. */
async function press(window, name) {
  const at = (await window.page.evaluate(controls)).indexOf(name);
  const one = window.page.locator(`[data-at="${at}"]`);
  if (/^input file /.test(name)) await one.setInputFiles(FILE);
  else if (at >= 0) await one.evaluate((here) => {
    const isPressed = ['button', 'summary'].includes(here.localName) ||
      ['radio', 'checkbox'].includes(here.type);
    if (isPressed) return here.click();
    if (here.localName === 'select') here.selectedIndex = (here.selectedIndex + 1) % here.length;
    else here.value = { date: '2031-03-13', number: '7' }[here.type] ?? 'quelques mots';
    return ['input', 'change', 'focusout'].forEach((kind) =>
      here.dispatchEvent(new Event(kind, { bubbles: true })));
  });
  await window.settled();
  return { place: await placeOf(window), there: await window.page.evaluate(controls) };
}
/** The number of the place, and the name of its screen. */
const placeOf = (window) => window.page.evaluate(async () => {
  const { key, screen } = (await import('/core/places.js')).here();
  return { key, screen };
});

/** Presses all that is in a screen, and all that comes of it; `seen`: what was pressed, and where
 * that leads. */
async function explore(window, begin, seen = new Set(), trail = []) {
  const filled = [];
  const again = async () => {
    await begin();
    for (const name of [...trail, ...filled]) await press(window, name);
    return placeOf(window);
  };
  let place = await again();
  const first = await window.page.evaluate(controls);
  for (const name of first) {
    if (seen.has(name)) continue;
    seen.add(name);
    place ??= await again();
    if (!name.startsWith('button ')) filled.push(name);
    const now = await press(window, name);
    const isHere = now.place.key === place.key;
    if (!isHere) seen.add(now.place.screen);
    const isNew = isHere && now.there.some((one) => !seen.has(one) && !first.includes(one));
    if (isNew) await explore(window, begin, seen, [...trail, name]);
    if (isNew || !isHere || now.there.join() !== first.join()) place = null;
  }
  return seen;
}

/** At these places, [[name, values], …]: a line for each field to write in, and for each change
 * that the node is asked for, and for each of `screens` that one is led to. Nothing is done. */
async function writesAt(window, places, screens = []) {
  const found = [];
  const api = /\/api\/v1\/(.*)$/;
  await window.page.route(api, async (route) => {
    const [method, path] = [route.request().method(), api.exec(route.request().url())[1]];
    const asked = `${method} ${path}`;
    if (method === 'GET' || OWN.test(path)) return route.fallback();
    if (path.startsWith('circles/') && !READS.test(asked)) found.push(asked);
    return route.fulfill({ status: 403, json: { error: 'AUTHORITY', field: null, message: '' } });
  });
  for (const [name, values] of places) {
    const asked = found.length;
    const seen = await explore(window, () => visit(window, name, values));
    found.push(...[...seen].filter((one) => TO_WRITE_IN.test(one) || screens.includes(one)));
    for (let at = asked; at < found.length; at++) found[at] = `${name}: ${found[at]}`;
  }
  await window.page.unroute(api);
  await visit(window, 'home');
  window.forgive(/^refused: .*: 403$/);
  return found;
}

/** Of somebody who is in it no more: what she could write, wherever she goes. */
export async function writesOutside(window, things) {
  const { within, read } = await placesOf(window, things);
  const found = [];
  for (const [name, values] of within) {
    await visit(window, name, values);
    if (!await window.heading('outside.title').isVisible()) found.push(`${name} is shown`);
  }
  const undo = await give(window, window.person, more(things));
  await forget(window);
  found.push(...await writesAt(window, [within[0], ...read],
    within.map(([name]) => name).filter((name) => name !== 'home')));
  await undo();
  return found;
}

/** The same of somebody who is in it, of one meeting: so that one knows that it would be found. */
export const writesInside = (window, { circle, held }) =>
  writesAt(window, [['meeting', { circle, id: held }]]);
