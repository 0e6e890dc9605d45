// What is done to texts that several people write at once (src/web/core/text-ops.js and
// text-merge.js), with random texts and ops: letters of one and of two units, digits, signs, lines.
//   node tests/e2e/page/page-text.mjs [SEED]
import assert from 'node:assert/strict';
import { random, finish, test } from '../lib/report.mjs';

const folder = new URL('../../../src/web/core/', import.meta.url);
const ops = await import(new URL('text-ops.js', folder));
const { difference, merge } = await import(new URL('text-merge.js', folder));
const { apply, compose, divide, fromEdits, invert, isWithin, movePlace } = ops;
const { spliceOp, toEdits, transform, typedOp } = ops;

const seed = Number(process.argv[2] ?? 1);
const ROUNDS = 20000;
const LETTERS = ['a', 'b', 'é', '\u{1F600}', '\n', '1', '-2', ' '];

function world(at) {
  const next = random(seed * ROUNDS + at);
  const below = (count) => Math.floor(next() * count);
  const text = (most) =>
    Array.from({ length: below(most) }, () => LETTERS[below(LETTERS.length)]).join('');
  const place = (of) => {
    let at = below(of.length + 1);
    while (isWithin(of, at)) at--;
    return at;
  };
  const op = (of) => {
    let all = [], now = of;
    for (let count = below(4); count >= 0; count--) {
      const [from, to] = [place(now), place(now)].sort((a, b) => a - b);
      const one = spliceOp(from, below(2) ? to - from : 0, below(3) ? text(5) : '');
      all = compose(all, one);
      now = apply(one, now);
    }
    return [all, now];
  };
  return { below, text, place, op };
}
async function rounds(what, body) {
  await test(what, () => {
    for (let at = 0; at < ROUNDS; at++) {
      try {
        body(world(at));
      } catch (error) {
        throw new Error(`seed ${seed}, round ${at}: ${error.message}`);
      }
    }
  });
}

await rounds('ops one after the other are one op; undone, the text is as before', (w) => {
  const text = w.text(14), [op, after] = w.op(text);
  assert.equal(apply(op, text), after);
  assert.equal(apply(invert(op, text), after), text);
});

await rounds('two people at once: both ways lead to one text, with all that either typed', (w) => {
  const text = w.text(14);
  const [mine, here] = w.op(text), [theirs, there] = w.op(text);
  const [mineThen, theirsThen] = transform(mine, theirs);
  const both = apply(theirsThen, here);
  assert.equal(both, apply(mineThen, there));
  assert.ok(both.isWellFormed());
  const typed = (op) => op.filter((one) => typeof one === 'string').join('').length;
  const gone = (op) => op.filter((one) => one < 0 && typeof one === 'number')
    .reduce((sum, one) => sum - one, 0);
  assert.ok(both.length >= text.length + typed(mine) + typed(theirs) - gone(mine) - gone(theirs));
});

await rounds('edits for the node count code points, and come back as they went', (w) => {
  const text = w.text(14), [op, after] = w.op(text);
  const edits = toEdits(op, text), letters = Array.from(text);
  for (const { at, delete: gone, insert } of edits) letters.splice(at, gone, ...insert);
  assert.equal(letters.join(''), after);
  assert.equal(apply(fromEdits(edits, text), text), after);
});

await rounds('an op in portions is the same op, and no letter is cut', (w) => {
  const text = w.text(14), [op, after] = w.op(text);
  const [first, rest] = divide(op, 1 + w.below(3), 2 + w.below(3));
  const half = apply(first, text);
  assert.ok(half.isWellFormed());
  assert.equal(rest ? apply(rest, half) : half, after);
});

await rounds('what an event of the field did, wherever the caret is', (w) => {
  const text = w.text(14), [, after] = w.op(text);
  const op = typedOp(text, after, w.below(after.length + 1));
  assert.equal(apply(op, text), after);
  for (const one of op) assert.ok(typeof one === 'number' || one.isWellFormed());
});

await rounds('a caret stays before what comes in where it stands, and within the text', (w) => {
  const text = w.text(14), [op, after] = w.op(text), at = w.place(text);
  const moved = movePlace(op, at);
  assert.ok(moved >= 0 && moved <= after.length && !isWithin(after, moved));
  assert.equal(movePlace(spliceOp(at, 0, 'x'), at), at);
});

await rounds('a difference makes the one text of the other', (w) => {
  const text = w.text(30), other = w.below(2) ? w.text(30) : w.op(text)[1];
  assert.equal(apply(difference(text, other), text), other);
});

await rounds('merging: what one alone did stays, what both have is there once', (w) => {
  const old = w.text(14), [, mine] = w.op(old), [, theirs] = w.op(old);
  assert.equal(merge(old, mine, old), mine);
  assert.equal(merge(old, old, theirs), theirs);
  assert.equal(merge(old, mine, mine), mine);
  assert.ok(merge(old, mine, theirs).isWellFormed());
});

await test('long texts: a difference in under two seconds, also where all is busy', () => {
  const line = (at) => `Ligne ${at} : on se revoit jeudi, chez Inès.\n`;
  const text = Array.from({ length: 12000 }, (_, at) => line(at)).join('');
  const other = Array.from({ length: 12000 }, (_, at) => line(at % 7 === 0 ? at * 3 : at)).join('');
  const begin = performance.now();
  assert.equal(apply(difference(text, other), text), other);
  const milliseconds = performance.now() - begin;
  assert.ok(milliseconds < 2000, `${milliseconds} ms`);
});
finish();
