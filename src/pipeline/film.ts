/**
 * @file A film's settings → its frames at native size, window by window, on weights that are loaded and whatever backend they came with. Runs wherever JavaScript runs:
 * folders, files and memory of a machine are pipeline.ts, a browser's worker is src/web.
 */
import { fromModel, sliceFrames, type Frames } from '../media/frames.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { SPACE_FACTOR } from '../models/vae/config.ts';
import type { GivenParts, WindowParts } from './sampling/context.ts';
import type { NativeFrames } from './delivery/deliver.ts';
import { denoiseProgram, encodeCaptions, filmLayout, textProgram, type CaptionTokens, type DitRuntime, type TextStates } from './sampling/denoise.ts';
import type { FilmSettings } from './settings/film-options.ts';
import { branchesOf, encodedFrames, imagesIn, regionsOf, windowSigmas, windowSize } from './settings/film-windows.ts';
import type { Job } from './job.ts';
import { joinedFrames } from './delivery/join.ts';
import type { ModelInfo } from './model/model-info.ts';
import type { WindowKeyOptions } from './parts.ts';
import { Reel } from './delivery/reel.ts';
import { madeBy, type FilmWindow } from './settings/timeline.ts';
import { leadsElsewhere } from './sampling/passage.ts';
import { chunkProgram, decodeFilm, type VaeRuntime } from './sampling/vae-stream.ts';
import { sampleWindow } from './sampling/window.ts';

/** What is loaded once. */
export interface Runtime { readonly vae: VaeRuntime; readonly dit: DitRuntime; readonly tokenizer: CaptionTokenizer }

/** Compiles the programs of a film that are not there yet. */
export async function prepareFilm({ vae, dit }: Runtime, s: FilmSettings, windows: readonly FilmWindow[], check: () => void): Promise<void> {
  const side = SPACE_FACTOR * dit.config.patch, encoded = encodedFrames(s, windows);
  const steps = [
    ...[...new Set(s.shots.map((shot) => captionsRead(shot).length))].map((each) => () => textProgram(dit, each)),
    ...windows.flatMap((w) => {
      const film = { ...windowSize(w, s), height: s.height / side, width: s.width / side, regions: regionsOf(s, w) };
      return branchesOf(s, w).map((branches) => () => denoiseProgram(dit, filmLayout(film, branches)));
    }),
    () => chunkProgram(vae, 'decode', true, s),
    ...(s.frames > 1 ? [() => chunkProgram(vae, 'decode', false, s)] : []),
    ...(encoded > 0 ? [() => chunkProgram(vae, 'encode', true, s)] : []),
    ...(encoded > 1 ? [() => chunkProgram(vae, 'encode', false, s)] : []),
  ];
  for (const step of steps) { check(); await step(); }
}

/** What is read of the words, states by shot. */
export interface EncodedText {
  readonly states: readonly TextStates[];
  /** What the states were made of: the shot's captions and the unconditional one. */
  readonly captions: readonly (readonly CaptionTokens[])[];
  readonly ignored: readonly string[];
  readonly mended: Readonly<Record<string, string>>;
  readonly truncated: boolean;
}

/** The captions that a shot is told by: one, or one for each region. */
const captionsRead = ({ prompt, reads }: FilmSettings['shots'][number]): readonly string[] => reads?.regions?.prompts ?? [reads?.prompt ?? prompt];

/** Reads a film's words. */
export async function encodeText({ tokenizer, dit }: Runtime, { shots, negative }: FilmSettings): Promise<EncodedText> {
  const unconditional = tokenizer.encode(shots[0]!.reads?.negative ?? negative), told = shots.map((shot) => captionsRead(shot).map((prompt) => tokenizer.encode(prompt)));
  const prompts = told.flat(), all = [unconditional, ...prompts, ...shots.flatMap(({ reads }) => reads ?? [])], states: TextStates[] = [];
  for (const captions of told) states.push(await encodeCaptions(dit, captions, unconditional));
  return {
    ignored: [...new Set(all.toReversed().flatMap(({ ignored }) => [...ignored]))],
    mended: Object.assign({}, ...all.map(({ mended }) => mended)) as Record<string, string>,
    truncated: [unconditional, ...prompts].some(({ truncated }) => truncated), states, captions: told.map((captions) => [...captions, unconditional]),
  };
}

