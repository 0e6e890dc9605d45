// Meetings by the calendar on the command line: a series, who comes, a file out and in, here and
// now; and what a file may not be.
//   node tests/e2e/calendar.mjs
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync }
  from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespace, Network } from './lib/network.mjs';
import { pair, Person, until } from './lib/person.mjs';
import { finish, test } from './lib/report.mjs';

if (!enterNamespace()) finish('no network namespaces here');

const folder = mkdtempSync(join(tmpdir(), 'veillee-calendar-'));
new Network(['ines', 'nadia']);
const people = ['ines', 'nadia'].map((name) => new Person(name, name));
const [ines, nadia] = people;

const assert = (holds, what) => { if (!holds) throw new Error(what); };
const ok = async (person, ...args) => {
  const { status, out, err } = await person.run(args);
  assert(status === 0, `${args.join(' ')}: ${status} ${err}`);
  return out;
};
const refused = async (person, status, words, ...args) => {
  const end = await person.run(args);
  assert(end.status === status && end.err.includes(words),
    `${args.join(' ')}: ${end.status} ${end.err}`);
};
const day = (offset) => {
  const at = new Date(Date.now() + offset * 86400000);
  return at.toISOString().slice(0, 10);
};

try {
  await Promise.all(people.map((person) => person.init()));
  for (const person of people) await person.start();
  await ines.json('circle', 'new', 'Jeudi', '--as', 'Inès');
  await pair(ines, 'Jeudi', nadia, 'Nadia');
  for (const person of people) await ok(person, 'gather', 'Jeudi', '--for', '10m');

  let series;
  await test('a series is planned, its dates are told, the next one is known', async () => {
    series = await ines.json('meeting', 'add', '--circle', 'Jeudi', '--title', 'Veillée', '--at',
      `${day(-20)} 18:30`, '--ends', `${day(-20)}T21:00`, '--place', 'chez Inès; au fond',
      '--directions', 'Code 12A\nau fond', '--recurrence', 'FREQ=DAILY;INTERVAL=3');
    assert(series.repeats === 'tous les 3 jours', series.repeats);
    const { occurrences } = await ines.json('meeting', 'dates', series.id, '--max', '3');
    assert(occurrences.length === 3 && occurrences.every((one) => /T18:30$/.test(one.starts)),
      JSON.stringify(occurrences));
    const next = await ines.json('meeting', 'next', '--circle', 'Jeudi');
    assert(next.occurrence && next.meeting === series.id, JSON.stringify(next));
    assert((await ok(ines, 'meeting', 'next')).includes('chez Inès; au fond'), 'no place');
    await refused(ines, 7, 'FREQ', 'meeting', 'edit', series.id, '--recurrence', 'FREQ=SECONDLY');
  });

  await test('who comes, and who brings what: also to a date that is no meeting yet', async () => {
    await ok(ines, 'reply', 'next', 'coming', '--circle', 'Jeudi', '--brings', 'une soupe');
    const next = await ines.json('meeting', 'next');
    assert(!next.occurrence && next.meeting !== series.id, JSON.stringify(next));
    await until('Nadia has it', 30, async () =>
      (await nadia.run(['meeting', 'show', next.meeting])).status === 0);
    await ok(nadia, 'reply', next.meeting, 'perhaps');
    const shown = await nadia.json('meeting', 'show', next.meeting);
    assert(shown.replies.coming.length <= 1 && shown.replies.perhaps[0].name === 'Nadia',
      JSON.stringify(shown.replies));
    await until('Nadia sees what Inès brings', 30, async () =>
      (await ok(nadia, 'meeting', 'show', next.meeting)).includes('Inès (une soupe)'));
    await refused(nadia, 7, 'Réponse', 'reply', next.meeting, 'later');
    await refused(nadia, 6, '', 'reply', 'ffffffff', 'coming');
  });

  const file = join(folder, 'jeudi.ics');
  await test('a file goes out and comes into another circle, once', async () => {
    await ines.secretly('meeting', 'ics', file, '--circle', 'Jeudi');
    assert((statSync(file).mode & 0o777) === 0o600, 'its mode is not 0600');
    const text = readFileSync(file, 'utf8');
    assert(/\r\nRRULE:FREQ=DAILY;INTERVAL=3\r\n/.test(text), text);
    assert(!/veill.e[^\r]*EN/i.test(text) && !text.includes('soupe'), text);
    await refused(ines, 7, '--replace', 'meeting', 'ics', file);
    await ines.secretly('meeting', 'ics', file, '--replace');
    const { out } = await ines.run(['meeting', 'ics', '--passphrase-fd', '3'],
      { passphrase: ines.passphrase });
    assert(out.startsWith('BEGIN:VCALENDAR'), 'not to the screen');
    await nadia.json('circle', 'new', 'Autre', '--as', 'Nadia');
    await pair(nadia, 'Autre', ines, 'Inès');
    const first = await nadia.json('import', 'ics', file, '--circle', 'Autre');
    assert(first.imported === 2 && first.existed === 0, JSON.stringify(first));
    const again = await nadia.json('import', 'ics', file, '--circle', 'Autre');
    assert(again.imported === 0 && again.existed === 2, JSON.stringify(again));
    const { meetings } = await nadia.json('meeting', 'list', '--circle', 'Autre');
    const copy = meetings.find((one) => one.recurrence !== null && one.recurrence !== '');
    const whole = await nadia.json('meeting', 'show', copy.id, '--circle', 'Autre');
    for (const field of ['title', 'starts', 'ends', 'place', 'directions', 'recurrence']) {
      assert(whole[field] === series[field], `${field}: ${whole[field]}`);
    }
    const back = await ines.json('import', 'ics', file, '--circle', 'Jeudi');
    assert(back.imported === 0 && back.existed === 2, JSON.stringify(back));
  });

  await test('through the API the file is one to be kept, not a page to be shown', async () => {
    const runtime = join(ines.vault, 'veillee');
    const socketPath = join(runtime, readdirSync(runtime).find((name) => name.endsWith('.sock')));
    const headers = await new Promise((resolve, reject) => {
      const body = JSON.stringify({ passphrase: ines.passphrase });
      request({ socketPath, path: '/api/v1/circles/Jeudi/calendar.ics', method: 'POST',
        headers: { 'Content-Length': Buffer.byteLength(body) } }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.headers));
      }).on('error', reject).end(body);
    });
    assert(headers['content-type'] === 'text/calendar; charset=utf-8' &&
      headers['content-disposition'] === 'attachment; filename="calendar.ics"' &&
      headers['x-content-type-options'] === 'nosniff', JSON.stringify(headers));
  });

  await test('what is no calendar, or one to harm, is refused in one sentence', async () => {
    const event = (lines) =>
      `BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\n${lines}END:VEVENT\nEND:VCALENDAR\n`;
    const bad = [
      ['pas un fichier de calendrier', 'hello'],
      ['trop tôt', 'BEGIN:VCALENDAR\n'],
      ['RRULE', event('DTSTART:20260312T183000\nRRULE:FREQ=SECONDLY\n')],
      ['DTSTART', event('DTSTART:20260230T183000\n')],
      ['limite', `BEGIN:VCALENDAR\n${'X:y\n'.repeat(300000)}`],
      ['imbriqués', `BEGIN:VCALENDAR\n${'BEGIN:X\n'.repeat(5000)}`],
    ];
    const path = join(folder, 'bad.ics');
    for (const [words, text] of bad) {
      writeFileSync(path, text);
      await refused(ines, 7, words, 'import', 'ics', path, '--circle', 'Jeudi');
    }
    writeFileSync(path, Buffer.from([66, 0, 1, 2, 255]));
    await refused(ines, 7, 'UTF-8', 'import', 'ics', path, '--circle', 'Jeudi');
    await refused(ines, 6, 'lu', 'import', 'ics', join(folder, 'none.ics'), '--circle', 'Jeudi');
  });

  await test('we are here now', async () => {
    const open = await ines.json('meeting', 'now', '--circle', 'Jeudi', '--title', 'Ce soir',
      '--new');
    assert(open.state === 'open' && open.title === 'Ce soir', JSON.stringify(open));
    const again = await ines.json('meeting', 'now', '--circle', 'Jeudi');
    assert(again.existed && again.id === open.id, JSON.stringify(again));
    assert((await ines.json('meeting', 'next', '--circle', 'Jeudi')).open, 'not the next one');
  });
} finally {
  await Promise.all(people.map((person) => person.stop()));
  rmSync(folder, { recursive: true, force: true });
}
finish();
