/**
 * @file What a job tells its worker: plain JSON, decided when the request came in (seed and sizes too), so that whoever makes the film, however often it is begun
 * again, makes the same one. Given pictures lie in the job's own folder under fixed names (store.ts): no path of a client is in here.
 */
import { z } from 'zod';
import { JOINS } from '../../pipeline/settings/timeline.ts';
import type { AskedWords } from '../policy/policy.ts';

const count = z.int().positive();

/** A film to be made. */
export const filmSpec = z.object({
  kind: z.enum(['create', 'edit', 'extend']),
  /** Of a served model. */
  model: z.string(),
  prompt: z.string(), negative: z.string().optional(), seed: z.int().min(0),
  /** How the model makes it. */
  native: z.object({ width: count, height: count, frames: count, fps: z.number().positive() }),
  /** How it is handed out. */
  deliver: z.object({ width: count, height: count, frames: count, fps: z.number().positive() }),
  steps: count.optional(), guidance: z.number().optional(), loop: z.boolean().optional(),
  strength: z.number().optional(),
  /** Seconds that are made after the source. */
  extend: z.number().positive().optional(),
  shots: z.array(z.object({ at: z.number(), prompt: z.string(), join: z.enum(JOINS) })).optional(),
  /** Whether the job's folder holds an image for the film's beginning, and a film to act on. */
  image: z.boolean().optional(), source: z.boolean().optional(),
});
export type FilmSpec = z.infer<typeof filmSpec>;

/** The words of a film, as a policy reads them. */
export const askedWords = ({ prompt, negative, shots = [], model }: FilmSpec): AskedWords => ({ prompt, negative, shots: shots.map((shot) => shot.prompt), model });

/** What is known of a film that was made. */
export const madeFacts = z.object({
  frames: count, bytes: count, ignored: z.array(z.string()), notes: z.array(z.string()),
  /** Windows that an earlier worker had finished. */
  reused: z.int().min(0).default(0),
  /** Milliseconds by phase. */
  ms: z.record(z.string(), z.number()),
  /** Sums over the packs of denoising steps that the film took part in. */
  packs: z.object({ packs: count, ms: z.number(), tokens: count, films: count }).optional(),
});
export type MadeFacts = z.infer<typeof madeFacts>;

/** A job in a worker's hands. Only who holds the highest `fence` may publish. */
export interface Lease { readonly id: string; readonly fence: number }
/** What a worker gets. */
export interface ClaimedJob extends Lease { readonly spec: FilmSpec }

/** How far a job is. */
export interface JobProgress { readonly stage: string; /** 0 to 99. */ readonly progress: number }

/** Why a film was not made, as its object says it. */
export interface JobFailure { readonly code: string; readonly message: string }

/** A film that was made: where its files lie in the job's folder. */
export interface MadeFilm { readonly assets: string; readonly facts: MadeFacts }

/** Where a worker gets jobs from and brings films to: the database, or the server that started it. */
export interface JobSource {
  claim(): Promise<ClaimedJob | null>;
  /** False: the job is no longer this worker's. */
  renew(lease: Lease, progress: JobProgress): Promise<boolean>;
  /** Shows what the film looks like so far: a WebP file, base64. False: the job is no longer this worker's. */
  preview(lease: Lease, image: string): Promise<boolean>;
  /** False: somebody else has it, or it was cancelled; the film must not be seen. */
  publish(lease: Lease, made: MadeFilm): Promise<boolean>;
  /** `again`: it may be tried once more. */
  fail(lease: Lease, error: JobFailure, again: boolean): Promise<boolean>;
  /** Hands it back because this machine cannot make it; another one may. */
  refuse(lease: Lease, error: JobFailure): Promise<void>;
  /** Hands it back unfinished. */
  release(lease: Lease): Promise<void>;
}

/** What a film becomes in the queue. */
export interface PlannedFilm {
  readonly askedModel: string;
  readonly size: string;
  readonly seconds: string;
  readonly spec: FilmSpec;
  readonly work: number;
}
