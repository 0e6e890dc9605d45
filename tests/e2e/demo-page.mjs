// Three nodes with a circle that has met for some weeks, to look at in a browser. Each prints the
// address of its page; all of it is gone at the end.
//   node tests/e2e/demo-page.mjs [--lang fr|en]
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { ask } from './lib/api.mjs';
import { NAMES, sampleCircle, textsOf } from './lib/sample.mjs';

const WORDS = {
  fr: {
    making: 'Trois nœuds, un cercle qui se voit depuis quelques semaines : un instant…',
    each: 'À ouvrir dans un navigateur, ici, dans la minute ; chaque adresse sert une fois :',
    meet: (title) => 'Pour tenir une rencontre : ouvre les trois pages, puis chez Inès ' +
      `« ${title} » et « On est là maintenant ».`,
    passphrase: 'Partie vite (trois fois Maj) ? Pour rouvrir, la phrase de passe :',
    again: 'Entrée : de nouvelles adresses. Ctrl-C : tout s’arrête et s’efface.',
    end: 'Fini ; rien n’est gardé.',
  },
  en: {
    making: 'Three nodes, a circle that has met for some weeks: one moment…',
    each: 'To open in a browser, here, within a minute; each address is good once:',
    meet: (title) => `To hold a meeting: open the three pages, then at Inès’s “${title}” ` +
      'and “We are here now”.',
    passphrase: 'Left quickly (Shift three times)? To open again, the passphrase:',
    again: 'Enter: new addresses. Ctrl-C: everything stops and is removed.',
    end: 'Done; nothing is kept.',
  },
};

const args = process.argv.slice(2);
const at = args.indexOf('--lang');
const language = at >= 0 ? args[at + 1] : 'fr';
const known = ['--page', '--lang', language];
if (!(language in WORDS) || args.some((arg) => !known.includes(arg))) {
  console.error('demo: ./dev demo --page [--lang fr|en]');
  process.exit(2);
}
const words = WORDS[language];
const passphrase = language === 'fr' ? 'une phrase pour essayer' : 'a phrase to try with';

let people = [];
let ending = false;
async function end(status) {
  if (ending) return;
  ending = true;
  await Promise.all(people.map((person) => person.stop().catch(() => {})));
  for (const person of people) person.destroy();
  console.log(`\n${words.end}`);
  process.exit(status);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0));

const desktop = process.env.WAYLAND_DISPLAY || process.env.DISPLAY;
/** With a desktop, hands the address to the browser, by this shell's environment. */
function show(address) {
  if (desktop) {
    spawn('xdg-open', [address], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
  }
}

/** New addresses. */
async function tell() {
  console.log(`\n${words.each}\n`);
  for (const person of people) {
    const { file } = await ask(person, 'POST', 'launch', { body: {} });
    const address = pathToFileURL(file).href;
    console.log(`  ${person.name.padEnd(6)}${address}`);
    show(address);
  }
  console.log(`\n${words.meet(textsOf(language).name)}`);
  console.log(`${words.passphrase} ${passphrase}`);
  console.log(words.again);
}

try {
  console.log(words.making);
  await sampleCircle(language, { options: { passphrase }, made: (person) => people.push(person) });
  await tell();
  createInterface({ input: process.stdin }).on('line', () => {
    if (!ending) tell().catch((error) => { console.error(`demo: ${error.message}`); end(1); });
  });
  // Whether or not there is somebody to press Enter: the nodes are up until they are ended.
  setInterval(() => {}, 1 << 30);
} catch (error) {
  if (!ending) console.error(`demo: ${NAMES.join(', ')}: ${error.message}`);
  await end(1);
}
