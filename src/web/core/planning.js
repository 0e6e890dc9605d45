// Dates of meetings to come, rules by which they come again, and the meeting behind a date.
import { ask } from './api.js';
import { useData } from './live-data.js';
import { nowText } from './words.js';

const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

export const meetingPath = (circle, id) => `circles/${circle.id}/meetings/${id}`;
export const today = () => nowText().slice(0, 10);

const dateOf = (text) => {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  return new Date(year, month - 1, day);
};

/** "2026-03-12T19:30" and minutes: then. */
export function later(text, minutes) {
  const at = dateOf(text);
  const [hour, minute] = (text.slice(11) || '00:00').split(':').map(Number);
  at.setHours(hour, minute + minutes);
  return nowText(at);
}

/**
 * The rules that suit a date, by their names: {never, weekly, fortnightly, monthly, last};
 * `monthly` is the first to fourth such weekday of its month, `last` the last one.
 */
export function rulesFor(text) {
  const at = dateOf(text);
  if (Number.isNaN(at.getTime())) return { never: null };
  const day = DAYS[at.getDay()];
  const nth = Math.ceil(at.getDate() / 7);
  const left = new Date(at.getFullYear(), at.getMonth() + 1, 0).getDate() - at.getDate();
  return {
    never: null,
    weekly: 'FREQ=WEEKLY',
    fortnightly: 'FREQ=WEEKLY;INTERVAL=2',
    ...(nth < 5 ? { monthly: `FREQ=MONTHLY;BYDAY=${nth}${day}` } : {}),
    ...(left < 7 ? { last: `FREQ=MONTHLY;BYDAY=-1${day}` } : {}),
  };
}
export const nthOf = (text) => Math.ceil(dateOf(text).getDate() / 7);

/** The date of a series as a meeting of its own; another meeting is itself. */
export async function taken(circle, meeting, starts) {
  if (!meeting.recurrence || !starts || starts === meeting.starts) return meeting.id;
  const path = `${meetingPath(circle, meeting.id)}/occurrences`;
  return (await ask('POST', path, { starts })).id;
}

export const COMING_MAX = 100; // what the node gives at most

/** {data: {coming, more}, error}: the next dates of all meetings, in order. */
export const useComing = (circle, many) =>
  useData(`circles/${circle.id}/coming?from=${today()}&max=${Math.min(many, COMING_MAX)}`, [
    'meeting',
  ]);
