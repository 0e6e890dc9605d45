#!/usr/bin/env node
// Random histories for comparing implementations of the membership rules: partitions that meet
// again, and hostile operations on purpose. The generator only guesses the state (it applies what
// it made in order, without voiding), which is enough to keep most operations authorised.
//
//   node generate.mjs SEED OPS      prints one history as JSON
import { pathToFileURL } from 'node:url';

export function randomSource(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return {
    next,
    below,
    chance: (p) => next() < p,
    pick: (list) => list[below(list.length)],
    shuffle: (list) => {
      const out = [...list];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
    weighted: (weights) => {
      const entries = Object.entries(weights);
      let at = next() * entries.reduce((sum, [, w]) => sum + w, 0);
      for (const [name, w] of entries) if ((at -= w) < 0) return name;
      return entries[0][0];
    },
  };
}

const PEOPLE = ['a', 'b', 'c', 'd', 'Z', 'é', 'ab', 'a-', 'zoé', 'q'];
const THEMES = {
  all: {
    add: 6,
    remove: 4,
    demote: 4,
    promote: 5,
    endorse: 8,
    vouch: 6,
    vote: 3,
    leave: 1,
    stepdown: 2,
    'add-device': 3,
    'remove-device': 2,
    restore: 2,
    epoch: 4,
    seal: 4,
  },
  conflict: {
    add: 4,
    remove: 7,
    demote: 5,
    promote: 6,
    endorse: 18,
    vouch: 8,
    leave: 1,
    stepdown: 1,
    epoch: 1,
  },
  headless: {
    add: 4,
    promote: 3,
    demote: 2,
    endorse: 3,
    vouch: 6,
    vote: 14,
    leave: 4,
    stepdown: 5,
    remove: 2,
  },
  devices: {
    add: 4,
    remove: 3,
    vouch: 3,
    endorse: 4,
    promote: 2,
    leave: 1,
    'add-device': 10,
    'remove-device': 9,
    restore: 6,
    epoch: 3,
    seal: 2,
  },
  epochs: {
    add: 4,
    remove: 3,
    endorse: 3,
    vouch: 3,
    promote: 2,
    leave: 1,
    'add-device': 3,
    'remove-device': 2,
    stepdown: 1,
    epoch: 9,
    seal: 14,
  },
};

const GROWTH = { add: 20, vouch: 15, leave: 0, remove: 1, 'remove-device': 1 };

// The state that the operations would give if they had come one after the other.
function guess(ops) {
  const g = {
    facilitators: new Set(),
    devices: new Map(),
    named: new Set(),
    enrolled: new Set(),
    confirmed: new Set(),
    supporters: new Map(),
  };
  const personOf = (d) => d.split('.')[0];
  const enrol = (k) => {
    g.enrolled.add(k);
    g.devices.get(personOf(k))?.add(k);
  };
  const support = (by, x) => {
    if (!g.supporters.has(x)) g.supporters.set(x, new Set());
    g.supporters.get(x).add(by);
    if (g.supporters.get(x).size > 1) g.confirmed.add(x);
  };
  const drop = (x) => {
    g.devices.delete(x);
    g.facilitators.delete(x);
  };
  for (const o of ops) {
    const me = personOf(o.by);
    const is = g.devices.get(me)?.has(o.by);
    if (o.kind === 'found') {
      for (const x of [me, o.target]) {
        if (x === null) continue;
        g.devices.set(x, new Set());
        g.named.add(x);
        g.confirmed.add(x);
        enrol(`${x}.1`);
      }
      g.facilitators.add(me);
    } else if (is && o.kind === 'add' && !g.devices.has(o.target)) {
      g.devices.set(o.target, new Set());
      g.named.add(o.target);
      o.keys.forEach(enrol);
      support(me, o.target);
    } else if (is && o.kind === 'vouch') support(me, o.target);
    else if (is && o.kind === 'remove' && !g.facilitators.has(o.target)) drop(o.target);
    else if (is && o.kind === 'endorse') {
      const p = ops.find((q) => q.id === o.target);
      if (p?.kind === 'remove') drop(p.target);
      if (p?.kind === 'demote') g.facilitators.delete(p.target);
    } else if (is && o.kind === 'promote' && g.devices.has(o.target))
      g.facilitators.add(o.target);
    else if (is && o.kind === 'vote' && o.sure) g.facilitators.add(o.target);
    else if (is && o.kind === 'leave') drop(me);
    else if (is && o.kind === 'stepdown') g.facilitators.delete(me);
    else if (is && o.kind === 'add-device') enrol(o.keys[0]);
    else if (is && o.kind === 'remove-device')
      g.devices.get(personOf(o.keys[0]))?.delete(o.keys[0]);
    else if (is && o.kind === 'restore') enrol(o.keys[0]);
  }
  return g;
}

export function generate(seed, size) {
  const r = randomSource(Math.imul(seed, 0x9e3779b1) + size);
  const people = PEOPLE.slice(
    0,
    3 + r.below(Math.min(PEOPLE.length - 2, 2 + Math.floor(size / 6))),
  );
  const weights =
    THEMES[r.pick(['all', 'all', 'conflict', 'conflict', 'headless', 'devices', 'epochs'])];
  const hostility = r.pick([0, 0.05, 0.15, 0.4]);
  const ops = [];
  const content = [];
  const pasts = new Map();
  const found = {
    id: `f${r.below(100)}`,
    kind: 'found',
    by: `${people[0]}.1`,
    target: r.chance(0.04) ? null : people[1],
    links: [],
    keys: [],
    cites: [],
  };
  ops.push(found);
  pasts.set(found.id, new Set());
  const places = Array.from({ length: 1 + r.below(4) }, () => new Set([found.id]));
  const personOf = (d) => d.split('.')[0];
  const devicesOf = (x) => [1, 2, 3, 4].map((n) => `${x}.${n}`);
  const heads = (set) => [...set].filter((x) => ![...set].some((y) => pasts.get(y).has(x)));
  const closure = (ids) => new Set(ids.flatMap((x) => [x, ...pasts.get(x)]));

  // What the author says is her past: mostly what her place has; a hostile one picks.
  function viewFor(place, by) {
    if (!r.chance(hostility)) return new Set(place);
    if (r.chance(0.5)) {
      // leaves out what is against her, and all after it
      const against = ops.filter(
        (o) => o.target === personOf(by) && ['remove', 'demote'].includes(o.kind),
      );
      return new Set(
        [...place].filter((x) => !against.some((o) => o.id === x || pasts.get(x).has(o.id))),
      );
    }
    return closure(r.shuffle([...place]).slice(0, 1 + r.below(2)));
  }

  const FACILITATORS = ['add', 'remove', 'demote', 'promote', 'stepdown', 'restore'];
  function mayDo(kind, x, g) {
    if (FACILITATORS.includes(kind)) return g.facilitators.has(x);
    if (kind === 'leave') return g.facilitators.has(x) || r.chance(0.5);
    return g.confirmed.has(x) || !['vouch', 'endorse', 'vote'].includes(kind);
  }
  function sensible(kind, g, place) {
    if (kind === 'endorse') {
      return [...g.confirmed].some((x) => g.devices.has(x) && openTo(x, g, place).length > 0);
    }
    if (kind === 'vouch') return [...g.devices.keys()].some((x) => !g.confirmed.has(x));
    if (kind === 'vote') return g.facilitators.size === 0;
    if (kind === 'stepdown' || kind === 'demote') return g.facilitators.size > 1;
    if (kind === 'restore') return [...g.devices.values()].some((s) => s.size === 0);
    if (kind === 'seal') return ops.some((o) => place.has(o.id) && o.kind === 'epoch');
    if (kind === 'remove-device') return [...g.devices.values()].some((s) => s.size > 1);
    if (kind === 'remove') return g.devices.size > 2;
    if (kind === 'add') return people.some((x) => !g.devices.has(x));
    if (kind === 'promote') return [...g.devices.keys()].some((x) => !g.facilitators.has(x));
    return true;
  }

  const openTo = (x, g, set) =>
    ops.filter(
      (o) =>
        set.has(o.id) &&
        ['remove', 'demote'].includes(o.kind) &&
        personOf(o.by) !== x &&
        o.target !== x &&
        o.target !== personOf(o.by) &&
        g.named.has(o.target) &&
        g.confirmed.has(personOf(o.by)) &&
        !(g.facilitators.size === 1 && g.facilitators.has(o.target)),
    );
  const endorsers = (g, place, devices) =>
    devices.filter((d) => openTo(personOf(d), g, place).length > 0);

  function fill(o, g, view) {
    const persons = [...g.devices.keys()];
    const others = persons.filter((x) => x !== personOf(o.by));
    const anybody = () => r.pick(people);
    const or = (list) => (list.length > 0 && !r.chance(0.06) ? r.pick(list) : anybody());
    const current = [...g.devices.values()].flatMap((s) => [...s]);
    const known = ops.filter((x) => view.has(x.id));
    const mine = [...(g.devices.get(personOf(o.by)) ?? [])];
    switch (o.kind) {
      case 'add': {
        o.target = or(people.filter((x) => !g.devices.has(x)));
        const before = [...g.enrolled].filter((k) => personOf(k) === o.target);
        o.keys =
          before.length > 0 ? r.shuffle(before).slice(0, 1 + r.below(2)) : [`${o.target}.1`];
        if (r.chance(0.03)) o.keys.push(r.pick(devicesOf(anybody())));
        break;
      }
      case 'remove':
        o.target = or(
          others
            .filter((x) => g.facilitators.has(x) === r.chance(0.4))
            .concat(r.chance(0.2) ? [...g.named] : []),
        );
        break;
      case 'demote':
        o.target = or([...g.facilitators].filter((x) => x !== personOf(o.by)));
        break;
      case 'promote':
        o.target = or(persons.filter((x) => !g.facilitators.has(x)));
        break;
      case 'endorse': {
        const open = openTo(personOf(o.by), g, view);
        o.target = open.length > 0 ? r.pick(open.slice(-5)).id : r.pick(known).id;
        break;
      }
      case 'vouch':
        o.target = or(others.filter((x) => !g.confirmed.has(x)));
        break;
      case 'vote': {
        const running = known
          .filter((x) => x.kind === 'vote')
          .slice(-3)
          .map((x) => x.target);
        o.target = or(running.length > 0 && r.chance(0.7) ? running : persons);
        o.sure = r.chance(0.3);
        break;
      }
      case 'add-device':
        o.keys = [
          r.pick(
            devicesOf(r.chance(0.96) ? personOf(o.by) : anybody()).filter(
              (d) => !mine.includes(d),
            ),
          ) ?? o.by,
        ];
        break;
      case 'remove-device':
        o.keys = [
          mine.length > 0 && r.chance(0.95) ? r.pick(mine) : r.pick(devicesOf(anybody())),
        ];
        break;
      case 'restore':
        o.target = or(persons.filter((x) => g.devices.get(x).size === 0));
        o.keys = [r.pick(devicesOf(o.target).slice(0, 2))];
        break;
      case 'epoch':
        o.keys = r.chance(0.7)
          ? current
          : r.shuffle(current).slice(0, r.below(current.length + 1));
        if (r.chance(0.05)) o.keys.push(r.pick(devicesOf(anybody())));
        break;
      case 'seal': {
        const epochs = known.filter((x) => x.kind === 'epoch').slice(-3);
        if (epochs.length === 0) {
          o.target = r.pick(known).id;
          break;
        }
        const e = r.pick(epochs);
        o.target = e.id;
        const holders = new Set([
          e.by,
          ...e.keys,
          ...known.filter((x) => x.target === e.id).flatMap((x) => x.keys),
        ]);
        const missing = current.filter((d) => !holders.has(d));
        o.keys = r.chance(0.7) ? missing : r.shuffle([...g.enrolled]).slice(0, 1 + r.below(2));
        break;
      }
      default:
    }
  }

  function write(place) {
    const by =
      r.pick(
        r.chance(0.9)
          ? [...guess(ops.filter((o) => place.has(o.id))).devices.values()].flatMap((s) => [...s])
          : people.flatMap((x) => devicesOf(x).slice(0, 2)),
      ) ?? found.by;
    const links = [];
    for (const c of content.slice(-6)) if (r.chance(0.4)) links.push(c.id);
    if (r.chance(0.3)) links.push(r.pick([...place]));
    if (r.chance(0.03)) links.push('lost');
    content.push({ id: `x${content.length}${r.pick(['', 'a', 'é'])}`, by, links });
  }

  // At the end, mostly: everybody meets, and somebody makes an epoch that others seal on.
  function meet() {
    const all = new Set(ops.map((o) => o.id));
    const g = guess(ops);
    const current = [...g.devices.values()].flatMap((s) => [...s]);
    const put = (o) => {
      pasts.set(o.id, closure(o.links));
      ops.push(o);
      all.add(o.id);
    };
    if (current.length === 0) return;
    const [maker, ...rest] = r.shuffle(current);
    const keys = rest.slice(0, r.below(rest.length + 1));
    const epoch = {
      id: 'last',
      kind: 'epoch',
      by: maker,
      target: null,
      links: heads(all),
      keys,
      cites: [],
    };
    put(epoch);
    const left = rest.filter((d) => !keys.includes(d));
    for (let i = 0; left.length > 0; i++) {
      put({
        id: `last${i}`,
        kind: 'seal',
        by: r.pick(r.chance(0.8) ? [maker, ...keys] : current),
        target: 'last',
        links: r.chance(0.7) ? heads(all) : ['last'],
        keys: left.splice(0, 1 + r.below(left.length)),
        cites: [],
      });
    }
  }

  // An established circle: several confirmed facilitators before anything else happens.
  function establish() {
    const put = (kind, x, by, keys = []) => {
      const o = {
        id: `e${ops.length}`,
        kind,
        by,
        target: x,
        links: [ops.at(-1).id],
        keys,
        cites: [],
      };
      pasts.set(o.id, closure(o.links));
      ops.push(o);
      places.forEach((place) => place.add(o.id));
    };
    for (const x of people.slice(2, 3 + r.below(4))) {
      put('add', x, found.by, [`${x}.1`]);
      put('vouch', x, `${people[1]}.1`);
      if (r.chance(0.7)) put('promote', x, found.by);
    }
    if (r.chance(0.7)) put('promote', people[1], found.by);
  }

  if (found.target !== null && size > 12 && r.chance(0.5)) establish();
  while (ops.length < size) {
    const place = r.pick(places);
    if (r.chance(0.2)) for (const id of r.pick(places)) place.add(id);
    if (r.chance(0.25)) write(place);
    const belief = guess(ops.filter((o) => place.has(o.id)));
    if (belief.devices.size === 0 && r.chance(0.9)) {
      // everybody is gone there: as another place
      place.clear();
      for (const id of closure([r.pick(ops).id])) place.add(id);
      continue;
    }
    let kind = r.weighted(
      belief.devices.size < 4 && r.chance(0.7) ? { ...weights, ...GROWTH } : weights,
    );
    for (let i = 0; i < 8 && !sensible(kind, belief, place) && !r.chance(0.05); i++)
      kind = r.weighted(weights);
    const able = [...belief.devices]
      .filter(([x]) => mayDo(kind, x, belief))
      .flatMap(([, s]) => [...s]);
    const strangers = people.flatMap((x) => devicesOf(x).slice(0, 3));
    if (kind === 'endorse') able.splice(0, able.length, ...endorsers(belief, place, able));
    const by =
      able.length > 0 && !r.chance(0.02 + hostility / 5) ? r.pick(able) : r.pick(strangers);
    const view = viewFor(place, by);
    if (view.size === 0) continue;
    const o = {
      id: `${r.pick(['o', 'p', 'B', 'é'])}${r.below(10)}${ops.length}`,
      kind,
      by,
      target: null,
      links: heads(view),
      keys: [],
      cites: [],
    };
    fill(o, guess(ops.filter((x) => view.has(x.id))), view);
    if (content.length > 0 && r.chance(0.3)) o.cites = [r.pick(content).id];
    if (r.chance(0.01)) o.cites.push('lost');
    if (r.chance(0.1)) o.links.push(r.pick([...view])); // not minimal, or twice the same
    pasts.set(o.id, closure(o.links));
    if (r.chance(0.005)) o.links.push('lost');
    ops.push(o);
    place.add(o.id);
    for (const id of pasts.get(o.id)) place.add(id);
  }
  if (r.chance(0.6)) meet();
  const tidy = (o) => {
    const out = { ...o, links: r.shuffle(o.links), keys: r.shuffle(o.keys) };
    delete out.sure;
    for (const k of ['target', 'keys', 'cites'])
      if (out[k] === null || out[k].length === 0) delete out[k];
    return out;
  };
  return { ops: r.shuffle(ops).map(tidy), content: r.shuffle(content) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(generate(Number(process.argv[2]), Number(process.argv[3]))));
}