/** What {@link nativeFrames} makes a film of. */
export interface NativeFramesOptions {
  readonly runtime: Runtime;
  readonly latent: ModelInfo['latent'];
  readonly s: FilmSettings;
  readonly windows: readonly FilmWindow[];
  readonly given: GivenParts;
  readonly text: EncodedText;
  /** Latents of a window that an earlier run left, or those that `sample` makes. Null: always made. */
  readonly kept: ((window: Omit<WindowKeyOptions, 'info'>, sample: () => Promise<Float32Array>) => Promise<Float32Array>) | null;
  readonly job: Job;
}

/** The film's frames in order. */
export async function* nativeFrames({ runtime, latent, s, windows, given, text, kept, job }: NativeFramesOptions): AsyncGenerator<NativeFrames> {
  const reel = new Reel(s, windows), steps = windows.map((w) => windowSigmas(s, w).length - 1), all = steps.reduce((sum, n) => sum + n, 0);
  const { vae, dit } = runtime, { states, captions } = text, region = given.source?.region ?? null, start = given.source ? s.source!.strength === 0 : false;
  for (const { clip, frame } of given.clips) reel.put(frame, clip, true);
  if (start) reel.put(0, given.source!.film, true);
  let sampled = 0, decoded = 0;
  job.start('sample', all);
  for (const [i, w] of (start ? [] : windows).entries()) {
    yield* reel.ready();
    const { source } = given, images = imagesIn(w, given.images).map((image) => ({ ...image, frame: image.frame - w.start }));
    const parts = { images, ...reel.read(w), source: source && sliceFrames(source.film, w.start, w.end) };
    const ends = passageShots(s, w, parts), told = ends ?? [w.shot];
    const sample = (): Promise<Float32Array> => sampleWindow({
      vae, dit, latent, settings: s, window: w, parts, region, text: states[w.shot]!, passage: ends && { from: states[ends[0]]!, to: states[ends[1]]! },
      done: (step) => { job.report('sample', sampled + step, all); }, ...(job.show && { show: job.show }), ...(job.signal ? { signal: job.signal } : {}),
    });
    const latents = await (kept?.({ settings: s, window: w, parts, region, captions: told.flatMap((shot) => captions[shot]!) }, sample) ?? sample());
    job.report('sample', sampled += steps[i]!, all);              // a window that was there made no steps of its own
    job.lap('sample');
    if (i === 0) job.report('decode', 0, s.frames);
    const known = { beginning: parts.beginning, ending: parts.ending }, made = madeBy(w);
    let at = w.start + w.before;
    for await (const piece of joinedFrames(decodedFrames(vae, latents, s), w.end - w.start, known)) {
      const from = Math.max(at, made.start), to = at + piece.count;
      if (from < to) {
        const frames = sliceFrames(piece, from - at);
        reel.put(from, source && region ? withinRegion(frames, sliceFrames(source.film, from, to), region) : frames, source ? region : null);
        job.report('decode', decoded += frames.count, s.frames);
      }
      at = to;
      job.lap('decode');
      yield* reel.ready();
      job.check();
    }
  }
  yield* reel.ready();
}

/** The shots that a window passes between where what it sees of them shows different things; none is told by regions, whose places are those of one scene. */
function passageShots({ shots, frames }: FilmSettings, w: FilmWindow, { beginning, ending }: WindowParts): readonly [number, number] | undefined {
  if (!beginning || !ending || !leadsElsewhere(beginning, ending)) return undefined;
  const shotAt = (frame: number): number => shots.findLastIndex(({ start }) => start <= frame);
  const ends = [shotAt(w.start + w.before - 1), shotAt((w.end - w.after) % frames)] as const;
  return ends.some((shot) => shots[shot]!.reads?.regions) ? undefined : ends;
}

/** Decoded pieces of a window as bytes. */
async function* decodedFrames(vae: VaeRuntime, latents: Float32Array, { width, height, fps }: FilmSettings): AsyncGenerator<Frames> {
  for await (const chunk of decodeFilm(vae, latents, { width, height })) yield fromModel(chunk, { count: chunk.length / (3 * width * height), width, height, channels: 3, fps });
}

/** `frames` within the region, `source` outside of it. */
function withinRegion(frames: Frames, source: Frames, region: Uint8Array): Frames {
  const data = source.data.slice();
  for (let i = 0; i < data.length / 3; i++) if (region[i % region.length]) data.set(frames.data.subarray(3 * i, 3 * i + 3), 3 * i);
  return { ...frames, data };
}
