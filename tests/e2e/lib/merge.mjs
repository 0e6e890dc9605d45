// Operations, the merge and the state of cells in JavaScript, written from docs/records.md alone:
// slow and plain. A cell is a function of the set of its operations.
import { bytes, cat, compare, H, hex, need, Reader, sorted, varint } from './protocol.mjs';

// ---- bodies ----

const KIND_OF = [0, 1, 1, 2, 2, 3, 3];

/** The operations of a body: {cell, number, opcode, dots, left, right, spans, value}. */
export function decodeBody(body, self) {
  const r = new Reader(body);
  need(r.u8() === 1, 'version of the body');
  const references = sorted(r.list(512, () => hex(r.take(32))));
  const used = new Set();
  const operations = [];
  const dot = () => {
    const entry = r.varint(references.length);
    const number = r.varint(2047);
    if (entry > 0) used.add(entry);
    else need(number < operations.length, 'a dot of what comes later');
    return { entry: entry === 0 ? self : references[entry - 1], number, order: entry };
  };
  const dots = (least) => {
    const list = r.list(256, dot, least);
    list.forEach((one, at) => need(at === 0 || list[at - 1].order < one.order ||
      (list[at - 1].order === one.order && list[at - 1].number < one.number), 'dots not sorted'));
    return list;
  };
  const place = () => {
    const tag = r.u8();
    need(tag <= 1, 'place');
    return tag === 0 ? null : { ...dot(), offset: r.varint(0xffffffff) };
  };
  const span = () => {
    const one = { ...dot(), offset: r.varint(0xffffffff), length: r.varint(0xffffffff) };
    need(one.length > 0 && one.offset + one.length <= 0xffffffff, 'span');
    return one;
  };
  let before = null;
  r.list(2048, () => {
    const record = { type: r.varint(65535), record: hex(r.take(16)) };
    const name = JSON.stringify(record);
    need(name !== before, 'two groups of one record');
    before = name;
    r.list(2048, () => {
      const op = { field: r.varint(65535), opcode: r.u8(), dots: [], spans: [], left: null,
        right: null, value: new Uint8Array(0) };
      need(op.opcode < KIND_OF.length, 'opcode');
      if (op.opcode === 0 || op.opcode === 2) op.dots = dots(op.opcode === 2 ? 1 : 0);
      if (op.opcode === 3 || op.opcode === 5) [op.left, op.right] = [place(), place()];
      if (op.opcode === 4 || op.opcode === 6) op.spans = r.list(256, span, 1);
      else op.value = r.string(24576);
      operations.push({ ...record, ...op, kind: KIND_OF[op.opcode], number: operations.length });
    }, 1);
  }, 1);
  r.end();
  need(operations.length <= 2048 && used.size === references.length, 'references');
  return operations;
}

// ---- whose records are whose ----

const ALL = () => true;
const OWNED = new Map([[3, ALL], [5, ALL], [6, ALL], [8, ALL], [9, ALL],
  [10, (field) => field === 4 || field === 5]]);

/** Whether an operation by that person (hex, null: nobody) is merged. */
export function isMerged(circle, { type, record, field }, person) {
  if (!OWNED.get(type)?.(field)) return true;
  if (person === null) return false;
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, type, true);
  if (type === 3) {
    return record === hex(H('record id', circle, number, bytes(person)).subarray(0, 16));
  }
  const head = bytes(record).subarray(0, 6);
  const tag = H('record maker', circle, number, bytes(person), head).subarray(0, 10);
  return record === hex(cat(head, tag));
}

// ---- what all cells have in common ----

const dotName = (dot) => `${dot.entry}:${dot.number}`;
const byStamp = (a, b) => (a.lamport < b.lamport ? -1 : a.lamport > b.lamport ? 1
  : a.entry < b.entry ? -1 : a.entry > b.entry ? 1 : a.number - b.number);
const byPlace = (a, b) => (a.entry < b.entry ? -1 : a.entry > b.entry ? 1
  : a.number - b.number || (a.offset ?? 0) - (b.offset ?? 0));
const list = (items, encode) => cat(varint(items.length), ...items.map(encode));

function weight(op) {
  const places = (op.left ? 1 : 0) + (op.right ? 1 : 0);
  return 32 + 32 * (op.dots.length + op.spans.length + places) + op.value.length;
}

/** The table of entries that are named, with the lamport numbers of those that are kept. */
function table(named, kept) {
  const lamports = new Map(kept.map((op) => [op.entry, op.lamport]));
  const ids = [...new Set([...named, ...lamports.keys()])].sort();
  return {
    bytes: list(ids, (id) => cat(bytes(id),
      lamports.has(id) ? cat([1], varint(lamports.get(id))) : [0])),
    index: (entry) => varint(ids.indexOf(entry)),
    rank: (entry) => ids.indexOf(entry),
  };
}

// ---- registers and sets ----

function living(kind, ops) {
  const retired = new Map();
  for (const op of ops) for (const dot of op.dots) retired.set(dotName(dot), dot);
  const values = ops.filter((op) => op.opcode <= 1 && !retired.has(dotName(op)));
  values.sort((a, b) => (kind === 1 ? compare(a.value, b.value) : 0) || byStamp(b, a));
  const dots = [...retired.values()].sort(byPlace);
  const t = table(dots.map((dot) => dot.entry), values);
  return cat(t.bytes,
    list(dots, (dot) => cat(t.index(dot.entry), varint(dot.number))),
    list(values, (op) => cat(t.index(op.entry), varint(op.number), varint(op.value.length),
      op.value)));
}

// ---- texts and lists: Fugue ----

