// What of a text is in a vault's folder, to be asked when its node has ended.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BUILD = process.env.VEILLEE_BUILD ?? new URL('../../../build', import.meta.url).pathname;

/** 18 letters that are nowhere by chance. */
export const word = () =>
  [...randomBytes(18)].map((byte) => String.fromCharCode(97 + byte % 26)).join('');

/** How often each of the words is in the pages of the vault's database, read with its key. */
export function inPages(person, words) {
  const run = spawnSync(`${BUILD}/interop/vault_probe`, [person.vault, ...words],
    { input: `${person.passphrase}\n`, encoding: 'utf8' });
  if (run.status !== 0) {
    throw new Error(`${person.name}: vault_probe: ${run.status} ${run.stderr}`);
  }
  return run.stdout.trim().split('\n').map(Number);
}

/** The files of the folder that have one of the words (in UTF-8), as they lie on the disk. */
export function inFiles(person, words) {
  return readdirSync(person.vault, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => {
      const bytes = readFileSync(file);
      return words.some((one) => bytes.includes(one));
    });
}
