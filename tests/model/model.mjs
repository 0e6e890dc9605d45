#!/usr/bin/env node
// Executable model of the membership rules R0 to R11 (docs/membership.md): small, slow, written
// from the text of the rules alone, to hold implementations against. It keeps no state between
// questions but remembered answers; every function below is one sentence of the rules.
//
//   node model.mjs FILE     prints the state of the history in FILE as one line of JSON
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const sorted = (names) => [...names].sort(byBytes);
const personOf = (device) => device.split('.')[0];
const remember = (f) => {
  const known = new Map();
  return (x) => {
    if (!known.has(x)) known.set(x, f(x));
    return known.get(x);
  };
};

const KINDS = [
  'found',
  'add',
  'remove',
  'demote',
  'promote',
  'endorse',
  'vouch',
  'vote',
  'leave',
  'stepdown',
  'add-device',
  'remove-device',
  'restore',
  'epoch',
  'seal',
];

// ---- the history: what is in it, and pasts ----

function readHistory(json) {
  const all = (json.ops ?? []).map((o) => ({
    id: o.id,
    kind: o.kind,
    by: o.by,
    target: o.target ?? null,
    links: [...new Set(o.links ?? [])],
    keys: [...new Set(o.keys ?? [])],
    cites: o.cites ?? [],
  }));
  const content = (json.content ?? []).map((c) => ({ id: c.id, by: c.by, links: c.links ?? [] }));
  const ids = [...all, ...content].map((x) => x.id);
  if (new Set(ids).size !== ids.length) throw new Error('an id occurs twice');
  for (const o of all) if (!KINDS.includes(o.kind)) throw new Error(`unknown kind ${o.kind}`);
  const roots = all.filter((o) => o.kind === 'found' && o.links.length === 0);
  if (roots.length !== 1) throw new Error('not exactly one found without links');
  // An op one of whose links, transitively, is missing is not in the history.
  const ops = new Map();
  for (let moved = true; moved;) {
    moved = false;
    for (const o of all) {
      if (ops.has(o.id) || !o.links.every((l) => ops.has(l))) continue;
      ops.set(o.id, o);
      o.lamport = 1 + Math.max(0, ...o.links.map((l) => ops.get(l).lamport));
      o.past = new Set(o.links.flatMap((l) => [l, ...ops.get(l).past]));
      moved = true;
    }
  }
  return { ops, content };
}

