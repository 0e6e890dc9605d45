// Language, theme, size of text, quiet view: kept in the vault by the node, never by the browser.
import { ask } from './api.js';
import { preferredLanguage, takeLanguage } from './words.js';

export const defaults = {
  language: null,
  theme: 'auto',
  text: 'normal',
  quiet: false,
  leave_with_shift: true,
  lock_after_minutes: 15,
  last_circle: null,
  warned: false,
};
let taste = { ...defaults };
const listeners = new Set();
const dark = matchMedia('(prefers-color-scheme: dark)');

export const getTaste = () => taste;
export function onTaste(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function show() {
  const root = document.documentElement;
  const isDark = dark.matches;
  const themes = {
    auto: isDark ? 'dark' : 'light',
    contrast: isDark ? 'contrast-dark' : 'contrast',
  };
  root.dataset.theme = themes[taste.theme] ?? taste.theme;
  root.dataset.text = taste.text;
  root.dataset.quiet = String(taste.quiet);
}

async function take(values) {
  taste = { ...defaults, ...values };
  await takeLanguage(taste.language ?? preferredLanguage());
  show();
  for (const listener of listeners) listener();
}

let ofVault = null;
/** Whether what is shown is what the vault says; null: nothing was loaded yet. */
export const isOfVault = () => ofVault;

/** What the vault says, or before it is open what the browser prefers. */
export async function loadTaste(isOpen) {
  await take(isOpen ? await ask('GET', 'preferences').catch(() => ({})) : {});
  ofVault = isOpen;
}

/** Changes some of it: shown at once, kept by the node. */
export async function changeTaste(values, isOpen = true) {
  await take({ ...taste, ...values });
  if (isOpen) await ask('PATCH', 'preferences', values);
}

dark.addEventListener('change', show);
