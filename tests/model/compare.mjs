#!/usr/bin/env node
// Holds the engine against the model on random histories.
//
//   node compare.mjs SEED COUNT OPS [ORDERS]
//
// COUNT histories of 5 to OPS operations, each given to the engine in ORDERS (4) different orders.
// The kept histories of histories/ come first: model, engine and the kept answer must agree.
// A history on which they differ is written to failing-SEED-NUMBER.json and the exit status is 1.
// VEILLEE_BINARY names the program (build/veillee).
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate, randomSource } from './generate.mjs';
import { evaluate } from './model.mjs';

const [seed, count, most, orders = 4] = process.argv.slice(2).map(Number);
if (![seed, count, most, orders].every(Number.isInteger)) {
  console.error('usage: compare.mjs SEED COUNT OPS [ORDERS]');
  process.exit(2);
}
const binary = process.env.VEILLEE_BINARY ?? 'build/veillee';
const here = dirname(fileURLToPath(import.meta.url));

function engine(histories) {
  const input = histories.map((h) => `${JSON.stringify(h)}\n`).join('');
  const run = spawnSync(binary, ['debug', 'membership', '-'], { input, maxBuffer: 1 << 30 });
  if (run.error) throw run.error;
  const lines = run.stdout.toString().split('\n');
  if (lines.pop() !== '' || lines.length !== histories.length) {
    throw new Error(
      `the engine ended after ${lines.length} of ${histories.length}: ${run.stderr}`,
    );
  }
  return lines;
}

let passed = 0;
let failed = 0;
const totals = { operations: 0, ends: 0, void: 0, unauthorised: 0, epochs: 0 };

function judge(name, history, expected, answers) {
  const wrong = answers.find((a) => a !== expected);
  if (wrong === undefined) {
    passed++;
    return;
  }
  failed++;
  console.log(`${name} differs\n  model  ${expected}\n  engine ${wrong}`);
}

const folder = join(here, 'histories');
const kept = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .sort();
const keptHistories = kept.map((f) => JSON.parse(readFileSync(join(folder, f), 'utf8')));
const keptAnswers = keptHistories.length > 0 ? engine(keptHistories) : [];
kept.forEach((f, i) => {
  const expected = readFileSync(join(folder, f.replace(/json$/, 'expected')), 'utf8').trimEnd();
  judge(`${f} (model)`, keptHistories[i], expected, [evaluate(keptHistories[i])]);
  judge(f, keptHistories[i], expected, [keptAnswers[i]]);
});

const BATCH = 50;
for (let first = 0; first < count && failed < 5; first += BATCH) {
  const batch = [];
  for (let i = first; i < Math.min(first + BATCH, count); i++) {
    const r = randomSource(Math.imul(seed, 1000003) + i);
    batch.push(generate(Math.imul(seed, 1000003) + i, 5 + r.below(Math.max(1, most - 4))));
  }
  const shuffled = batch.flatMap((h, i) => {
    const r = randomSource(first + i);
    return Array.from({ length: orders }, (_, n) =>
      n === 0 ? h : { ops: r.shuffle(h.ops), content: r.shuffle(h.content) },
    );
  });
  const answers = engine(shuffled);
  batch.forEach((history, i) => {
    const expected = evaluate(history);
    const before = failed;
    judge(
      `seed ${seed} number ${first + i}`,
      history,
      expected,
      answers.slice(i * orders, (i + 1) * orders),
    );
    if (failed > before) {
      const file = `failing-${seed}-${first + i}.json`;
      writeFileSync(file, `${JSON.stringify(history)}\n`);
      console.log(`  kept in ${file}`);
    }
    const state = JSON.parse(expected);
    totals.operations += history.ops.length;
    for (const list of ['ends', 'void', 'unauthorised']) totals[list] += state[list].length;
    totals.epochs += Object.values(state.write_epoch).filter((e) => e !== null).length;
  });
}
console.log(
  Object.entries(totals)
    .map(([k, v]) => `${v} ${k}`)
    .join(', '),
);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
