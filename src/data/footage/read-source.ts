/** @file One source of footage: decoded once, cut into parts of shots, each of which is judged, captioned and written, or refused with its reason. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { CancelledError, ResourceError } from '../../core/errors.ts';
import { type Fit, streamFilm } from '../../media/film-stream.ts';
import { type Frames, sliceFrames } from '../../media/frames.ts';
import { fileError } from '../../media/pending.ts';
import { captionBeside, type CaptionTable, colourNames, nameWords, tagsOf } from './captions.ts';
import { type ClipSize, fitWhole } from './clips.ts';
import { DATASET_FILES, encodeClip, writeWhole } from './dataset.ts';
import type { ClipRow } from './journal.ts';
import { judge, type Judged } from './judge.ts';
import { type Ledger, sceneOf } from './ledger.ts';
import { type Segment, segments } from './segments.ts';
import { plainName, type Source } from './sources.ts';
import type { Refusal, Stage } from './stages.ts';

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

/** Sides of the brightness planes, and of the pictures in the report, pixels. */
const LUMA_SIDE = 256, THUMB_SIDE = 128;
/** Pictures have room for bars that are cut off: so many times a clip's area. */
const PICTURE_ROOM = 2;

/** How clips are cut out of footage, checked. */
export interface IngestSettings {
  readonly fps: number;
  readonly minFrames: number;
  readonly maxFrames: number;
  readonly area: number;
  readonly skip: ReadonlySet<Stage>;
}

/** What {@link readSource} is told. */
export interface ReadOptions {
  readonly source: Source;
  readonly id: string;
  readonly ledger: Ledger;
  readonly settings: IngestSettings;
  readonly out: string;
  readonly given: CaptionTable;
  readonly captioner?: Captioner;
  readonly signal?: AbortSignal;
  readonly tell: () => void;
}

/** One source, to its end. Returns a sentence where this machine lacks what it takes: such a source is not done, and read when ingest is called again. */
export async function readSource(o: ReadOptions): Promise<string | undefined> {
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

async function thumbnail(picture: Frames): Promise<string> {
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const jpeg = await sharp(picture.data, { raw }).resize({ width: THUMB_SIDE, height: THUMB_SIDE, fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 60 }).toBuffer();
  return jpeg.toString('base64');
}
