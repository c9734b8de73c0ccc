/**
 * @file What a film says of itself: prompt, seed, model, settings, as one JSON object that every format carries, and the
 * facts that its container may not hold (frame rate of a PNG, grid of a sheet). ASCII only: other characters are written
 * as \uXXXX, so the text survives containers that know no Unicode (GIF comments).
 */
import { z } from 'zod';

/** Anything JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** How a film was made; enough to make it again. */
export interface FilmMetadata {
  readonly prompt: string;
  readonly seed: number;
  /** Id or folder of the model. */
  readonly model: string;
  /** Everything else: steps, guidance, sampler, … */
  readonly settings: { readonly [key: string]: Json };
}

/** Facts about the film as it lies in this file. */
export interface FilmFacts {
  /** Frames a second. */
  readonly fps: number;
  /** Pixels of one frame. */
  readonly width: number;
  /** Pixels of one frame. */
  readonly height: number;
  /** In this file; a numbered PNG of a folder holds one. */
  readonly frames: number;
  /** Sprite sheets: frames in a row of the grid, filled row by row from the top left. */
  readonly columns?: number;
}

/** What is written into a file. */
export interface Embedded {
  readonly metadata?: FilmMetadata;
  readonly film: FilmFacts;
}

const embeddedSchema = z.object({
  kinora: z.literal(1),
  metadata: z.object({
    prompt: z.string(), seed: z.number(), model: z.string(), settings: z.record(z.string(), z.json()),
  }).optional(),
  film: z.object({
    fps: z.number().positive(), width: z.int().positive(), height: z.int().positive(), frames: z.int().positive(),
    columns: z.int().positive().optional(),
  }),
});

/** The JSON text that a file carries. */
export function encodeEmbedded(e: Embedded): string {
  return JSON.stringify({ kinora: 1, metadata: e.metadata, film: e.film })
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Reads it back; undefined if the text is something else. */
export function decodeEmbedded(text: string | undefined): Embedded | undefined {
  if (!text?.startsWith('{"kinora":')) return undefined;
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  const parsed = embeddedSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { metadata, film: { columns, ...facts } } = parsed.data;
  return { ...(metadata && { metadata }), film: { ...facts, ...(columns !== undefined && { columns }) } };
}
