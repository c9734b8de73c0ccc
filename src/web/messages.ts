/**
 * @file What the page and its worker say to each other. Errors travel as data and become their classes again on the page.
 */
import { CancelledError, FileError, InputError, KinoraError, ResourceError } from '../core/errors.ts';
import type { Precision } from '../backend/ort/devices.ts';
import type { WebDevice } from '../backend/ort/web.ts';
import type { Frames } from '../media/frames.ts';
import type { FilmOptions } from '../pipeline/settings/film-options.ts';
import type { FilmProgress, PhaseTimes } from '../pipeline/job.ts';
import type { ModelInfo } from '../pipeline/model/model-info.ts';

/** Which model, and what computes. */
export interface OpenMessage {
  readonly kind: 'open';
  /** Addresses of the folders; they end in a slash. */
  readonly url: string;
  readonly engine: string;
  readonly device: WebDevice;
  readonly precision: Precision;
  /** Null: as many as the machine has, up to 8, where the page is cross-origin isolated, else one. */
  readonly threads: number | null;
  readonly cache: boolean;
}

/** What decides a film's pictures: of the library's options those that need no files. */
export const WEB_FILM_OPTIONS = [
  'prompt', 'negative', 'seed', 'frames', 'seconds', 'width', 'height', 'fps', 'steps', 'guidance', 'interval', 'rescale', 'sampler', 'quantize', 'shots', 'loop', 'vary',
  'longBy', 'draft', 'scale', 'palette', 'steady', 'expand',
] as const satisfies readonly (keyof FilmOptions)[];
/** The options of a film. Without `scale` frames come at native size. */
export type WebFilmOptions = Pick<FilmOptions, (typeof WEB_FILM_OPTIONS)[number]>;

/** From the page. */
export type ToWorker = OpenMessage
  | { readonly kind: 'generate'; readonly id: number; readonly options: WebFilmOptions }
  | { readonly kind: 'cancel'; readonly id: number };

/** How far the model's files are. */
export interface LoadProgress {
  readonly file: string;
  /** Bytes of all files that are there, of `total`. */
  readonly bytes: number;
  readonly total: number;
  /** Whether the file came from the cache. */
  readonly cached: boolean;
}

/** What is known of a film when it is done. */
export interface WebFilmFacts {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  readonly seed: number;
  /** Id of the model. */
  readonly model: string;
  readonly steps: number;
  /** Words of the prompt that the model does not know. */
  readonly ignored: readonly string[];
  /** Present when words seemed mistyped: as which known words they were read. */
  readonly mended?: Readonly<Record<string, string>>;
  /** Present when the end of the prompt did not fit. */
  readonly truncated?: true;
  /** Present when the model read something else than the prompt: what it read. */
  readonly expanded?: string;
  readonly ms: PhaseTimes;
}

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'loading'; readonly progress: LoadProgress }
  | { readonly kind: 'opened'; readonly info: ModelInfo; readonly threads: number }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: FilmProgress }
  | { readonly kind: 'frame'; readonly id: number; readonly frame: Frames; readonly index: number }
  | { readonly kind: 'done'; readonly id: number; readonly film: WebFilmFacts }
  | { readonly kind: 'failed'; readonly id: number | null; readonly error: ErrorData };

/** An error as data. */
export interface ErrorData { readonly code: string; readonly message: string }

const CLASSES = { invalid_input: InputError, file: FileError, resource: ResourceError, cancelled: CancelledError } as const;

/** An error's data. */
export const errorData = (error: unknown): ErrorData =>
  ({ code: error instanceof KinoraError ? error.code : 'bug', message: error instanceof Error ? error.message : String(error) });

/** The error that data tell of. */
export const errorOf = ({ code, message }: ErrorData, o: ErrorOptions = {}): Error =>
  (Object.hasOwn(CLASSES, code) ? new CLASSES[code as keyof typeof CLASSES](message, o) : new Error(message, o));
