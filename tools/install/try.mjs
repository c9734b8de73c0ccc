/**
 * @file Installs the package as its users do, from the tarball that `npm pack` makes, into an empty project by the README's own lines, and makes a film there: by the command
 * line, and by the library. The network is the npm registry alone; .npmrc of the checkout does not travel, so its settings must not be needed.
 * Run: node tools/install/try.mjs
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url)), readme = readFileSync(join(root, 'README.md'), 'utf8');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The one line of the README's shell blocks that matches. */
function line(pattern) {
  const found = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((block) => block[1].split('\n')).filter((text) => pattern.test(text));
  if (found.length !== 1) throw new Error(`README.md has ${found.length} lines like ${pattern}, wanted one`);
  return found[0];
}

/** Runs a line in a folder as a shell does, without settings that npm handed down to this process. */
function run(command, cwd) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== 'NODE_ENV'));
  const { status } = spawnSync(command, { cwd, env, shell: true, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command}: ended with ${status}`);
}

const filled = (file) => { if (statSync(file).size < 1000) throw new Error(`${file} is no film`); };

const install = line(/^npm install .*kinora-\S+\.tgz$/), film = line(/^npx kinora generate .* -o knight\.mp4$/), code = /^```ts\n(import \{ generate \} from 'kinora';[\s\S]*?)^```/m.exec(readme)?.[1];
if (!code) throw new Error('README.md shows no use of the library');
const tarball = `kinora-${version}.tgz`;
if (!install.includes(tarball)) throw new Error(`README.md installs ${install}, the package is ${tarball}`);

const project = mkdtempSync(join(tmpdir(), 'kinora-install-'));
try {
  run('npm pack --ignore-scripts', root);
  renameSync(join(root, tarball), join(project, tarball));
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  run(install, project);
  run(film, project);
  filled(join(project, 'knight.mp4'));
  writeFileSync(join(project, 'film.mjs'), code);
  run('node film.mjs', project);
  filled(join(project, 'film.mp4'));
  run('npx kinora doctor', project);
} finally { rmSync(project, { recursive: true, force: true }); }
