// The page as a person has it: Chromium, opened by a node's launch file. One browser for each host
// (network namespace); in it each window that is opened for a person is hers alone, with her own
// cookies, unless it is opened beside another one of hers.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ask } from './api.mjs';
import { catalogue, sentence } from './catalogue.mjs';
import { Network } from './network.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const require = createRequire(import.meta.url);
const ANSWERED = 'Failed to load resource: the server responded with a status of';
const PATIENCE_MS = 30000; // what is not there by then does not come; nothing is measured by it

export const VIEWS = {
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true,
    deviceScaleFactor: 2 },
  laptop: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 320, height: 640 }, hasTouch: true },
  // 1280 wide at 200 %: half as many of the page's pixels, each twice as large.
  zoomed: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
};

/** Why no browser can be started here; null when one can. */
export function noBrowser() {
  if (!CHROMIUM) return 'no chromium here';
  try {
    require.resolve('playwright-core');
    return null;
  } catch {
    return 'playwright-core is not installed (npm ci)';
  }
}

export class Browser {
  static async start({ host = null } = {}) {
    const { chromium } = require('playwright-core');
    const folder = mkdtempSync(join(tmpdir(), 'veillee-browser-'));
    let executablePath = CHROMIUM;
    if (host) { // what is started must be one file
      executablePath = join(folder, 'chromium');
      const [file, argv] = Network.on(host, [CHROMIUM]);
      writeFileSync(executablePath, `#!/bin/sh\nexec ${file} ${argv.join(' ')} "$@"\n`,
        { mode: 0o700 });
    }
    const browser = new Browser();
    browser.folder = folder;
    browser.chromium = await chromium.launch({ executablePath, headless: true, timeout: 60000,
      chromiumSandbox: process.getuid() !== 0, // Chromium refuses to have one as root
      args: ['--disable-background-networking', '--disable-dev-shm-usage', '--disable-gpu',
        '--font-render-hinting=none', '--force-color-profile=srgb'] });
    return browser;
  }

