// Differences of two texts, and two texts that came of one brought together. For the rare case that
// an answer of the node was lost; what is typed is known as it is (core/writing.js).
import { isWithin, passes, put, reader, sizeOf, spliceOp, takes } from './text-ops.js';

const MOST = 800; // differences that are looked for one by one; more become one

/** Myers: the ops between two lists, as [passed, taken, put] counts; null: too many. */
function steps(a, b) {
  const size = a.length + b.length,
    trace = [];
  let best = new Int32Array(2 * MOST + 3);
  for (let d = 0; d <= Math.min(size, MOST); d++) {
    trace.push(best.slice(MOST - d, MOST + d + 3));
    for (let k = -d; k <= d; k += 2) {
      const o = MOST + 1 + k;
      const isDown = k === -d || (k !== d && best[o - 1] < best[o + 1]);
      let x = isDown ? best[o + 1] : best[o - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      best[o] = x;
      if (x >= a.length && x - k >= b.length) return backwards(a, b, trace, d);
    }
  }
  return null;
}
function backwards(a, b, trace, last) {
  const out = [];
  let x = a.length,
    y = b.length;
  for (let d = last; d > 0; d--) {
    const best = trace[d],
      k = x - y;
    const isDown = k === -d || (k !== d && best[d + k] < best[d + k + 2]);
    const fromK = isDown ? k + 1 : k - 1;
    const fromX = best[d + 1 + fromK];
    const passed = x - (isDown ? fromX : fromX + 1);
    out.push([passed, 0, 0], isDown ? [0, 0, 1] : [0, 1, 0]);
    x = fromX;
    y = fromX - fromK;
  }
  out.push([x, 0, 0]);
  return out.reverse();
}

const letters = (text) => Array.from(text);
const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function between(a, b, cut) {
  if (a === '' || b === '') return spliceOp(0, a.length, b);
  const from = cut(a),
    to = cut(b);
  const found = steps(from, to);
  if (!found) return cut === lines ? null : spliceOp(0, a.length, b);
  const out = [];
  let x = 0,
    y = 0;
  const join = (list, at, count) => list.slice(at, at + count).join('');
  for (const [passed, taken, given] of found) {
    put(out, join(from, x, passed).length);
    put(out, -join(from, x + passed, taken).length);
    put(out, join(to, y + passed, given));
    x += passed + taken;
    y += passed + given;
  }
  return out;
}

/** An op that makes `b` of `a`, with few differences: by lines first, then within them. */
export function difference(a, b) {
  const out = [];
  let begin = 0,
    end = 0;
  const most = Math.min(a.length, b.length);
  while (begin < most && a[begin] === b[begin]) begin++;
  if (isWithin(a, begin) || isWithin(b, begin)) begin--;
  while (end < most - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  if (isWithin(a, a.length - end) || isWithin(b, b.length - end)) end--;
  put(out, begin);
  const [left, right] = [a.slice(begin, a.length - end), b.slice(begin, b.length - end)];
  const coarse = between(left, right, lines) ?? spliceOp(0, left.length, right);
  let at = 0;
  for (let k = 0; k < coarse.length; k++) {
    const piece = coarse[k],
      next = coarse[k + 1];
    if (typeof piece === 'string' && takes(next)) {
      for (const fine of between(left.slice(at, at - next), piece, letters)) put(out, fine);
      at -= next;
      k++;
    } else {
      put(out, piece);
      if (typeof piece === 'number') at += Math.abs(piece);
    }
  }
  put(out, end);
  return out;
}

const holds = (long, short) => {
  let at = 0;
  for (const letter of short) {
    at = long.indexOf(letter, at) + letter.length;
    if (at < letter.length) return false;
  }
  return true;
};
function both(x, y) {
  if (holds(x, y)) return x;
  return holds(y, x) ? y : x + y;
}

/**
 * Two texts that came of one: everything that either put in, without what either took out. What
 * stands in both at one place is there once: it is the same, that came on two ways.
 */
export function merge(old, x, y) {
  const a = reader(difference(old, x)),
    b = reader(difference(old, y));
  let at = 0,
    out = '';
  while (at < old.length || !a.done() || !b.done()) {
    const [one, two] = [a, b].map((op) =>
      typeof op.get() === 'string' ? op.take(op.get().length) : '',
    );
    out += both(one, two);
    const size = Math.min(sizeOf(a.get()), sizeOf(b.get()), old.length - at);
    if (size === 0) continue;
    const isKept = passes(a.get()) && passes(b.get());
    a.take(size);
    b.take(size);
    if (isKept) out += old.slice(at, at + size);
    at += size;
  }
  return out;
}
