/**
 * @file Folders of footage to a dataset of clips with captions: each file is decoded once, cut into parts of shots, judged, captioned and written (read-source.ts). One thing after
 * the other, so that the same files and options give the same dataset, and one that was interrupted goes on to the same end (journal.ts). Originals are only read.
 */
import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { InputError, oneOf } from '../../core/errors.ts';
import { lockFolder } from '../../media/lock.ts';
import { readCaptionTable } from './captions.ts';
import { DATASET_FILES, writeWhole } from './dataset.ts';
import type { ClipRow, DoneRow, Journal, RefusedRow } from './journal.ts';
import { Ledger, openJournal } from './ledger.ts';
import { type Captioner, type IngestSettings, readSource } from './read-source.ts';
import { footageReport } from './report.ts';
import { findSources } from './sources.ts';
import { type Refusal, type Stage, STAGES } from './stages.ts';

/** How far an ingest is. */
export interface IngestProgress {
  /** Sources that are done, of `total`. */
  readonly done: number;
  readonly total: number;
  readonly source: string;
  /** Clips so far, and parts that were refused. */
  readonly kept: number;
  readonly refused: number;
}

/** Options of {@link ingest}. */
export interface IngestOptions {
  /** Files and folders to read. */
  readonly inputs: readonly string[];
  /** Folder of the dataset. New, empty, or a dataset that was begun with the same options: then it goes on. */
  readonly out: string;
  /** Stages that are left out. Default: none. */
  readonly skip?: readonly Stage[];
  /** A table of captions, .csv or JSON lines. Default: captions or metadata .jsonl or .csv at the top of each folder. */
  readonly captions?: string;
  /** Who describes clips without a given caption. Default: their files' names and what was measured. */
  readonly captioner?: Captioner;
  /** Frames a second of clips. Default 8. */
  readonly fps?: number;
  /** Shortest clip, frames. Default 9. */
  readonly minFrames?: number;
  /** Longest clip, frames, 4n + 1. Default 33. */
  readonly maxFrames?: number;
  /** Most pixels of a clip's frame. Default 65,536. */
  readonly area?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
}

/** What an ingest made. */
export interface IngestResult {
  readonly clips: readonly ClipRow[];
  /** Parts of shots that were refused. */
  readonly refused: readonly RefusedRow[];
  /** Sources that are finished; with `error` where they could not be read, or not to their end. */
  readonly sources: readonly DoneRow[];
  /** Files of the dataset. */
  readonly manifest: string;
  readonly report: string;
  /** What the user should know, as sentences. */
  readonly notes: readonly string[];
}

/** Two that write one journal would give a dataset that neither made. */
const LOCK = { name: '.lock.json', what: 'the dataset', remedy: 'wait for it, stop it, or name another folder' };

function settingsOf({ skip = [], fps = 8, minFrames = 9, maxFrames = 33, area = 65_536 }: IngestOptions): IngestSettings {
  for (const stage of skip) oneOf('stage', stage, Object.keys(STAGES) as Stage[]);
  if (!(fps >= 1 && fps <= 60)) throw new InputError(`${fps} frames a second are not possible: wanted 1 to 60`);
  if (!Number.isInteger(minFrames) || minFrames < 1 || minFrames > maxFrames)
    throw new InputError(`clips of at least ${minFrames} frames are not possible: wanted 1 to ${maxFrames}`);
  if (!Number.isInteger(maxFrames) || maxFrames % 4 !== 1 || maxFrames > 257)
    throw new InputError(`clips of at most ${maxFrames} frames are not possible: wanted 4n + 1, from 1 to 257`);
  if (!Number.isInteger(area) || area < 64 || area > 2 ** 21) throw new InputError(`frames of ${area} pixels are not possible: wanted 64 to ${2 ** 21}`);
  return { skip: new Set(skip), fps, minFrames, maxFrames, area };
}

/**
 * Reads footage and writes a dataset of clips. A file that cannot be read is refused with its reason. Throws an InputError when nothing is kept, that says what to
 * change; a ResourceError when another process writes the dataset; a CancelledError when `signal` aborts: called again, it goes on.
 */
