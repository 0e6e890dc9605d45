// What journeys through the page have in common: dialogs, sentences, steps that follow each other.
import { skip, test } from './report.mjs';

export const dialog = (window) => window.page.getByRole('dialog');
export const inDialog = (window, key, values) =>
  dialog(window).getByRole('button', { name: window.t(key, values), exact: true });
export const says = (window, key, values) =>
  window.sees(window.page.getByText(window.t(key, values), { exact: true }).first(), 60000);

/** `step(what, run)`: a test; when one fails those after it are skipped. */
export function steps(label) {
  let isStopped = false;
  return async (what, run) => {
    if (isStopped) return skip(`${label}: ${what}`, 'a step before failed');
    isStopped = true;
    return test(`${label}: ${what}`, async () => {
      await run();
      isStopped = false;
    });
  };
}
