// Which of the twelve hues is whose: chosen, or given so that no two of a circle are alike.
export const HUES = 12;
/**
 * What a profile's colour is when one of the twelve is chosen: 24 bits, as in the tokens (light).
 */
export const palette = [
  0x8e3b46, 0xa0522d, 0x7a5c00, 0x5a6b1e, 0x2f6b3c, 0x14695f, 0x1f6280, 0x2d4f8f, 0x4a4293,
  0x6b3a86, 0x8a2f6b, 0x5b4a42,
];

const far = (a, b) =>
  [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0);

const nearest = (colour) =>
  palette.reduce(
    (best, one, at) => (far(one, colour) < far(palette[best], colour) ? at : best),
    0,
  );
const ownHue = (person) => parseInt((person ?? '0').slice(0, 6), 16) % HUES || 0;

const given = new Map(), // person -> number of a hue
  chosen = new Map();
const STEP = 5; // no neighbour, and all twelve are met

/**
 * Tells who is in a circle, {person} each: of those who chose no colour, no two have the same
 * while there are enough. It follows from their ids, so that everybody sees the same.
 */
export function meet(people) {
  const taken = new Set();
  for (const person of people.map((one) => one.person).sort()) {
    let hue = ownHue(person);
    for (let tries = 1; taken.has(hue) && tries < HUES; tries++) hue = (hue + STEP) % HUES;
    taken.add(hue);
    given.set(person, hue);
  }
}

/** Tells which colours were chosen, of profiles. */
export function wear(profiles) {
  for (const { author, colour } of profiles) chosen.set(author, colour);
}

/** The number of a hue: of the colour that she chose, else the one that she was given. */
export function hueOf(person, colour = null) {
  const own = colour ?? chosen.get(person);
  return Number.isInteger(own) ? nearest(own) : (given.get(person) ?? ownHue(person));
}