export async function ingest(o: IngestOptions): Promise<IngestResult> {
  const settings = settingsOf(o), out = resolve(o.out), { sources, tables } = await findSources(o.inputs, out);
  if (sources.length === 0) throw new InputError(`no footage in ${o.inputs.join(', ')}: wanted films (MP4, MOV, WebM, MKV, AVI, GIF, WebP), images, or folders of numbered images`);
  const given = new Map<string, string>(), notes: string[] = [];
  for (const table of o.captions === undefined ? tables : [o.captions]) for (const [file, caption] of await readCaptionTable(table)) given.set(file, caption);
  const identity = JSON.stringify({ ...settings, skip: [...settings.skip].sort(), captioner: o.captioner?.name });
  const unlock = await lockFolder(out, LOCK);
  let journal: Journal | undefined;
  try {
    journal = await openJournal(out, identity);
    const ledger = new Ledger(journal), waiting: string[] = [];
    for (const [i, source] of sources.entries()) {
      const id = relative(out, source.path).split(sep).join('/'), before = ledger.done.get(id);
      const tell = (): void => { o.onProgress?.({ done: i, total: sources.length, source: id, kept: ledger.clips.length, refused: ledger.refused.length }); };
      tell();
      if (before) {
        const now = await stat(source.path).catch(() => undefined);
        if (now && source.kind === 'file' && (now.size !== before.bytes || now.mtimeMs !== before.modified))
          notes.push(`${id} has changed since it was read: for its new content name a new folder for the dataset`);
        continue;
      }
      const { captioner, signal } = o, optional = { ...(captioner ? { captioner } : {}), ...(signal ? { signal } : {}) };
      const missing = await readSource({ source, id, ledger, settings, out, given, tell, ...optional });
      if (missing !== undefined) { waiting.push(id); if (!notes.includes(missing)) notes.push(missing); }
    }
    o.onProgress?.({ done: sources.length, total: sources.length, source: '', kept: ledger.clips.length, refused: ledger.refused.length });
    for (const file of given.keys()) if (!sources.some((s) => s.path === file)) notes.push(`a caption is given for ${relative(out, file)}, which is not among the files`);
    if (waiting.length > 0) notes.push(`${waiting.length} of ${sources.length} files wait for it: ${waiting.slice(0, 3).join(', ')}${waiting.length > 3 ? ', …' : ''}`);
    return await finish(out, ledger, notes, settings);
  } finally { await journal?.close(); unlock(); }
}

/** What to do about a refusal, as the end of a sentence. */
const ADVICE: Readonly<Record<Refusal, string>> = {
  dark: 'skip stage dark', still: 'skip stage still', flicker: 'skip stage flicker', text: 'skip stage text', duplicates: 'skip stage duplicates',
  short: 'ask for fewer frames or more frames a second', small: 'use larger films', caption: 'put a .txt beside each file, or do not skip stages name and tags',
  file: 'the files have to be films or images',
};

/** Manifest and report; an InputError when there is nothing. */
async function finish(out: string, ledger: Ledger, notes: readonly string[], settings: IngestSettings): Promise<IngestResult> {
  const { clips, refused } = ledger, sources = [...ledger.done.values()], manifest = join(out, DATASET_FILES.manifest), report = join(out, DATASET_FILES.report);
  await writeWhole(manifest, Buffer.from(clips.map((row) => `${JSON.stringify(row)}\n`).join('')));
  await writeWhole(report, Buffer.from(await footageReport({ out, clips, refused, sources, notes, skipped: [...settings.skip] })));
  if (clips.length === 0) {
    const counts = new Map<Refusal, number>(), unread = sources.filter((s) => s.error !== undefined).length;
    for (const { stage } of refused) counts.set(stage, (counts.get(stage) ?? 0) + 1);
    if (unread > 0) counts.set('file', unread);
    const why = [...counts].sort((a, b) => b[1] - a[1]).map(([stage, n]) => `${n} ${stage} (${ADVICE[stage]})`);
    throw new InputError(`no clip is kept: ${[...why, ...notes].join('; ')}; ${report} shows each with its reason`);
  }
  return { clips, refused, sources, manifest, report, notes };
}
