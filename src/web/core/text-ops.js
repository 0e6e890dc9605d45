// What is done to a text, as one value. An op is a list: a number above 0 passes so many UTF-16
// units over, one below 0 takes so many out, a string is put in. Passing over at the end may be
// left out.
// The node counts code points (docs/api.md, "Minutes, written together"); that is turned here.

// A string of digits compares as its number: the sort of a piece is asked for first.
export const passes = (piece) => typeof piece === 'number' && piece > 0;
export const takes = (piece) => typeof piece === 'number' && piece < 0;

/** Adds a piece to the end of an op that is being made. */
export const put = (op, piece) => {
  if (piece === 0 || piece === '') return;
  const end = op.length - 1,
    last = op[end];
  if (typeof piece === 'string') {
    if (typeof last === 'string') op[end] += piece;
    else if (takes(last)) {
      // Put in before taken out, always: one form for each op.
      if (typeof op[end - 1] === 'string') op[end - 1] += piece;
      else op.splice(end, 0, piece);
    } else op.push(piece);
  } else if (typeof last === 'number' && Math.sign(last) === Math.sign(piece)) op[end] += piece;
  else op.push(piece);
};

/** At one place: `gone` units are taken out, `typed` is put in. */
export function spliceOp(at, gone, typed) {
  const op = [];
  put(op, at);
  put(op, typed);
  put(op, -gone);
  return op;
}

export const isNothing = (op) => op === null || op.every(passes);

export function apply(op, text) {
  let at = 0,
    out = '';
  for (const piece of op) {
    if (typeof piece === 'string') out += piece;
    else {
      if (passes(piece)) out += text.slice(at, at + piece);
      at += Math.abs(piece);
    }
  }
  return out + text.slice(at);
}

/** What undoes an op that was done to `text`. */
export function invert(op, text) {
  const out = [];
  let at = 0;
  for (const piece of op) {
    if (typeof piece === 'string') put(out, -piece.length);
    else if (passes(piece)) {
      put(out, piece);
      at += piece;
    } else {
      put(out, text.slice(at, at - piece));
      at -= piece;
    }
  }
  return out;
}

/** Hands an op out by parts; beyond its end it passes over without end. */
export function reader(op) {
  let at = 0,
    piece = op[0] ?? Infinity;
  return {
    get: () => piece,
    done: () => at >= op.length,
    take(size) {
      const isText = typeof piece === 'string';
      const part = isText ? piece.slice(0, size) : Math.sign(piece) * size;
      const rest = isText ? piece.slice(size) : piece - part;
      piece = rest === '' || rest === 0 ? (op[++at] ?? Infinity) : rest;
      return part;
    },
  };
}
export const sizeOf = (piece) => (typeof piece === 'string' ? piece.length : Math.abs(piece));

/** One op that does what `first` and then `second` do. */
export function compose(first, second) {
  const out = [],
    a = reader(first),
    b = reader(second);
  while (!a.done() || !b.done()) {
    if (takes(a.get())) put(out, a.take(-a.get()));
    else if (typeof b.get() === 'string') put(out, b.take(b.get().length));
    else {
      const size = Math.min(sizeOf(a.get()), sizeOf(b.get()));
      const isTaken = takes(b.get());
      const part = a.take(size);
      b.take(size);
      if (typeof part === 'string') {
        if (!isTaken) put(out, part);
      } else put(out, isTaken ? -size : size);
    }
  }
  return out;
}

/**
 * Two ops of one text: each as it is after the other, so that both ways lead to one text. Where
 * both put something in, `mine` stands first: who types on keeps her letters together.
 */
export function transform(mine, theirs) {
  const outMine = [],
    outTheirs = [],
    a = reader(mine),
    b = reader(theirs);
  while (!a.done() || !b.done()) {
    if (typeof a.get() === 'string') {
      const part = a.take(a.get().length);
      put(outMine, part);
      put(outTheirs, part.length);
    } else if (typeof b.get() === 'string') {
      const part = b.take(b.get().length);
      put(outMine, part.length);
      put(outTheirs, part);
    } else {
      const size = Math.min(sizeOf(a.get()), sizeOf(b.get()));
      const isMine = takes(a.get()),
        isTheirs = takes(b.get());
      a.take(size);
      b.take(size);
      if (isMine && isTheirs) continue;
      if (isMine) put(outMine, -size);
      else if (isTheirs) put(outTheirs, -size);
      else {
        put(outMine, size);
        put(outTheirs, size);
      }
    }
  }
  return [outMine, outTheirs];
}

