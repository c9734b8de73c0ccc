/**
 * @file Where a film goes on disk: its file, opened before the work starts, and the windows that are kept beside it.
 */
import { extname } from 'node:path';
import { checkTransparent } from '../../media/film-format.ts';
import type { FilmMetadata } from '../../media/metadata.ts';
import type { FilmSink } from '../../media/sink.ts';
import type { FilmSettings } from '../settings/film-options.ts';
import type { JobOptions } from '../job.ts';
import { checkResumable, keptSeed, openParts, type PartStore } from '../parts.ts';

/** The place of one film of `count`. */
export class Outlet {
  readonly #o: JobOptions;
  readonly #count: number;

  constructor(o: JobOptions, count: number) { this.#o = o; this.#count = count; }

  /** The film's file; undefined when none was asked for. */
  async openSink(s: FilmSettings, metadata: () => FilmMetadata): Promise<FilmSink | undefined> {
    const output = this.#output(s);
    if (output === undefined) return undefined;
    if (s.transparent) checkTransparent(output);
    const { openSink } = await import('../../media/sink.ts');
    return openSink(output, { width: s.width * s.scale, height: s.height * s.scale, fps: s.fps, frames: s.frames, metadata: metadata(), signer: this.#o.signer });
  }

  /** The film's windows on disk; null for a film that needs none. */
  async openParts(s: FilmSettings, windows: number): Promise<PartStore | null> {
    const output = this.#output(s), { resume = false, keepParts = false } = this.#o;
    return output === undefined ? null : openParts({ output, windows, seed: (s.vary ?? s).seed, resume, keepParts });
  }

  #output(s: FilmSettings): string | undefined {
    const { output } = this.#o;
    return output !== undefined && this.#count > 1 ? numbered(output, (s.vary ?? s).seed) : output;
  }
}

/** The seed of a film that asks for none: that of the film which it goes on with, or any. */
export async function drawnSeed(o: JobOptions & { readonly seed?: number }, count: number): Promise<number> {
  checkResumable(o, o, count);
  const kept = o.output !== undefined && count === 1 && (o.resume || o.keepParts) ? await keptSeed(o.output) : undefined;
  return kept ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** `film.mp4` → `film-7.mp4`, `frames/` → `frames-7`. */
function numbered(output: string, seed: number): string {
  const path = output.replace(/[/\\]+$/, ''), extension = extname(path);
  return `${extension === '' ? path : path.slice(0, -extension.length)}-${seed}${extension}`;
}