export function evaluate(json) {
  const { ops, content } = readHistory(json);
  const op = (id) => ops.get(id);
  const author = (id) => personOf(op(id).by);

  // ---- State(S), S a closed set of ids; remembered by its content ----

  const states = new Map();
  function state(set) {
    const name = [...set].sort().join('\n');
    if (!states.has(name)) states.set(name, makeState(set));
    return states.get(name);
  }
  const before = remember((id) => state(op(id).past));
  const authorised = remember((id) => isAuthorised(op(id), before(id)));
  const knows = (id, end) => op(id).past.has(end) && before(id).ends.has(end);

  // Does this authorised entry enrol that key?
  function enrols(id, key) {
    const o = op(id);
    if (o.kind === 'found') return key === o.by || (o.target !== null && key === `${o.target}.1`);
    return ['add', 'add-device', 'restore'].includes(o.kind) && o.keys.includes(key);
  }
  const enrolledIn = (set, key) => [...set].some((id) => authorised(id) && enrols(id, key));

  // Is it an add (or the found) of that person?
  const isAddOf = (id, person) =>
    (op(id).kind === 'add' && op(id).target === person) ||
    (op(id).kind === 'found' && (author(id) === person || op(id).target === person));

  // R8: a vote whose past with itself holds more than half of the electorate for its candidate.
  const wins = remember((id) => {
    const s = before(id);
    const spent = (v) => [...s.living].some((g) => isAnyRoleGrant(g) && op(g).past.has(v));
    const voters = new Set([author(id)]);
    for (const v of s.living) {
      if (
        op(v).kind === 'vote' &&
        op(v).target === op(id).target &&
        !spent(v) &&
        s.electorate.has(author(v))
      )
        voters.add(author(v));
    }
    return voters.size * 2 > s.electorate.size;
  });
  function isAnyRoleGrant(id) {
    const { kind } = op(id);
    return kind === 'found' || kind === 'promote' || (kind === 'vote' && wins(id));
  }
  const isRoleGrantOf = (id, person) =>
    isAnyRoleGrant(id) && (op(id).kind === 'found' ? author(id) : op(id).target) === person;

  // What ends a membership, a role, a device; whether it is in effect is asked elsewhere.
  const endsMembership = (id, person) =>
    (op(id).kind === 'remove' && op(id).target === person) ||
    (op(id).kind === 'leave' && author(id) === person);
  const endsRole = (id, person) =>
    (op(id).kind === 'demote' && op(id).target === person) ||
    (op(id).kind === 'stepdown' && author(id) === person);
  const endsDevice = (id, device) => op(id).kind === 'remove-device' && op(id).keys[0] === device;

  // The grants in force in a state.
  const knowsAll = (s, grant, isEnd) => [...s.ends].every((e) => !isEnd(e) || knows(grant, e));
  const membershipGrants = (s, person) =>
    [...s.living].filter(
      (g) => isAddOf(g, person) && knowsAll(s, g, (e) => endsMembership(e, person)),
    );
  const roleGrants = (s, person) =>
    [...s.living].filter(
      (g) =>
        isRoleGrantOf(g, person) &&
        knowsAll(s, g, (e) => endsMembership(e, person) || endsRole(e, person)),
    );
  const deviceGrants = (s, device) =>
    [...s.living].filter(
      (g) =>
        enrols(g, device) &&
        knowsAll(s, g, (e) => endsMembership(e, personOf(device)) || endsDevice(e, device)),
    );

  // R0: the sorts of grants an authorised entry rests on, each with those in force in its past.
  const restsOn = remember((id) => {
    const o = op(id);
    const s = before(id);
    if (o.kind === 'found') return [];
    const sorts = [membershipGrants(s, author(id)), deviceGrants(s, o.by)];
    if (['add', 'remove', 'demote', 'promote', 'stepdown', 'restore'].includes(o.kind)) {
      sorts.push(roleGrants(s, author(id)));
    }
    if (o.kind === 'promote' || (o.kind === 'vote' && wins(id))) {
      sorts.push(membershipGrants(s, o.target));
    }
    return sorts;
  });
  const restsOnAtLast = remember(
    (id) =>
      new Set(
        restsOn(id)
          .flat()
          .flatMap((g) => [g, ...restsOnAtLast(g)]),
      ),
  );

  // R4: what a set of pairs voids, among authorised entries.
  function voidBy(pairs, among) {
    const gone = new Set();
    for (const { p, e } of pairs) {
      const x = op(p).target;
      for (const y of among) {
        if (author(y) !== x || y === p || y === e) continue;
        if (op(p).past.has(y) || op(e).past.has(y) || knows(y, p)) continue;
        if (['leave', 'stepdown', 'remove-device'].includes(op(y).kind)) continue;
        gone.add(y);
      }
    }
    for (let size = -1; gone.size > 0 && size !== gone.size;) {
      size = gone.size;
      for (const y of among) {
        if (restsOn(y).some((grants) => grants.every((g) => gone.has(g)))) gone.add(y);
      }
    }
    return gone;
  }

  // R5: which pairs apply.
  function decide(pairs, among) {
    let undecided = [...pairs];
    const inPairs = [];
    const hit = ({ p, e }, gone) => gone.has(p) || gone.has(e);
    while (undecided.length > 0) {
      const count = undecided.length;
      const goneByIn = voidBy(inPairs, among);
      undecided = undecided.filter((u) => !hit(u, goneByIn));
      const goneByAll = voidBy([...inPairs, ...undecided], among);
      inPairs.push(...undecided.filter((u) => !hit(u, goneByAll)));
      undecided = undecided.filter((u) => hit(u, goneByAll));
      if (undecided.length < count || undecided.length === 0) continue;
      const edges = new Map(
        undecided.map((u) => {
          const gone = voidBy([u], among);
          return [
            u,
            undecided.filter((v) =>
              [v.p, v.e, ...restsOnAtLast(v.p), ...restsOnAtLast(v.e)].some((y) => gone.has(y)),
            ),
          ];
        }),
      );
      const reached = new Map(
        undecided.map((u) => {
          const seen = new Set();
          const walk = (w) =>
            edges.get(w).forEach((v) => {
              if (!seen.has(v)) {
                seen.add(v);
                walk(v);
              }
            });
          walk(u);
          return [u, seen];
        }),
      );
      const first = undecided.filter((v) =>
        undecided.every((u) => !reached.get(u).has(v) || reached.get(v).has(u)),
      );
      inPairs.push(...first);
      undecided = undecided.filter((u) => !first.includes(u));
    }
    return inPairs;
  }

  function makeState(set) {
    const s = { set };
    const valid = [...set].filter(authorised);
    const pairs = valid
      .filter((e) => op(e).kind === 'endorse')
      .map((e) => ({ p: op(e).target, e }));
    s.pairs = decide(pairs, valid);
    s.void = voidBy(s.pairs, valid);
    s.living = new Set(valid.filter((id) => !s.void.has(id)));

    // R2, R3: the ends in effect.
    const concurrent = (a, b) => a !== b && !op(a).past.has(b) && !op(b).past.has(a);
    const effective = (id) => {
      const { kind, target } = op(id);
      if (['leave', 'stepdown', 'remove-device'].includes(kind)) return true;
      if (kind !== 'remove' || before(id).facilitators.has(target)) return false;
      return ![...s.living].some((g) => isRoleGrantOf(g, target) && concurrent(g, id));
    };
    s.ends = new Set([...[...s.living].filter(effective), ...s.pairs.map(({ p }) => p)]);

    // R6: persons, facilitators, devices.
    const names = new Set();
    const keys = new Set();
    for (const id of s.living) {
      const o = op(id);
      if (o.kind === 'add' || o.kind === 'found') if (o.target !== null) names.add(o.target);
      if (o.kind === 'found') {
        names.add(author(id));
        keys.add(o.by);
      }
      if (o.kind === 'found' && o.target !== null) keys.add(`${o.target}.1`);
      if (['add', 'add-device', 'restore'].includes(o.kind)) o.keys.forEach((k) => keys.add(k));
    }
    s.persons = new Set([...names].filter((n) => membershipGrants(s, n).length > 0));
    s.facilitators = new Set([...s.persons].filter((n) => roleGrants(s, n).length > 0));
    s.devices = new Set(
      [...keys].filter((k) => s.persons.has(personOf(k)) && deviceGrants(s, k).length > 0),
    );
    s.devicesOf = (n) => [...s.devices].filter((d) => personOf(d) === n);

    // R1: confirmation, the least fixpoint. A vouch does not rest on the candidate's membership, so
    // somebody whose every add is void can still be confirmed.
    s.confirmed = new Set();
    const candidates = new Set(
      [...s.living]
        .filter((id) => ['add', 'vouch'].includes(op(id).kind))
        .map((id) => op(id).target),
    );
    for (const id of s.living) {
      if (op(id).kind !== 'found') continue;
      s.confirmed.add(author(id));
      if (op(id).target !== null) s.confirmed.add(op(id).target);
    }
    for (let size = -1; size !== s.confirmed.size;) {
      size = s.confirmed.size;
      for (const n of candidates) {
        const supporters = new Set(
          [...s.living]
            .filter((id) => ['add', 'vouch'].includes(op(id).kind) && op(id).target === n)
            .map(author)
            .filter((a) => s.confirmed.has(a)),
        );
        if (supporters.size >= 2) s.confirmed.add(n);
      }
    }

    // R8: who votes while there is no facilitator.
    const withDevice = [...s.persons].filter((n) => s.devicesOf(n).length > 0);
    const confirmedOnes = withDevice.filter((n) => s.confirmed.has(n));
    s.electorate = new Set(confirmedOnes.length > 0 ? confirmedOnes : withDevice);
    return s;
  }

  // ---- R0: the table of kinds ----

  function isAuthorised(o, s) {
    const me = personOf(o.by);
    const x = o.target;
    const f = s.facilitators;
    const onlyFacilitator = (n) => f.size === 1 && f.has(n);
    const wasNamed = (n) => [...s.living].some((g) => isAddOf(g, n));
    if (o.kind === 'found') return o.links.length === 0 && o.by === `${me}.1` && x !== me;
    if (!s.persons.has(me) || !s.devices.has(o.by)) return false;
    const enrolled = (k) => enrolledIn(o.past, k);
    switch (o.kind) {
      case 'add': {
        if (!f.has(me) || x === null || s.persons.has(x) || o.keys.length === 0) return false;
        if (
          [...o.past].some(
            (g) => authorised(g) && op(g).kind === 'found' && op(g).target === null,
          )
        )
          return false;
        const ever = [...o.past].some((g) => authorised(g) && isAddOf(g, x));
        if (!ever) return o.keys.length === 1 && o.keys[0] === `${x}.1`;
        return o.keys.every((k) => personOf(k) === x && enrolled(k));
      }
      case 'remove':
      case 'demote':
        return f.has(me) && x !== null && x !== me && wasNamed(x);
      case 'promote':
        return f.has(me) && s.persons.has(x) && !f.has(x);
      case 'endorse': {
        if (x === null || !o.past.has(x) || !authorised(x)) return false;
        if (!['remove', 'demote'].includes(op(x).kind)) return false;
        const [p, t] = [author(x), op(x).target];
        return (
          me !== p && me !== t && s.confirmed.has(me) && s.confirmed.has(p) && !onlyFacilitator(t)
        );
      }
      case 'vouch':
        return s.confirmed.has(me) && s.persons.has(x) && x !== me;
      case 'vote':
        return f.size === 0 && s.electorate.has(me) && s.persons.has(x);
      case 'leave':
      case 'epoch':
        return true;
      case 'stepdown':
        return f.has(me) && f.size >= 2;
      case 'add-device':
        return o.keys.length === 1 && personOf(o.keys[0]) === me && !s.devices.has(o.keys[0]);
      case 'remove-device':
        return (
          o.keys.length === 1 &&
          personOf(o.keys[0]) === me &&
          s.devices.has(o.keys[0]) &&
          s.devicesOf(me).length >= 2
        );
      case 'restore':
        return (
          f.has(me) &&
          s.persons.has(x) &&
          s.devicesOf(x).length === 0 &&
          o.keys.length === 1 &&
          personOf(o.keys[0]) === x &&
          enrolled(o.keys[0])
        );
      case 'seal':
        return (
          x !== null &&
          o.past.has(x) &&
          op(x).kind === 'epoch' &&
          authorised(x) &&
          o.keys.every((k) => mayGetSeal(k, op(x), o))
        );
      default:
        return false;
    }
  }

  // R11: never to somebody who comes back, nor to a device that was put out.
  function mayGetSeal(d, epoch, seal) {
    const s = state(epoch.past);
    if (s.devices.has(d)) return true;
    if (enrolledIn(epoch.past, d) || !enrolledIn(seal.past, d)) return false;
    return ![...s.ends].some(
      (e) => endsMembership(e, personOf(d)) || endsRole(e, personOf(d)) || endsDevice(e, d),
    );
  }

  // ---- R11: the epoch a device writes under ----

  for (const id of ops.keys()) authorised(id); // parents first, so that no question goes deep
  const whole = state(new Set(ops.keys()));
  const sealsOf = (epoch, set) =>
    [...set].filter((id) => op(id).kind === 'seal' && op(id).target === epoch && authorised(id));
  function couldOpen(d, epoch, set) {
    if (op(epoch).by === d || op(epoch).keys.includes(d)) return true;
    return sealsOf(epoch, set).some(
      (z) => op(z).keys.includes(d) && couldOpen(op(z).by, epoch, op(z).past),
    );
  }
  function writeEpoch(d) {
    const good = [...ops.keys()].filter((id) => {
      if (op(id).kind !== 'epoch' || !authorised(id) || !whole.devices.has(op(id).by))
        return false;
      const holders = new Set([
        op(id).by,
        ...op(id).keys,
        ...sealsOf(id, whole.set).flatMap((z) => op(z).keys),
      ]);
      if (sorted(holders).join('\n') !== sorted(whole.devices).join('\n')) return false;
      return (
        [...whole.ends].every((e) => knows(id, e)) &&
        whole.pairs.every(({ p, e }) => op(id).past.has(p) && op(id).past.has(e)) &&
        couldOpen(d, id, whole.set)
      );
    });
    good.sort((a, b) => op(b).lamport - op(a).lamport || byBytes(b, a));
    return good[0] ?? null;
  }

  // ---- R10: content ----

  function counting() {
    const byId = new Map(content.map((c) => [c.id, c]));
    const isPersonNow = (device) =>
      enrolledIn(whole.set, device) && whole.persons.has(personOf(device));
    const sources = content.filter((c) => isPersonNow(c.by)).map((c) => c.id);
    const removed = (n) =>
      [...whole.ends].some((e) => op(e).kind === 'remove' && op(e).target === n);
    for (const id of ops.keys()) {
      if (!authorised(id)) continue;
      const peaceful = op(id).kind === 'leave' && whole.ends.has(id) && !removed(author(id));
      if (whole.persons.has(author(id)) || peaceful) sources.push(...op(id).cites);
    }
    const counts = new Set();
    const reach = (id) => {
      if (!byId.has(id) || counts.has(id)) return;
      counts.add(id);
      byId.get(id).links.forEach(reach);
    };
    sources.forEach(reach);
    return counts;
  }

  const list = (names) =>
    `[${sorted(names)
      .map((n) => JSON.stringify(n))
      .join(',')}]`;
  const object = (names, value) =>
    `{${sorted(names)
      .map((n) => `${JSON.stringify(n)}:${value(n)}`)
      .join(',')}}`;
  const role = (n) => (whole.facilitators.has(n) ? '"facilitator"' : '"member"');
  const ids = [...ops.keys()];
  return (
    '{' +
    [
      `"confirmed":${list(whole.confirmed)}`,
      `"content":${list(counting())}`,
      `"devices":${object(whole.persons, (n) => list(whole.devicesOf(n)))}`,
      `"ends":${list(whole.ends)}`,
      `"persons":${object(whole.persons, role)}`,
      `"unauthorised":${list(ids.filter((id) => !authorised(id)))}`,
      `"void":${list(whole.void)}`,
      `"write_epoch":${object(whole.devices, (d) => JSON.stringify(writeEpoch(d)))}`,
    ].join(',') +
    '}'
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(evaluate(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
  } catch (error) {
    console.error(`model: ${error.message}`);
    process.exit(1);
  }
}