  async close() {
    await this.chromium.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A person's page, opened by a new launch file. view: one of VIEWS; options are Playwright's
   * of a context: colorScheme, contrast, reducedMotion. plain: without the content policy, which
   * must never be so but where the test itself has to add a script. */
  async open(person, { view = 'laptop', language = 'fr', plain = false, ...options } = {}) {
    const context = await this.chromium.newContext({ ...VIEWS[view], locale: language,
      colorScheme: 'light', reducedMotion: 'reduce', bypassCSP: plain, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const window = new Window(context, person, language);
    await window.launch();
    return window;
  }
}

export class Window {
  constructor(context, person, language) {
    this.context = context;
    this.person = person;
    this.language = language;
    this.problems = []; // of the console, and of requests
    this.reasons = new Map(); // problem -> what the node said to it
    this.requests = []; // where they went
    this.pending = new Set();
    context.on('request', (request) => {
      this.requests.push(request.url());
      if (!/\/events(\?|$)/.test(request.url())) this.pending.add(request);
    });
    context.on('requestfinished', (request) => this.pending.delete(request));
    // What the document before still waited for ends with it, and that is not always told.
    context.on('page', (page) => page.on('framenavigated', (frame) => {
      if (page === this.page && frame === page.mainFrame()) this.pending.clear();
    }));
    context.on('requestfailed', (request) => {
      this.pending.delete(request);
      const { errorText } = request.failure() ?? {};
      // The page lets go of a request that it does not need any more.
      if (errorText !== 'net::ERR_ABORTED') {
        this.problems.push(`${request.method()} ${request.url()}: ${errorText}`);
      }
    });
    context.on('response', (answer) => {
      if (answer.status() < 400) return;
      const path = answer.url().replace(`${this.origin}/api/v1/`, '');
      const problem = `refused: ${answer.request().method()} ${path}: ${answer.status()}`;
      this.problems.push(problem);
      answer.text().then((text) => this.reasons.set(problem, text), () => {});
    });
    context.on('dialog', (dialog) => {
      this.problems.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    context.on('console', (message) => {
      const isAnswer = message.text().startsWith(ANSWERED); // told by the answer itself
      if (['error', 'warning'].includes(message.type()) && !isAnswer) {
        this.problems.push(`console: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => this.problems.push(`thrown: ${error.error().stack}`));
  }

  /** A new launch file, opened in a tab of this window; `page` is it. */
  async launch() {
    const { file, port } = await ask(this.person, 'POST', 'launch', { body: {} });
    this.origin = `http://127.0.0.1:${port}`;
    this.page = await this.context.newPage();
    this.launched = performance.now();
    // That document posts its form at once: it may be gone before it counts as loaded.
    await this.page.goto(pathToFileURL(file).href, { waitUntil: 'commit' });
    await this.page.waitForURL(`${this.origin}/`);
    return this;
  }

  /** Another tab of the same browser, by the session that is there. */
  async beside() {
    const other = new Window(this.context, this.person, this.language);
    other.origin = this.origin;
    other.page = await this.context.newPage();
    await other.page.goto(`${this.origin}/`);
    return other;
  }

  /** A sentence of the catalogue, with its values in place. */
  t(key, values = {}) {
    return sentence(this.language, catalogue(this.language), key, values);
  }

  #by(role, key, values, options) {
    return this.page.getByRole(role, { name: this.t(key, values), exact: true, ...options });
  }

  button(key, values) { return this.#by('button', key, values).first(); }
  link(key, values) { return this.#by('link', key, values).first(); }
  heading(key, values) { return this.#by('heading', key, values).first(); }
  field(key, values) { return this.page.getByLabel(this.t(key, values), { exact: true }).first(); }
  text(text) { return this.page.getByText(text).first(); }

  /** Waits until what the locator names is to be seen; else says what is. */
  async sees(locator, milliseconds = PATIENCE_MS) {
    try {
      await locator.waitFor({ state: 'visible', timeout: milliseconds });
    } catch (error) {
      const shown = await this.page.evaluate(() => document.body.innerText).catch(() => '');
      throw new Error(`${error.message}\n  shown: ${shown.replace(/\s+/g, ' ').slice(0, 500)}` +
        `\n  problems: ${this.problems.join('; ')}`);
    }
  }

  /** Waits until the page has loaded what it shows: it asks for nothing and shows no waiting. */
  async settled(milliseconds = PATIENCE_MS) {
    const end = performance.now() + milliseconds;
    const waiting = this.t('common.waiting');
    for (let still = 0; still < 3;) {
      const waits = this.pending.size > 0 || await this.page.evaluate((text) =>
        !document.querySelector('h1') || document.body.innerText.includes(text), waiting);
      still = waits ? 0 : still + 1;
      if (performance.now() > end) {
        throw new Error(`still loading: ${[...this.pending].map((one) => one.url())} ` +
          await this.page.evaluate(() => document.body.innerText.slice(0, 300)));
      }
      await new Promise((resolve) => { setTimeout(resolve, 30); });
    }
  }

  async press(key, values) { await this.button(key, values).click(); }
  async fill(key, text) { await this.field(key).fill(text); }

  /** axe's violations of what is to be seen, one line each; the window must be `plain`. `within`: a
   * selector, of what alone is looked at. */
  async axe({ only = null, within = null } = {}) {
    if (!await this.page.evaluate(() => 'axe' in globalThis)) {
      await this.page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    }
    return this.page.evaluate(async ([given, part]) => {
      const { violations } = await window.axe.run(part ?? document, {
        resultTypes: ['violations'],
        preload: false, // what is in style sheets alone is looked at by nobody
        runOnly: given ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
          'best-practice'],
      });
      return violations.flatMap((one) => one.nodes.map((node) =>
        `${one.id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\s+/g, ' ')}`));
    }, [only, within]);
  }

  /** What was to come is no complaint: forgets those that match, and gives how many they were. A
   * refusal is "refused: PATCH circles/ID/settings: 400". */
  forgive(pattern) {
    const before = this.problems.length;
    this.problems = this.problems.filter((one) => !pattern.test(one));
    return before - this.problems.length;
  }

  /** What must never be: requests to anywhere but her node, refusals, console errors, dialogs. */
  complaints() {
    const elsewhere = this.requests.filter((url) =>
      !url.startsWith(`${this.origin}/`) && !/^(file|about|blob|data):/.test(url));
    const problems = this.problems.map((one) => `${one} ${this.reasons.get(one) ?? ''}`.trim());
    return [...new Set([...elsewhere.map((url) => `a request to ${url}`), ...problems])];
  }

  async close() { await this.context.close(); }
}
