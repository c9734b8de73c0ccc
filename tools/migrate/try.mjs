/**
 * @file The migration guide's scripts as their users run them: `before` and `after` differ in one line, and `after` makes, polls, lists, downloads, remixes, extends, edits and deletes
 * films on a server that `npx kinora serve` starts in an empty folder, by the npm package and, where there is Python, by the one of PyPI in an environment of its own.
 * Run: node tools/migrate/try.mjs
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url)), PACKAGE = 'openai==3.57.0', PORT = 8080, START_MS = 120_000;
const script = (name) => join(root, 'examples/migrate', name);

for (const language of ['ts', 'py']) {
  const [before, after] = ['before', 'after'].map((name) => readFileSync(script(`${name}.${language}`), 'utf8').split('\n'));
  const changed = before.filter((line, i) => line !== after[i]).length;
  if (before.length !== after.length || changed !== 1) throw new Error(`before.${language} and after.${language} differ in ${changed} lines, wanted one`);
}

/** Runs a command and throws unless it ends well. */
function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${error ?? status}`);
}

const work = mkdtempSync(join(tmpdir(), 'kinora-migrate-'));
const server = spawn('npx', ['kinora', 'serve', '--port', String(PORT), '--data', join(work, 'data')], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], detached: true });
const ended = new Promise((done) => { server.once('exit', (code, signal) => { done(code ?? signal); }); });
try {
  await new Promise((done, failed) => {
    const timer = setTimeout(() => { failed(new Error(`the server does not listen after ${START_MS / 1000} s`)); }, START_MS);
    void ended.then((code) => { failed(new Error(`the server ended with ${code}`)); });
    createInterface({ input: server.stderr }).on('line', (line) => {
      if (line.includes('"listening"')) { clearTimeout(timer); done(undefined); }
      if (!line.includes('"request"')) console.error(line);
    });
  });
  const films = () => {
    for (const name of ['film.mp4', 'longer.mp4']) {
      const { size } = statSync(join(work, name));
      if (size < 1000) throw new Error(`${name} has ${size} bytes`);
      rmSync(join(work, name));
    }
  };
  run(process.execPath, ['--import', import.meta.resolve('tsx'), script('after.ts')], { cwd: work });
  films();
  if (spawnSync('python3', ['-m', 'venv', join(work, 'venv')]).status === 0) {
    run(join(work, 'venv/bin/pip'), ['install', '--quiet', '--disable-pip-version-check', PACKAGE], { cwd: work });
    run(join(work, 'venv/bin/python'), [script('after.py')], { cwd: work });
    films();
  } else if (process.env.KINORA_WITHOUT_PYTHON === undefined) throw new Error('python3 with venv is not there: the script in Python was not run (KINORA_WITHOUT_PYTHON=1 leaves it out)');
} finally {
  if (server.exitCode === null) process.kill(-server.pid, 'SIGTERM');
  await ended;
  rmSync(work, { recursive: true, force: true });
}
