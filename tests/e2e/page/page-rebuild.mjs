// A damaged vault in the page: what is said where the passphrase is asked, and making it anew.
//   node tests/e2e/page/page-rebuild.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser, noBrowser } from '../lib/browser.mjs';
import { enterNamespace } from '../lib/network.mjs';
import { Person } from '../lib/person.mjs';
import { finish, test } from '../lib/report.mjs';

if (noBrowser()) finish(noBrowser());
if (!enterNamespace()) finish('no network namespaces here');

const CIRCLE = 'Cercle de Mireille';
const nadia = new Person('nadia', null);
let browser;

/** The first bytes of both vaults: of the file's own slot, which is read at every opening. */
function damage() {
  for (const name of ['vault-0', 'vault-1']) {
    const bytes = readFileSync(join(nadia.vault, name));
    bytes[100] ^= 1;
    writeFileSync(join(nadia.vault, name), bytes);
  }
}

try {
  await nadia.init();
  await nadia.start('--loopback', '--interface', 'lo');
  await nadia.json('circle', 'new', CIRCLE, '--as', 'Nadia');
  await nadia.stop();
  damage();
  await nadia.start('--locked', '--loopback', '--interface', 'lo');
  browser = await Browser.start();
  const window = await browser.open(nadia);
  const page = window.page;
  const button = (key) => page.getByRole('button', { name: window.t(key), exact: true });
  const type = () => page.getByLabel(window.t('locked.passphrase')).fill(nadia.passphrase);

  await test('opening says that the file is damaged, and what can be done', async () => {
    await type();
    await button('locked.open').click();
    await window.sees(page.getByText(window.t('locked.damaged')));
    await window.sees(page.getByText(window.t('locked.means')));
  });

  await test('made anew, her circle is there', async () => {
    await type();
    await button('locked.rebuild').click();
    await window.sees(page.getByText(CIRCLE).first());
  });
} catch (error) {
  await test('the page', () => { throw error; });
} finally {
  await browser?.close();
  await nadia.stop();
  nadia.destroy();
}
finish();
