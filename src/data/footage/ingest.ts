/**
 * @file Folders of footage to a dataset of clips with captions: each file is decoded once, cut into parts of shots, judged, captioned and written. One thing after the
 * other, so that the same files and options give the same dataset, and one that was interrupted goes on to the same end (journal.ts). Originals are only read.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import sharp from 'sharp';
import { CancelledError, InputError, oneOf, ResourceError } from '../../core/errors.ts';
import { type Fit, streamFilm } from '../../media/film-stream.ts';
import { type Frames, sliceFrames } from '../../media/frames.ts';
import { discardAllLeft, fileError } from '../../media/pending.ts';
import { captionBeside, type CaptionTable, colourNames, nameWords, readCaptionTable, tagsOf } from './captions.ts';
import { type ClipSize, fitWhole } from './clips.ts';
import { DATASET_FILES, encodeClip, writeWhole } from './dataset.ts';
import { DuplicateIndex } from './duplicates.ts';
import { type ClipRow, type DoneRow, Journal, JOURNAL_VERSION, type JournalRow, type RefusedRow } from './journal.ts';
import { judge, type Judged } from './judge.ts';
import { footageReport } from './report.ts';
import { type Segment, segments } from './segments.ts';
import { findSources, plainName, type Source } from './sources.ts';
import { type Refusal, type Stage, STAGES } from './stages.ts';

/** What a {@link Captioner} is told. */
export interface CaptionRequest {
  /** First, middle and last frame, RGB. */
  readonly pictures: readonly Frames[];
  /** What was measured, in words. */
  readonly tags: readonly string[];
  /** Words of the file's name, or ''. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

/** Something that describes clips which have no given caption. It throws where it cannot: a clip is never described by something else instead. */
export interface Captioner {
  /** What it is, for the record: the same name, the same captions. */
  readonly name: string;
  readonly describe: (request: CaptionRequest) => Promise<string>;
}

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

/** Sides of the brightness planes, and of the pictures in the report, pixels. */
const LUMA_SIDE = 256, THUMB_SIDE = 128;
/** Pictures have room for bars that are cut off: so many times a clip's area. */
const PICTURE_ROOM = 2;

type Settings = Required<Pick<IngestOptions, 'fps' | 'minFrames' | 'maxFrames' | 'area'>> & { readonly skip: ReadonlySet<Stage> };

function settingsOf({ skip = [], fps = 8, minFrames = 9, maxFrames = 33, area = 65_536 }: IngestOptions): Settings {
  for (const stage of skip) oneOf('stage', stage, Object.keys(STAGES) as Stage[]);
  if (!(fps >= 1 && fps <= 60)) throw new InputError(`${fps} frames a second are not possible: wanted 1 to 60`);
  if (!Number.isInteger(minFrames) || minFrames < 1 || minFrames > maxFrames)
    throw new InputError(`clips of at least ${minFrames} frames are not possible: wanted 1 to ${maxFrames}`);
  if (!Number.isInteger(maxFrames) || maxFrames % 4 !== 1 || maxFrames > 257)
    throw new InputError(`clips of at most ${maxFrames} frames are not possible: wanted 4n + 1, from 1 to 257`);
  if (!Number.isInteger(area) || area < 64 || area > 2 ** 21) throw new InputError(`frames of ${area} pixels are not possible: wanted 64 to ${2 ** 21}`);
  return { skip: new Set(skip), fps, minFrames, maxFrames, area };
}

async function thumbnail(picture: Frames): Promise<string> {
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const jpeg = await sharp(picture.data, { raw }).resize({ width: THUMB_SIDE, height: THUMB_SIDE, fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 60 }).toBuffer();
  return jpeg.toString('base64');
}

async function openJournal(out: string, options: string): Promise<Journal> {
  await mkdir(join(out, DATASET_FILES.clips), { recursive: true }).catch((cause: unknown) => { throw fileError('make', out, cause); });
  const names = await readdir(out), ours: readonly string[] = Object.values(DATASET_FILES);
  const other = names.find((name) => !ours.includes(name) && !name.startsWith('.'));
  if (other !== undefined && !names.includes(DATASET_FILES.journal)) throw new InputError(`${out} holds other files (${other}): name a new folder for the dataset`);
  for (const folder of [out, join(out, DATASET_FILES.clips)]) await discardAllLeft(folder);
  const journal = await Journal.open(join(out, DATASET_FILES.journal)), first = journal.before[0];
  if (first === undefined) await journal.add({ kind: 'begin', kinora: 'footage', version: JOURNAL_VERSION, options });
  else if (first.kind !== 'begin' || first.version !== JOURNAL_VERSION) {
    await journal.close();
    throw new InputError(`${out} was begun by another version of Kinora, which makes other clips: name a new folder for the dataset`);
  } else if (first.options !== options) {
    await journal.close();
    throw new InputError(`${out} was begun with other options (${first.options}, now ${options}): name a new folder for the dataset`);
  }
  return journal;
}

const partKey = (r: { readonly source: string; readonly shot: number; readonly part: number }): string => `${r.source}#${r.shot}#${r.part}`;
const sceneOf = (r: { readonly source: string; readonly shot: number }): string => `${r.source}#${r.shot}`;

/** What an ingest knows so far; every row goes to the journal first. */
class Ledger {
  readonly clips: ClipRow[] = [];
  readonly refused: RefusedRow[] = [];
  readonly done = new Map<string, DoneRow>();
  readonly index = new DuplicateIndex();
  readonly #journal: Journal;
  readonly #parts = new Set<string>();