const unitName = (unit) => `${dotName(unit)}:${unit.offset}`;

function plant(kind, inserts) {
  const units = new Map(); // name: {op, offset, parent: unit or null, side}
  const inRightSubtree = (b, a) => {
    for (let at = b; at; at = at.parent) {
      if (at.parent === a) return at.side === 1;
    }
    return false;
  };
  let waiting = inserts;
  for (let before = -1; before !== waiting.length;) {
    before = waiting.length;
    waiting = waiting.filter((op) => {
      const left = op.left && units.get(unitName(op.left));
      const right = op.right && units.get(unitName(op.right));
      if ((op.left && !left) || (op.right && !right)) return true;
      const pieces = kind === 2
        ? [...Buffer.from(op.value).toString('utf8')].map((c) => Buffer.from(c, 'utf8'))
        : [op.value];
      const under = right && (!left || inRightSubtree(right, left));
      let parent = under ? right : left;
      pieces.forEach((piece, offset) => {
        const unit = { op, offset, piece, parent, side: offset === 0 && under ? 0 : 1 };
        units.set(unitName({ ...op, offset }), unit);
        parent = unit;
      });
      return false;
    });
  }
  return { units, waiting };
}

function walk(units) {
  const children = new Map();
  for (const unit of units.values()) {
    const sides = children.get(unit.parent) ?? [[], []];
    sides[unit.side].push(unit);
    children.set(unit.parent, sides);
  }
  const out = [];
  const visit = (unit) => {
    const sides = (children.get(unit) ?? [[], []]).map((side) =>
      side.sort((a, b) => byStamp(a.op, b.op)));
    sides[0].forEach(visit);
    if (unit) out.push(unit);
    sides[1].forEach(visit);
  };
  visit(null);
  return out;
}

function sequence(kind, ops) {
  const { units, waiting } = plant(kind, ops.filter((op) => op.opcode === 3 || op.opcode === 5));
  const order = walk(units);
  const planted = [...new Set(order.map((unit) => unit.op))].sort(byPlace);
  const deleted = new Set();
  const aside = new Map();
  for (const op of ops) {
    for (const span of op.spans) {
      for (let offset = span.offset; offset < span.offset + span.length; offset++) {
        const unit = { entry: span.entry, number: span.number, offset };
        if (units.has(unitName(unit))) deleted.add(units.get(unitName(unit)));
        else aside.set(unitName(unit), unit);
      }
    }
  }
  const spans = [];
  for (const unit of [...aside.values()].sort(byPlace)) {
    const last = spans.at(-1);
    if (last && dotName(last) === dotName(unit) && last.offset + last.length === unit.offset) {
      last.length++;
    } else {
      spans.push({ ...unit, length: 1 });
    }
  }
  const runs = [];
  for (const unit of order) {
    const last = runs.at(-1);
    const gone = deleted.has(unit);
    if (last && last.op === unit.op && last.gone === gone) last.units.push(unit);
    else runs.push({ op: unit.op, gone, units: [unit] });
  }
  waiting.sort(byPlace);
  const named = [...spans, ...waiting.flatMap((op) => [op.left, op.right]).filter(Boolean)];
  const t = table(named.map((one) => one.entry), [...planted, ...waiting]);
  const first = (op) => units.get(unitName({ ...op, offset: 0 }));
  const place = (at) => (at ? cat([1], t.index(at.entry), varint(at.number), varint(at.offset))
    : [0]);
  let before = 0;
  return cat(t.bytes,
    list(planted, (op) => {
      const { parent, side } = first(op);
      const rank = t.rank(op.entry);
      const head = cat(varint(rank - before), varint(op.number));
      before = rank;
      return parent === null ? cat(head, [0]) : cat(head,
        varint(planted.indexOf(parent.op) + 1), varint(parent.offset * 2 + side));
    }),
    list(runs, (run) => {
      const index = varint(planted.indexOf(run.op));
      if (run.gone) return cat(index, varint(run.units.length * 2 + 1));
      const content = cat(...run.units.map((unit) => unit.piece));
      return cat(index, varint(content.length * 2), content);
    }),
    list(spans, (span) => cat(t.index(span.entry), varint(span.number), varint(span.offset),
      varint(span.length))),
    list(waiting, (op) => cat(t.index(op.entry), varint(op.number), place(op.left),
      place(op.right), varint(op.value.length), op.value)));
}

// ---- all cells ----

/** entries: [{id, lamport, operations}] that count. Cells in their order, with their state. */
export function merge(entries) {
  const cells = new Map();
  for (const { id, lamport, operations } of entries) {
    for (const op of operations) {
      const { type, record, field, kind } = op;
      const name = JSON.stringify([type, record, field, kind]);
      if (!cells.has(name)) cells.set(name, { type, record, field, kind, ops: [] });
      cells.get(name).ops.push({ ...op, entry: id, lamport });
    }
  }
  const order = (a, b) => a.type - b.type ||
    (a.record < b.record ? -1 : a.record > b.record ? 1 : 0) || a.field - b.field ||
    a.kind - b.kind;
  return [...cells.values()].sort(order).map(({ ops, ...cell }) => {
    const sum = ops.reduce((total, op) => total + weight(op), 0);
    const rest = sum > 8388608 ? [] : cell.kind <= 1 ? living(cell.kind, ops)
      : sequence(cell.kind, ops);
    return { ...cell, state: cat(varint(sum), rest) };
  });
}

export const dumpCell = (cell) => cat(varint(cell.type), bytes(cell.record), varint(cell.field),
  [cell.kind], varint(cell.state.length), cell.state);
