// Counting and reporting for the end-to-end tests; the last line is read by tests/run.sh.
let passed = 0, failed = 0, skipped = 0;

/** Whether it passed. */
export async function test(what, body) {
  const begin = Date.now();
  try {
    await body();
    passed++;
    console.log(`ok   ${what} (${Date.now() - begin} ms)`);
    return true;
  } catch (error) {
    failed++;
    console.log(`FAIL ${what}: ${error.stack ?? error}`);
    return false;
  }
}

export function skip(what, why) {
  skipped++;
  console.log(`skip ${what}: ${why}`);
}

/** Prints the counts and ends. With a reason: everything was skipped. */
export function finish(why) {
  if (why) skip('all', why);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed === 0 ? 0 : 1);
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