  constructor(journal: Journal) { this.#journal = journal; for (const row of journal.before) this.#take(row); }

  knows(part: { readonly source: string; readonly shot: number; readonly part: number }): boolean { return this.#parts.has(partKey(part)); }

  async add(row: JournalRow): Promise<void> { await this.#journal.add(row); this.#take(row); }

  #take(row: JournalRow): void {
    switch (row.kind) {
      case 'begin': break;
      case 'done': this.done.set(row.source, row); break;
      case 'clip': this.clips.push(row); this.#parts.add(partKey(row)); this.index.add(row.file, sceneOf(row), row.hash); break;
      case 'refused': this.refused.push(row); this.#parts.add(partKey(row)); break;
      default: row satisfies never;
    }
  }
}

/**
 * Reads footage and writes a dataset of clips. A file that cannot be read is refused with its reason. Throws an InputError when nothing is kept, that says what to
 * change; a CancelledError when `signal` aborts: called again, it goes on.
 */
export async function ingest(o: IngestOptions): Promise<IngestResult> {
  const settings = settingsOf(o), out = resolve(o.out), { sources, tables } = await findSources(o.inputs, out);
  if (sources.length === 0) throw new InputError(`no footage in ${o.inputs.join(', ')}: wanted films (MP4, MOV, WebM, MKV, AVI, GIF, WebP), images, or folders of numbered images`);
  const given = new Map<string, string>(), notes: string[] = [];
  for (const table of o.captions === undefined ? tables : [o.captions]) for (const [file, caption] of await readCaptionTable(table)) given.set(file, caption);
  const identity = JSON.stringify({ ...settings, skip: [...settings.skip].sort(), captioner: o.captioner?.name });
  const journal = await openJournal(out, identity);
  try {
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
  } finally { await journal.close(); }
}

interface ReadOptions {
  readonly source: Source;
  readonly id: string;
  readonly ledger: Ledger;
  readonly settings: Settings;
  readonly out: string;
  readonly given: CaptionTable;
  readonly captioner?: Captioner;
  readonly signal?: AbortSignal;
  readonly tell: () => void;
}

/** One source, to its end. Returns a sentence where this machine lacks what it takes: such a source is not done, and read when ingest is called again. */
async function readSource(o: ReadOptions): Promise<string | undefined> {
  const { source, id, ledger, settings } = o, { size: bytes, mtimeMs: modified } = await stat(source.path).catch(() => ({ size: 0, mtimeMs: 0 }));
  let frames = 0, damaged = 0, ticks = 0, error: string | undefined;
  /** What the film itself fails with is its reason; what this machine lacks is not. */
  const refused = (cause: unknown): undefined => {
    if (cause instanceof ResourceError) throw cause;
    error = reasonOf(source.path, cause);
  };
  try {
    const pictureArea = PICTURE_ROOM * settings.area, fit = (film: ClipSize): Fit | undefined => fitWhole(film, settings.area, pictureArea);
    const stream = await streamFilm(source.path, { lumaSide: LUMA_SIDE, pictureArea, fit, imageFps: settings.fps }).catch(refused);
    if (stream) {
      const counted = (async function* () { for await (const frame of stream.frames) { frames++; damaged = stream.facts().damaged; yield frame; } })();
      const { fps, maxFrames: most, skip } = settings, parts = segments({ facts: stream.facts, frames: counted }, { fps, most, cuts: !skip.has('cuts'), bars: !skip.has('bars') });
      const following = (): Promise<IteratorResult<Segment> | undefined> => {
        const part = parts.next().catch(refused);
        part.catch(() => undefined);                              // told when it is waited for
        return part;
      };
      let coming = following();
      try {
        for (let next = await coming; next && !next.done; next = await coming) {
          if (o.signal?.aborted) throw new CancelledError('cancelled', { kept: `${o.out} keeps ${ledger.clips.length} clips, the same command goes on from them` });
          const { value } = next;
          ticks += value.samples.length;
          const image = frames === 1 && ticks === 1;
          coming = following();                                   // decoded while this one is judged and written; judged and written one after the other
          if (!ledger.knows({ source: id, shot: value.shot, part: value.part })) await readPart(value, o, image);
          o.tell();
        }
      } finally { await coming.catch(() => undefined); await counted.return(undefined); }
      damaged = stream.facts().damaged;
    }
  } catch (cause) {
    if (cause instanceof ResourceError && frames === 0) return cause.message.replace(`cannot read ${source.path}: `, '');
    throw cause;
  }
  await ledger.add({ kind: 'done', source: id, bytes, modified, frames, damaged, ...(error === undefined ? {} : { error }) });
  return undefined;
}

const reasonOf = (path: string, cause: unknown): string => fileError('read', path, cause).message.replace(/^cannot read (folder )?.*?: /s, '').replaceAll(path, 'it');

/** Judges, captions and writes a part; `image` where it is all of a still image. */
async function readPart(segment: Segment, o: ReadOptions, image: boolean): Promise<void> {
  const { source, id, ledger, settings } = o, { shot, part } = segment, at = { source: id, shot, part, start: round(segment.start), end: round(segment.end) };
  const refuse = async (stage: Refusal, reason: string, picture: Frames | undefined): Promise<void> =>
    ledger.add({ kind: 'refused', ...at, stage, reason, ...(picture ? { picture: await thumbnail(picture) } : {}) });
  const judged = judge(segment, { ...settings, image, index: ledger.index, scene: sceneOf(at) });
  if (!('clip' in judged)) return refuse(judged.stage, judged.reason, judged.picture);
  const { clip, hash, measures, motion } = judged, colours = colourNames(clip), words = await captionOf(judged, colours, o);
  if (words.caption === '') return refuse('caption', 'no caption is given, and nothing else may write one', sliceFrames(clip, clip.count >> 1, (clip.count >> 1) + 1));
  const mark = createHash('sha256').update(id).digest('hex').slice(0, 8);
  const file = `${DATASET_FILES.clips}/${plainName(source.path)}-${mark}-${String(shot).padStart(4, '0')}-${String(part).padStart(3, '0')}.webp`;
  await writeWhole(join(o.out, file), await encodeClip(clip));
  await ledger.add({
    kind: 'clip', ...at, file, width: clip.width, height: clip.height, frames: clip.count, fps: clip.fps, ...words, brightness: round(measures.brightness), colours, hash,
    motion: motion && { own: round(motion.own), speed: round(motion.speed), camera: [...motion.camera] },
  });
}

const round = (v: number): number => Math.round(v * 1e4) / 1e4;

/** A clip's caption: given, else by the captioner, else the file's name and what was measured. */
async function captionOf({ clip, measures, motion }: Judged, colours: readonly string[], { source, settings: { skip }, given, captioner, signal }: ReadOptions):
Promise<Pick<ClipRow, 'caption' | 'captionFrom' | 'tags'>> {
  const tags = tagsOf({ measures, motion, colours }), text = given.get(source.path) || await captionBeside(source.path), name = skip.has('name') ? '' : nameWords(source.path);
  if (text !== undefined && text !== '') return { caption: text, captionFrom: 'given', tags };
  if (captioner) {
    const pictures = [...new Set([0, clip.count >> 1, clip.count - 1])].map((t) => sliceFrames(clip, t, t + 1));
    return { caption: await captioner.describe({ pictures, tags, name, ...(signal ? { signal } : {}) }), captionFrom: 'endpoint', tags };
  }
  return { caption: [...(name === '' ? [] : [name]), ...(skip.has('tags') ? [] : tags)].join(', '), captionFrom: 'measured', tags };
}

/** What to do about a refusal, as the end of a sentence. */
const ADVICE: Readonly<Record<Refusal, string>> = {
  dark: 'skip stage dark', still: 'skip stage still', flicker: 'skip stage flicker', text: 'skip stage text', duplicates: 'skip stage duplicates',
  short: 'ask for fewer frames or more frames a second', small: 'use larger films', caption: 'put a .txt beside each file, or do not skip stages name and tags',
  file: 'the files have to be films or images',
};

/** Manifest and report; an InputError when there is nothing. */
async function finish(out: string, ledger: Ledger, notes: readonly string[], settings: Settings): Promise<IngestResult> {
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
