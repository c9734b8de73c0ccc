/**
 * @file The journal of an ingest: append-only JSON lines, each on the disk before the work goes on. A line is written after all that it speaks of; one that a crash cut off
 * is dropped when the journal is opened again. So what it says is true, and what it does not say was not done.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';
import { CAMERA_TAGS } from './motion.ts';
import { REFUSALS } from './stages.ts';

/** Where captions come from. */
export const CAPTION_SOURCES = ['given', 'endpoint', 'measured'] as const;

const place = { source: z.string(), shot: z.int().min(0), part: z.int().min(0), start: z.number(), end: z.number() };
const clipSchema = z.object({
  kind: z.literal('clip'), ...place,
  file: z.string(), width: z.int().positive(), height: z.int().positive(), frames: z.int().positive(), fps: z.number().positive(),
  caption: z.string(), captionFrom: z.enum(CAPTION_SOURCES), tags: z.array(z.string()),
  brightness: z.number(), colours: z.array(z.string()), hash: z.string(),
  motion: z.object({ own: z.number(), speed: z.number(), camera: z.array(z.enum(CAMERA_TAGS)) }).nullable(),
});
const refusedSchema = z.object({ kind: z.literal('refused'), ...place, stage: z.enum(REFUSALS), reason: z.string(), picture: z.string().optional() });
const doneSchema = z.object({
  kind: z.literal('done'), source: z.string(), bytes: z.number(), modified: z.number(), frames: z.int().min(0), damaged: z.int().min(0), error: z.string().optional(),
});
/** Raised when the same films and options give other clips: a dataset that was begun before is read, and not gone on with. 2: frames are cut and scaled in one step. */
export const JOURNAL_VERSION = 2;
const beginSchema = z.object({ kind: z.literal('begin'), kinora: z.literal('footage'), version: z.int().min(1).max(JOURNAL_VERSION), options: z.string() });
const rowSchema = z.discriminatedUnion('kind', [beginSchema, clipSchema, refusedSchema, doneSchema]);

/** A clip that was kept: where it lies, its size, caption, and what was measured. */
export type ClipRow = Readonly<z.infer<typeof clipSchema>>;
/** A part of a shot that was refused; `picture` is a small JPEG in base64. */
export type RefusedRow = Readonly<z.infer<typeof refusedSchema>>;
/** A source that is finished: with `error` where it could not be read, or not to its end. */
export type DoneRow = Readonly<z.infer<typeof doneSchema>>;
/** One line. The first one says by which options the dataset is made. */
export type JournalRow = Readonly<z.infer<typeof rowSchema>>;

/** An open journal. */
export class Journal {
  /** The rows that were there when it was opened. */
  readonly before: readonly JournalRow[];
  readonly #file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, handle: FileHandle, before: readonly JournalRow[]) { this.#file = file; this.#handle = handle; this.before = before; }

  /** Opens or starts a journal; a last line without an end is cut off. Throws a FileError for a damaged one. */
  static async open(file: string): Promise<Journal> {
    try {
      const handle = await open(file, 'a+');
      try {
        const bytes = await readFile(file), whole = bytes.lastIndexOf(10) + 1;
        if (whole < bytes.length) await handle.truncate(whole);
        return new Journal(file, handle, parseJournal(bytes.subarray(0, whole).toString('utf8'), file));
      } catch (cause) { await handle.close(); throw cause; }
    } catch (cause) { throw fileError('open', file, cause); }
  }

  /** Appends a row; resolves when it is on the disk. */
  async add(row: JournalRow): Promise<void> {
    try {
      await this.#handle.appendFile(`${JSON.stringify(row)}\n`);
      await this.#handle.datasync();
    } catch (cause) { throw fileError('write', this.#file, cause); }
  }

  async close(): Promise<void> { await this.#handle.close(); }
}

/** The rows of a journal's text. */
export function parseJournal(text: string, file: string): JournalRow[] {
  return text.split('\n').filter((line) => line !== '').map((line, i) => {
    try { return rowSchema.parse(JSON.parse(line)); } catch (cause) { throw new FileError(`cannot read ${file}: line ${i + 1} is no row of it`, { cause }); }
  });
}
