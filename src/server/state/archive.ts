/**
 * @file Everything that a server keeps, as one folder in open formats, and back: rows as lines of JSON, films and given pictures as files, and a list of all files with their
 * SHA-256, written last. An export appears whole, by renaming; an import checks the list before it changes anything, and shows nothing before all is in its place. Jobs that
 * are under way are exported as waiting: begun again they give the same bytes. Leases, requests and webhooks under way stay behind.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { CancelledError, FileError, InputError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';
import type { Database, Param } from './db/database.ts';
import type { Store } from './store.ts';

/** The file that lists the others. */
const LIST = 'kinora-export.json', FORMAT = 'kinora-export', VERSION = 1;

type Kind = 'text' | 'int' | 'float8' | 'boolean';
/** Tables with what is kept of them: column by column, its type. */
const TABLES = {
  jobs: {
    id: 'text', seq: 'int', owner: 'text', kind: 'text', status: 'text', progress: 'int', rev: 'int', fence: 'int', errors: 'int', lost: 'int', asked_model: 'text', model: 'text',
    size: 'text', seconds: 'text', prompt: 'text', spec: 'text', work: 'float8', source: 'text', remixed: 'boolean', created: 'float8', started: 'float8', completed: 'float8',
    deleted: 'float8', error_code: 'text', error_message: 'text', assets: 'text', facts: 'text', place: 'float8', paused: 'boolean', attempt: 'int', retry_of: 'text',
  },
  characters: { id: 'text', owner: 'text', name: 'text', created: 'float8', deleted: 'float8' },
  keys: { id: 'text', name: 'text', hash: 'text', created: 'float8', revoked: 'float8', waiting: 'int', films_per_day: 'int', seconds_per_day: 'float8' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;
type TableName = keyof typeof TABLES;
type Row = Record<string, Param>;
const NAMES = Object.keys(TABLES) as TableName[];

const listed = z.object({
  format: z.literal(FORMAT), version: z.int().min(1), created: z.string(),
  films: z.int().min(0), rows: z.object({ jobs: z.int(), characters: z.int(), keys: z.int() }),
  files: z.array(z.object({ path: z.string().regex(/^(?!.*\.\.)[\w-][\w./-]*$/), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

/** What was brought out or in. */
export interface Archived {
  /** Finished films, those in the trash too. */
  readonly films: number;
  /** Jobs that wait. */
  readonly waiting: number;
  readonly files: number;
  readonly bytes: number;
}

/** Options of {@link exportAll} and {@link importAll}. */
export interface ArchiveOptions {
  readonly db: Database;
  readonly store: Store;
  /** The folder of the export. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const stopWhen = (signal: AbortSignal): void => { if (signal.aborted) throw new CancelledError('cancelled', { cause: signal.reason }); };

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** The rows, in one view of the database. */
const rowsOf = (db: Database): Promise<Record<TableName, Row[]>> => db.transaction(async (tx) => {
  await tx.query('set transaction isolation level repeatable read');
  const rows = { jobs: [] as Row[], characters: [] as Row[], keys: [] as Row[] };
  for (const name of NAMES) {
    const order = name === 'jobs' ? 'seq' : 'created, id';
    rows[name] = await tx.query<Row>(`select ${Object.keys(TABLES[name]).join(', ')} from kinora_${name} order by ${order}`);
  }
  for (const row of rows.jobs) if (row['status'] === 'in_progress') row['status'] = 'queued';
  return rows;
});

/** Folders of the store that a job's row needs: what it was given, and its film. */
const foldersOf = (job: Row): string[] =>
  (job['assets'] === null ? job['deleted'] === null ? ['inputs'] : [] : ['inputs', String(job['assets'])]);

/** Brings everything out. `folder` must not exist, or be empty. Throws a FileError when it cannot be written, or a film's files are not there. */
export async function exportAll({ db, store, folder, signal, onProgress = () => {} }: ArchiveOptions): Promise<Archived> {
  const target = resolve(folder);
  if ((await readdir(target).catch((cause: NodeJS.ErrnoException) => { if (cause.code === 'ENOENT') return []; throw fileError('write', target, cause); })).length > 0)
    throw new InputError(`${folder} is not empty: name a folder that does not exist yet`);
  const rows = await rowsOf(db);
  await mkdir(dirname(target), { recursive: true }).catch((cause: unknown) => { throw fileError('make the folder', dirname(target), cause); });
  const part = await mkdtemp(join(dirname(target), `.${basename(target)}-`)).catch((cause: unknown) => { throw fileError('write', target, cause); });
  try {
    const files: { path: string; bytes: number; sha256: string }[] = [];
    const list = async (path: string): Promise<void> => {
      files.push({ path, bytes: (await stat(join(part, path))).size, sha256: await hashOf(join(part, path)) });
    };
    for (const name of NAMES) {
      await writeFile(join(part, `${name}.jsonl`), rows[name].map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 });
      await list(`${name}.jsonl`);
    }
    const copies = [...rows.jobs.flatMap((job) => foldersOf(job).map((sub) => ({ from: store.job(String(job['id'])), to: `films/${String(job['id'])}`, sub }))),
      ...rows.characters.filter((row) => row['deleted'] === null).map((row) => ({ from: store.character(String(row['id'])), to: `characters/${String(row['id'])}`, sub: '.' }))];
    for (const [i, { from, to, sub }] of copies.entries()) {
      stopWhen(signal);
      const found = await store.files(join(from, sub));
      if (found.length === 0 && sub !== 'inputs')
        throw new FileError(`the files of ${basename(from)} are not there: it was removed meanwhile, or ${store.root} is not its data folder`);
      for (const path of found) {
        const place = sub === '.' ? `${to}/${path}` : `${to}/${sub}/${path}`;
        await mkdir(dirname(join(part, place)), { recursive: true });
        await store.copyOut(join(from, sub, path), join(part, place));
        await list(place);
      }
      onProgress(i + 1, copies.length);
    }
    const told = summary(rows, files);
    const content = { format: FORMAT, version: VERSION, created: new Date().toISOString(), films: told.films,
      rows: { jobs: rows.jobs.length, characters: rows.characters.length, keys: rows.keys.length }, files } satisfies z.infer<typeof listed>;
    const handle = await open(join(part, LIST), 'wx');
    try { await handle.writeFile(`${JSON.stringify(content, null, 1)}\n`); await handle.sync(); } finally { await handle.close(); }
    stopWhen(signal);
    await rename(part, target);                                                                     // over an empty folder, or none
    return told;
  } catch (cause) { throw fileError('export to', target, cause); } finally { await rm(part, { recursive: true, force: true }); }
}

/** What rows and files come to. */
function summary({ jobs }: { readonly jobs: readonly Row[] }, files: readonly { readonly bytes: number }[]): Archived {
  return {
    films: jobs.filter((job) => job['assets'] !== null).length, waiting: jobs.filter((job) => job['status'] === 'queued' && job['deleted'] === null).length,
    files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The list of an export, with every file of it checked. */
async function checked(folder: string, o: Pick<ArchiveOptions, 'signal' | 'onProgress'>): Promise<z.infer<typeof listed>> {
  const text = await readFile(join(folder, LIST), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') throw new FileError(`${folder} is no export of Kinora, or half of one: it has no ${LIST}`, { cause });
    throw fileError('read', join(folder, LIST), cause);
  });
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw new FileError(`${folder}: ${LIST} is damaged: it is not JSON`, { cause }); }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw new FileError(`${folder} is no export of Kinora: its ${LIST} is of format ${JSON.stringify(format)}, wanted "${FORMAT}"`);
  if (typeof version === 'number' && version > VERSION)
    throw new FileError(`${folder} is an export of version ${version}, this program knows ${VERSION}: it was made by a later Kinora`);
  const parsed = listed.safeParse(value);
  if (!parsed.success) throw new FileError(`${folder}: ${LIST} is damaged: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`);
  const { files } = parsed.data, missing = NAMES.find((name) => !files.some(({ path }) => path === `${name}.jsonl`));
  if (missing) throw new FileError(`${folder}: ${LIST} is damaged: it does not list ${missing}.jsonl`);
  for (const [i, { path, bytes, sha256 }] of files.entries()) {
    stopWhen(o.signal);
    const file = join(folder, path), { size } = await stat(file).catch((cause: unknown) => { throw new FileError(`${folder} is not whole: ${path} is missing`, { cause }); });
    if (size !== bytes) throw new FileError(`${folder} is damaged: ${path} has ${size} bytes, not ${bytes}`);
    if (await hashOf(file) !== sha256) throw new FileError(`${folder} is damaged: ${path} is not as it was written`);
    o.onProgress?.(i + 1, files.length);
  }
  return parsed.data;
}

/** Rows of a file, each column of its type. */
async function readRows(folder: string, name: TableName): Promise<Row[]> {
  const lines = (await readFile(join(folder, `${name}.jsonl`), 'utf8')).split('\n').filter((line) => line !== ''), columns = Object.entries<Kind>(TABLES[name]);
  return lines.map((line, i) => {
    const wrong = (what: string): FileError => new FileError(`${folder}: line ${i + 1} of ${name}.jsonl ${what}`);
    let value: Record<string, unknown>;
    try { value = JSON.parse(line) as Record<string, unknown>; } catch { throw wrong('is not JSON'); }
    const id = value['id'];
    if (typeof id !== 'string' || !(name === 'keys' ? /^[0-9a-f]{12}$/ : /^(video|char)_[0-9a-f]{32}$/).test(id)) throw wrong('has no id of ours');
    if (name === 'jobs' && typeof value['assets'] === 'string' && !/^film-\d+$/.test(value['assets'])) throw wrong(`names a film ${value['assets']}: wanted film- and a number`);
    return Object.fromEntries(columns.map(([column, kind]) => {
      const cell = value[column] ?? null, type = kind === 'text' ? 'string' : kind === 'boolean' ? 'boolean' : 'number';
      if (cell !== null && typeof cell !== type) throw wrong(`has ${JSON.stringify(cell)} as ${column}: wanted ${kind}`);
      return [column, cell as Param];
    }));
  });
}

/** Brings an export into an empty database and data folder. Throws a FileError when the export is not whole, an InputError when there is something already. */
export async function importAll({ db, store, folder, signal, onProgress }: ArchiveOptions): Promise<Archived> {
  const from = resolve(folder);
  for (const name of NAMES) {
    const [{ count }] = await db.query<{ count: number }>(`select count(*)::int as count from kinora_${name}`) as [{ count: number }];
    if (count > 0) throw new InputError(`there are ${count} ${name} already: an import needs an empty server, name another with --data or --database`);
  }
  const { files } = await checked(from, { signal, ...(onProgress ? { onProgress } : {}) });
  const rows = { jobs: await readRows(from, 'jobs'), characters: await readRows(from, 'characters'), keys: await readRows(from, 'keys') };
  const paths = files.map(({ path }) => path);
  const homeless = rows.jobs.find((job) => job['assets'] !== null && !paths.some((path) => path.startsWith(`films/${String(job['id'])}/${String(job['assets'])}/`)));
  if (homeless) throw new FileError(`${folder} is not whole: it has no files of the film ${String(homeless['id'])}`);
  try {
    for (const { id } of rows.jobs as { id: string }[]) await store.discard(id);       // what an import that was killed has left
    for (const path of paths) {
      stopWhen(signal);
      const [, kind, id, rest] = /^(films|characters)\/((?:video|char)_[0-9a-f]{32})\/(.+)$/.exec(path) ?? [];
      if (kind === undefined) continue;
      await store.copyIn(join(from, path), join(kind === 'films' ? store.job(id!) : store.character(id!), rest!));
    }
  } catch (cause) { throw fileError('import into', store.root, cause); }
  await db.transaction(async (tx) => {
    for (const name of NAMES) {
      const columns = Object.entries<Kind>(TABLES[name]);
      await tx.query(`lock table kinora_${name} in exclusive mode`);
      const [some] = await tx.query(`select id from kinora_${name} limit 1`);
      if (some) throw new InputError(`somebody else uses this server: there are ${name} now`);
      for (const row of rows[name]) {
        await tx.query(`insert into kinora_${name} (${columns.map(([column]) => column).join(', ')}) overriding system value
          values (${columns.map(([, kind], i) => `$${i + 1}::${kind}`).join(', ')})`, columns.map(([column]) => row[column] ?? null));
      }
    }
    const last = Math.max(0, ...rows.jobs.map((job) => Number(job['seq'])));
    if (last > 0) await tx.query(`select setval(pg_get_serial_sequence('kinora_jobs', 'seq'), $1::int)::text`, [last]);
  });
  return summary(rows, files);
}