/** Where a place is after an op. What comes in right there comes behind it. */
export function movePlace(op, place) {
  let at = 0,
    moved = place;
  for (const piece of op) {
    if (at > place || (typeof piece === 'string' && at >= place)) break;
    if (typeof piece === 'string') moved += piece.length;
    else {
      if (piece < 0) moved -= Math.min(-piece, place - at);
      at += Math.abs(piece);
    }
  }
  return moved;
}

// ---- code points

const isLow = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;
const isHigh = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xd800;
/** Whether a place lies within one letter of two units. */
export const isWithin = (text, at) =>
  at > 0 && at < text.length && isLow(text, at) && isHigh(text, at - 1);

export function points(text, from = 0, to = text.length) {
  let count = 0;
  for (let at = from; at < to; at++) if (!isWithin(text, at)) count++;
  return count;
}
export function units(text, from, count) {
  let at = from;
  for (let left = count; left > 0; left--) at += isWithin(text, at + 1) ? 2 : 1;
  return at - from;
}

/** An op of `text` as the node wants it: [{at, delete, insert}], one after the other. */
export function toEdits(op, text) {
  const edits = [];
  let at = 0,
    place = 0,
    open = null;
  for (const piece of op) {
    if (passes(piece)) {
      place += points(text, at, at + piece);
      at += piece;
      open = null;
      continue;
    }
    if (!open) edits.push((open = { at: place, delete: 0, insert: '' }));
    if (typeof piece === 'string') {
      open.insert += piece;
      place += points(piece);
    } else {
      open.delete += points(text, at, at - piece);
      at -= piece;
    }
  }
  return edits;
}

/** The node's changes of `text` as one op. */
export function fromEdits(edits, text) {
  let op = [],
    now = text;
  for (const edit of edits) {
    const at = units(now, 0, edit.at);
    const one = spliceOp(at, units(now, at, edit.delete), edit.insert);
    now = apply(one, now);
    op = compose(op, one);
  }
  return op;
}

/**
 * The beginning of an op, of at most so many places and typed units, and what is left of it: to be
 * done after the first.
 */
export function divide(op, places, typed) {
  const first = [];
  let left = typed,
    open = false,
    used = 0,
    reach = 0; // in the text that `first` makes
  for (let k = 0; k < op.length; k++) {
    const piece = op[k];
    const isChange = !passes(piece);
    if (isChange && !open && used++ === places) return [first, rest(reach, op.slice(k))];
    open = isChange;
    if (typeof piece === 'string' && piece.length > left) {
      const cut = isWithin(piece, left) ? left - 1 : left;
      put(first, piece.slice(0, cut));
      return [first, rest(reach + cut, [piece.slice(cut), ...op.slice(k + 1)])];
    }
    put(first, piece);
    if (typeof piece === 'string') left -= piece.length;
    reach += typeof piece === 'string' ? piece.length : Math.max(0, piece);
  }
  return [first, null];
}
function rest(reach, pieces) {
  const out = [];
  put(out, reach);
  for (const piece of pieces) put(out, piece);
  return out;
}

// ---- differences

/** What one event of a field did: `caret` is where it stands after. */
export function typedOp(before, after, caret) {
  const most = Math.min(before.length, after.length);
  let end = 0;
  const endMost = Math.min(most, after.length - Math.min(caret, after.length));
  while (end < endMost && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  let begin = 0;
  while (begin < most - end && before[begin] === after[begin]) begin++;
  // What stands behind the caret was changed too: a drag, a correction.
  while (end < most - begin && before[before.length - 1 - end] === after[after.length - 1 - end])
    end++;
  const cuts = (at) => isWithin(before, at) || isWithin(after, at);
  while (begin > 0 && cuts(begin)) begin--;
  while (end > 0 && (isWithin(before, before.length - end) || isWithin(after, after.length - end)))
    end--;
  return spliceOp(begin, before.length - begin - end, after.slice(begin, after.length - end));
}
