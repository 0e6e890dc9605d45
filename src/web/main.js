// Starts the page.
import { html, render } from './lib/preact.js';
import { App } from './app.js';
import { start } from './core/events.js';
import { hasLeft, setLetGo, watchShift } from './core/leave.js';
import { want } from './core/live-data.js';
import { getTaste, loadTaste } from './core/taste.js';
import { t } from './core/words.js';

// What the first screen shows is asked for at once, not as one finds out about another.
const [status] = await Promise.all([want('status'), loadTaste(false)]);
if (status && !status.locked) {
  const [first] = status.circles;
  if (first && !first.draft) want(`circles/${first.id}/next-meeting`);
  await loadTaste(true);
}

if (!hasLeft()) {
  const root = document.getElementById('page');
  document.title = t('recipes.title');
  setLetGo(() => render(null, root));
  watchShift(() => getTaste().leave_with_shift);
  start();
  render(html`<${App} />`, root);
}
