// Branches and lines taken, by group, from what gcov says of the engine's objects.
// node tests/coverage.mjs BUILD-FOLDER [--missing] < list of "group file..." lines
// --missing: also every branch that was not taken, with its line.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const GOAL = 95;
const [build, ...options] = process.argv.slice(2);
const listMissing = options.includes('--missing');

// Lines of assert(...) statements: what fails there ends the program, so that branch has no test.
function assertedLines(text) {
  const asserted = new Set();
  let inside = false;
  text.split('\n').forEach((line, i) => {
    if (/^\s*assert\(/.test(line)) inside = true;
    if (inside) asserted.add(i + 1);
    if (/;\s*(\/\*.*\*\/)?$/.test(line)) inside = false;
  });
  return asserted;
}

// Sums of one file over every object that holds code of it (headers are in many).
const files = new Map();
const objects = `${build}/CMakeFiles/veillee_engine.dir/sync`;
const notes = readdirSync(objects).filter((name) => name.endsWith('.gcda'));
const output = execFileSync('gcov',
  ['-b', '-j', '-t', ...notes.map((name) => `${objects}/${name}`)],
  { maxBuffer: 1 << 29, encoding: 'utf8' });
for (const json of output.split('\n').filter((line) => line !== '')) {
  const { files: measured, current_working_directory: folder } = JSON.parse(json);
  for (const { file, lines } of measured) {
    const name = relative(process.cwd(), resolve(folder, file)); // told as the compiler was told it
    if (!/^(sync|include)\//.test(name)) continue;
    if (!files.has(name)) files.set(name, new Map());
    const known = files.get(name);
    for (const line of lines) {
      const key = line.line_number;
      if (!known.has(key)) known.set(key, { count: 0, branches: new Map() });
      const sum = known.get(key);
      sum.count += line.count;
      line.branches.forEach((branch, i) => {
        // One line of a header may be compiled into several functions: each its own branches.
        const place = `${line.function_name} ${i}`;
        sum.branches.set(place, (sum.branches.get(place) ?? 0) + branch.count);
      });
    }
  }
}

function measure(name) {
  const text = readFileSync(name, 'utf8');
  const source = text.split('\n');
  const asserted = assertedLines(text);
  const result = { lines: 0, linesTaken: 0, branches: 0, branchesTaken: 0, missing: [] };
  for (const [number, { count, branches }] of files.get(name) ?? []) {
    if (asserted.has(number)) continue;
    result.lines += 1;
    result.linesTaken += count > 0;
    const taken = [...branches.values()].map((times) => times > 0);
    result.branches += taken.length;
    result.branchesTaken += taken.filter(Boolean).length;
    if (taken.includes(false)) {
      const marks = taken.map((yes) => (yes ? '+' : '-')).join('');
      result.missing.push(`      ${name}:${number} ${marks} ${source[number - 1].trim()}`);
    }
  }
  return result;
}

function part(taken, all) {
  const percent = all === 0 ? '-' : (100 * taken / all).toFixed(1);
  return `${String(taken).padStart(5)}/${String(all).padEnd(5)} ${percent.padStart(5)} %`;
}
function row(name, r) {
  console.log(name.padEnd(34), 'lines', part(r.linesTaken, r.lines),
    ' branches', part(r.branchesTaken, r.branches));
}
function add(sum, r) {
  for (const key of ['lines', 'linesTaken', 'branches', 'branchesTaken']) sum[key] += r[key];
}

const zero = () => ({ lines: 0, linesTaken: 0, branches: 0, branchesTaken: 0 });
const all = zero();
const groups = readFileSync(0, 'utf8').split('\n').filter((line) => line.trim() !== '');
let passed = 0;
const totals = [];
for (const line of groups) {
  const [group, ...names] = line.trim().split(/\s+/);
  const sum = zero();
  console.log(group);
  for (const name of names) {
    const r = measure(name);
    row(`  ${name}`, r);
    if (listMissing) r.missing.forEach((place) => console.log(place));
    add(sum, r);
  }
  add(all, sum);
  totals.push([group, sum]);
}
console.log('in all');
for (const [group, sum] of totals) {
  row(`  ${group}`, sum);
  if (100 * sum.branchesTaken >= GOAL * sum.branches) passed += 1;
}
row('  together', all);
console.log(`${passed} passed, ${groups.length - passed} failed`);
process.exit(passed === groups.length ? 0 : 1);
