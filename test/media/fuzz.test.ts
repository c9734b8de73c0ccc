/**
 * @file Damaged files of every kind that is read, through `ingest`: each is read or refused with a reason, whatever is in it; no crash, no hang, memory within a limit.
 * KINORA_FUZZ says how many files, KINORA_FUZZ_SEED which; 5000 of seed 1 unless said. A file that fails is named, and made again by its number and the
 * seed; KINORA_FUZZ_KEEP is a folder that it is copied to.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../src/core/random.ts';
import { type DoneRow, parseJournal } from '../../src/data/footage/journal.ts';
import { mediaBases } from './bases.ts';
import { DAMAGES, type Damage } from './damage.ts';

const FILES = Number(process.env['KINORA_FUZZ'] ?? 5000), SEED = Number(process.env['KINORA_FUZZ_SEED'] ?? 1);
/** Files of a folder, each folder a dataset. */
const FOLDER = 250;
/** Wall time that one file may take, ms: whole files take some 10. */
const FILE_MS = 30_000;
/** Resident memory of the process that reads, MiB. */
const MEMORY = 1536;
const reader = fileURLToPath(new URL('read-folders.ts', import.meta.url));

/** One damaged file. */
interface Damaged { readonly base: string; readonly damage: Damage; readonly file: string }
let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-fuzz-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

/** Writes the damaged files, in folders. */
async function damaged(): Promise<{ readonly files: ReadonlyMap<string, Damaged>; readonly folders: readonly string[] }> {
  const bases = await mediaBases(), names = [...bases.keys()], kinds = Object.keys(DAMAGES) as Damage[], files = new Map<string, Damaged>(), folders: string[] = [];
  for (let i = 0; i < FILES; i++) {
    if (i % FOLDER === 0) { folders.push(join(dir, `in-${folders.length}`)); await mkdir(folders.at(-1)!); }
    const d = draws({ seed: SEED, stream: 'fuzz', step: i }), base = names[i % names.length]!, damage = kinds[Math.floor(i / names.length) % kinds.length]!;
    const whole = bases.get(base)!, other = bases.get(d.pick(names))!, bytes = DAMAGES[damage](whole, d, other);
    const { extension } = damage === 'wrong extension' || d.chance(0.05) ? other : whole, file = `${String(i).padStart(6, '0')} ${base}, ${damage}.${extension}`;
    files.set(file, { base, damage, file });
    await writeFile(join(folders.at(-1)!, file), bytes);
  }
  return { files, folders };
}

/** What went wrong with a file that ended the process that read it. */
interface Failure { readonly file: string; readonly why: string }
/** Reads folders until the end, or until a file that crashes or hangs. */
async function read(folders: readonly string[], seen: (kilobytes: number, file: string, ms: number) => void): Promise<Failure | undefined> {
  const argv = ['--import', 'tsx', reader, ...folders.flatMap((folder) => [folder, out(folder)])];
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let file = '', since = performance.now(), why: string | undefined, errors = '', timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (data: Buffer) => { if (errors.length < 4000) errors += data.toString(); });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const now = performance.now(), split = line.indexOf(' ');
    clearTimeout(timer);
    if (file !== '') seen(Number(line.slice(0, split)), basename(file), now - since);
    file = line.slice(split + 1);
    since = now;
    timer = setTimeout(() => { why = `more than ${FILE_MS / 1000} s`; child.kill('SIGKILL'); }, FILE_MS);
  });
  const ended = await new Promise<string>((resolve) => { child.on('close', (code, signal) => { resolve(code === 0 ? '' : `${signal ?? `exit ${code}`} ${errors}`); }); });
  clearTimeout(timer);
  return ended === '' ? undefined : { file: basename(file), why: why ?? ended };
}
const out = (folder: string): string => folder.replace(/in-(\d+)$/, 'out-$1');

test(`${FILES} damaged files: each is read, or refused with a reason`, async () => {
  const { files, folders } = await damaged(), failures: Failure[] = [], done = new Map<string, DoneRow>(), counts = new Map<string, number>();
  const count = (name: string): void => { counts.set(name, (counts.get(name) ?? 0) + 1); };
  let peak = 0, slowest = { file: '', ms: 0 }, largest = '';
  for (;;) {
    const failure = await read(folders, (kilobytes, file, ms) => {
      if (kilobytes > peak * 1.2) largest = file;
      peak = Math.max(peak, kilobytes);
      if (ms > slowest.ms) slowest = { file, ms };
    });
    if (failure) failures.push(failure);
    if (!failure || !files.has(failure.file) || failures.length > 20) break;
    const at = join(folders[Math.floor(Number.parseInt(failure.file) / FOLDER)]!, failure.file), keep = process.env['KINORA_FUZZ_KEEP'];
    if (keep !== undefined) await cp(at, join(keep, failure.file));
    await rm(at);                                                  // goes on without it; what was read stands in the journals, and is not read again
  }
  for (const folder of folders)
    for (const row of parseJournal(await readFile(join(out(folder), 'journal.jsonl'), 'utf8'), folder)) {
      if (row.kind === 'done') done.set(basename(row.source), row);
      if (row.kind === 'clip') count('clips');
      if (row.kind === 'refused') count(`parts refused: ${row.stage}`);
    }
  for (const { base, damage, file } of files.values()) {
    const row = done.get(file), what = row === undefined ? 'lost' : row.error === undefined ? 'read' : row.frames > 0 ? 'read in part' : 'refused';
    for (const name of [what, `${base}: ${what}`, `${damage}: ${what}`]) count(name);
  }
  const table = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `  ${String(n).padStart(5)}  ${name}`).join('\n');
  console.log(`${FILES} files of seed ${SEED}\n${table}\npeak ${Math.round(peak / 1024)} MiB (${largest}); slowest ${Math.round(slowest.ms)} ms (${slowest.file})`);
  expect(failures).toEqual([]);
  expect([...done.values()].filter((row) => row.error?.trim() === '' || (row.frames === 0 && row.error === undefined))).toEqual([]);
  expect([...files.keys()].filter((file) => !done.has(file))).toEqual([]);
  expect(peak / 1024).toBeLessThan(MEMORY);
}, 1_800_000);
