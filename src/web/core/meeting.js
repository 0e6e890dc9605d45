// What a screen of a live meeting reads out of the node's answer (docs/live.md), and what it sends.
import { ask } from './api.js';
import { give } from './live-data.js';
import { names, t } from './words.js';

/** What a live meeting depends on, among records. */
export const LIVE_TYPES = [
  'moment',
  'meeting',
  'part',
  'signal',
  'agreement',
  'decision',
  'commitment',
  'profile',
  'circle',
];

export const meetingPath = (circle, id) => `circles/${circle.id}/meetings/${id}`;

/** Does something in the meeting; the answer is shown at once. */
export async function act(base, action, body = {}) {
  give(`${base}/live`, await ask('POST', `${base}/live/${action}`, body));
}

/** As requests name somebody. */
export const whom = (who) =>
  who.seat !== undefined ? { seat: who.seat } : { person: who.person };
/** As one in the order of a round. */
export const roundOne = (who) => (who.seat !== undefined ? { seat: who.seat } : who.person);
export const keyOf = (who) => (who.seat !== undefined ? `seat ${who.seat}` : who.person);
export const isSame = (a, b) => Boolean(a && b) && keyOf(a) === keyOf(b);
export const hereOf = (live) => live.places.filter((one) => one.here);
export const mineOf = (live) => live.places.find((one) => one.mine) ?? null;
export const goesOn = (live) => live.state === 'open' || live.state === 'paused';
export const isMine = (live, who) => isSame(mineOf(live), who);
export const roundRuns = (live) => live.round !== null && !live.round.over;

/** What somebody has in the round: waits, speaks, spoke, passed, or null. */
export const markOf = (live, who) =>
  live.round?.order.find((one) => isSame(one, who))?.mark ?? null;
export const passedOf = (live) =>
  live.round ? live.round.order.filter((one) => one.mark === 'passed' && one.here) : [];

/** Who is here, oneself first: at the bottom of the picture; the order of the circle stays. */
export function around(live, isCommon = false) {
  const here = hereOf(live);
  const at = isCommon ? 0 : Math.max(0, here.findIndex((one) => one.mine));
  return [...here.slice(at), ...here.slice(0, at)];
}

const FREE_TURN_MS = 3 * 60000;
const SHORTEST_MS = 60000;

/**
 * How long a turn is thought to be: the part's time, shared by who is in the round. Nothing happens
 * when it is over.
 */
export function turnLength(live) {
  const count = live.round ? live.round.order.length : 0;
  if (!live.part?.minutes || count === 0) return FREE_TURN_MS;
  return Math.max(SHORTEST_MS, (live.part.minutes * 60000) / count);
}

export const partAfter = (live) =>
  live.parts[live.parts.findIndex((one) => one.id === live.part?.id) + 1] ?? null;

export const partTitle = (part) =>
  part.title || (part.kind ? t(`live.kinds.${part.kind}`) : t('live.part'));

const short = (live, who) =>
  isMine(live, who) ? t('live.you') : (who.seat ?? who.name ?? t('live.somebody'));

/** "C'est à Nadia, puis Inès": what the circle shows, in one sentence. */
export function turnSentence(live) {
  if (live.state === 'paused') return t('live.isPaused');
  if (live.state !== 'open') return t(`live.states.${live.state}`);
  const next = live.next && short(live, live.next);
  if (live.turn) {
    if (isMine(live, live.turn)) return next ? t('live.toYouThen', { next }) : t('live.toYou');
    const name = short(live, live.turn);
    return next ? t('live.turnThen', { name, next }) : t('live.turn', { name });
  }
  if (live.round?.over) return t('live.roundOver');
  return next ? t('live.nextIs', { next }) : t('live.nobody');
}

/** "Lou et Awa", oneself as "toi". */
export const listed = (live, people) => names(people.map((one) => short(live, one)));
