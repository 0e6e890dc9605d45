// Contrast of the colours in tokens.css by WCAG's formula, for each theme: pairs that every screen
// uses, and those that stand in one rule of a style sheet.
//   node tests/e2e/page/page-contrast.mjs
import { sources } from '../lib/catalogue.mjs';
import { finish, test } from '../lib/report.mjs';

const TEXT = 4.5, SHAPE = 3; // WCAG 2.2, 1.4.3 and 1.4.11
const HUES = Array.from({ length: 12 }, (_, at) => `hue-${at}`);
const HUES_APART = 0.03; // in OKLab
const sheets = sources('.css');
const bare = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '');

/** {name of theme: {token: '#RRGGBB'}} */
function themesOf(text) {
  const themes = {};
  for (const [, selector, body] of bare(text).matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const named = /data-theme="([\w-]+)"/.exec(selector);
    if (!named || selector.includes(':not(')) continue;
    const tokens = themes[named[1]] ??= {};
    for (const [, name, colour] of body.matchAll(/--([\w-]+):\s*(#[0-9A-Fa-f]{6})\b/g)) {
      tokens[name] = colour;
    }
  }
  return themes;
}

const channels = (colour) => [1, 3, 5].map((at) => {
  const value = parseInt(colour.slice(at, at + 2), 16) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});
const luminance = (colour) => {
  const [r, g, b] = channels(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
function oklab(colour) {
  const [r, g, b] = channels(colour);
  const [l, m, s] = [[0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
    .map(([x, y, z]) => Math.cbrt(x * r + y * g + z * b));
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}

const grounds = ['paper', 'raised', 'sunk'];
const pairs = [
  ...['ink', 'soft', 'ember', 'sage', 'dusk', 'loss'].flatMap((text) =>
    grounds.map((ground) => [text, ground, TEXT])),
  ['ink', 'glow', TEXT], ['soft', 'glow', TEXT], ['ember', 'glow', TEXT],
  ['ink', 'sage-pale', TEXT], ['sage', 'sage-pale', TEXT], ['ink', 'dusk-pale', TEXT],
  ['dusk', 'dusk-pale', TEXT], ['soft', 'sage-pale', TEXT], ['soft', 'dusk-pale', TEXT],
  ...['ember', 'sage', 'dusk', 'loss'].map((one) => [`on-${one}`, one, TEXT]),
  ...HUES.flatMap((hue) => [['on-hue', hue, TEXT], ...grounds.map((on) => [hue, on, SHAPE])]),
  ...grounds.flatMap((ground) => [['edge', ground, SHAPE], ['focus', ground, SHAPE]]),
];

/** A rule that sets both, wherever it is. */
for (const [file, text] of Object.entries(sheets)) {
  for (const [, selector, body] of bare(text).matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const colour = /(?:^|[;\s])(?:color|fill):\s*var\(--([\w-]+)\)/.exec(body);
    const ground = /(?:^|[;\s])background(?:-color)?:\s*var\(--([\w-]+)\)/.exec(body);
    if (colour && ground) {
      pairs.push([colour[1], ground[1], TEXT, `${file}: ${selector.trim()}`]);
    }
  }
}

const themes = themesOf(sheets['style/tokens.css']);
await test('there are light, dark, and high contrast, each with every colour', () => {
  const names = Object.keys(themes.light ?? {}).sort().join(' ');
  for (const wanted of ['light', 'dark', 'contrast', 'contrast-dark']) {
    const got = Object.keys(themes[wanted] ?? {}).sort().join(' ');
    if (got !== names) throw new Error(`${wanted} has ${got}\nlight has ${names}`);
  }
});

for (const [theme, tokens] of Object.entries(themes)) {
  await test(`${theme}: ${pairs.length} pairs`, () => {
    const weak = [];
    for (const [one, other, least, where = ''] of pairs) {
      if (!tokens[one] || !tokens[other]) continue; // not a colour of a theme (--hue of a person)
      const value = contrast(tokens[one], tokens[other]);
      if (value < least) weak.push(`${one} on ${other}: ${value.toFixed(2)} < ${least} ${where}`);
    }
    if (weak.length > 0) throw new Error(weak.join('\n  '));
  });
}

for (const theme of ['light', 'dark']) {
  await test(`${theme}: no two persons' colours are alike`, () => {
    const labs = HUES.map((hue) => oklab(themes[theme][hue]));
    const close = [];
    labs.forEach((one, at) => labs.slice(0, at).forEach((other, before) => {
      const apart = Math.hypot(...one.map((value, axis) => value - other[axis]));
      if (apart < HUES_APART) close.push(`hue-${before} and hue-${at}: ${apart.toFixed(3)}`);
    }));
    if (close.length > 0) throw new Error(close.join(', '));
  });
}

finish();
