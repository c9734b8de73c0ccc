/**
 * @file Words → film. A Pipeline is an opened model: weights and compiled programs stay for the next film. What can be known to fail (settings,
 * memory, images, the output's place) fails before weights are loaded. One film at a time; each is a pure function of its settings.
 */
import { dirname } from 'node:path';
import { ProgramCache } from '../backend/cache.ts';
import { FileError, InputError } from '../core/errors.ts';
import { concatFrames, fromModel, sliceFrames, type Frames } from '../media/frames.ts';
import { GroundKeyer } from '../media/key.ts';
import type { WrittenFilm } from '../media/sink.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { SPACE_FACTOR } from '../models/vae/config.ts';
import { readGiven, type GivenParts } from './context.ts';
import { deliveredFrames, type NativeFrames } from './deliver.ts';
import { denoiseProgram, encodeCaptions, filmLayout, textProgram, type CaptionTokens, type DitRuntime, type TextStates } from './denoise.ts';
import { drawnSeed, Job, type JobOptions, type PhaseTimes } from './job.ts';
import { expandShots } from './expand.ts';
import { int8Runtime } from './int8.ts';
import { checkMemory } from './memory.ts';
import { joinedFrames } from './join.ts';
import { adaptedRuntime, readLoras, type LoadedLora } from './lora.ts';
import { describeShots, openLooks, type LooksReader } from './looks.ts';
import { findModel, modelFile, readModelFile, readModelWeights, type InstalledModel } from './model-store.ts';
import { windowKey, type PartStore } from './parts.ts';
import { Reel } from './reel.ts';
import { filmMetadata } from './record.ts';
import type { FilmSettings } from './film-options.ts';
import { branchesOf, encodedFrames, imagesIn, windowSigmas, windowSize, windowsOf } from './film-windows.ts';
import { filmSettings } from './settings.ts';
import { steadied } from './steady.ts';
import { madeBy, type FilmWindow } from './timeline.ts';
import { chunkProgram, decodeFilm, type VaeRuntime } from './vae-stream.ts';
import { resolveWays, type FilmWays } from './ways.ts';
import { sampleWindow } from './window.ts';

/** What to make, where to, and who is told. */
export type GenerateOptions = FilmWays & JobOptions;

/** A film that was made. */
export interface GeneratedFilm {
  /** Null when no output was asked for. */
  readonly file: string | null;
  /** Pixels as delivered. */
  readonly width: number;
  readonly height: number;
  /** Pixels before scaling. */
  readonly native: { readonly width: number; readonly height: number };
  readonly frames: number;
  readonly fps: number;
  readonly seconds: number;
  readonly seed: number;
  /** Id of the model. */
  readonly model: string;
  /** 'h264', 'vp9', 'prores', 'ffv1', 'gif', 'webp', 'apng' or 'png'; null when no output was asked for. */
  readonly codec: string | null;
  readonly steps: number;
  /** Words of the prompt, and of what it should not show, that the model does not know. */
  readonly ignored: readonly string[];
  /** Present when the model read something else than the prompt: what it read. */
  readonly expanded?: string;
  readonly ms: PhaseTimes;
  /** Present when words seemed mistyped: as which known words they were read. */
  readonly mended?: Readonly<Record<string, string>>;
  /** Present when the end of the prompt, or of what it should not show, did not fit. */
  readonly truncated?: true;
  /** Present when something that was given was changed to fit, or parts could not be kept or used: what, as sentences. */
  readonly notes?: readonly string[];
  /** Present when the film was to go on from parts: how many windows it has, and how many of them were there. */
  readonly windows?: number;
  readonly reused?: number;
  /** Present for a sprite sheet: the JSON beside it, which says where each frame lies. */
  readonly json?: string;
  /** The frames as delivered, RGBA when they were cut out; present when no output was asked for. */
  readonly film?: Frames;
}

/** Options of {@link openPipeline}. */
export interface OpenPipelineOptions {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  /**
   * CPU threads of the transformer. Default: physical cores. 1 and 2 give the same bytes; with many, onnxruntime cuts products into narrow
   * strips (64 columns and fewer) and sums them in another order, which can show in the last bit.
   */
  readonly threads?: number;
}

/** Programs kept compiled: two of each kind for two sizes of film. */
const PROGRAMS = 12;

/** What is loaded once. */
interface Runtime { readonly vae: VaeRuntime; readonly dit: DitRuntime; readonly tokenizer: CaptionTokenizer }

/** An opened model. Weights are loaded with the first film. */
export class Pipeline implements Disposable {
  readonly model: InstalledModel;
  readonly #threads: number | undefined;
  readonly #programs = new ProgramCache(PROGRAMS);
  #runtime: Promise<Runtime> | undefined;
  #changed: { readonly key: string; readonly dit: DitRuntime } | undefined;
  #tokenizer: Promise<CaptionTokenizer> | undefined;
  #looks: Promise<LooksReader | null> | undefined;

  constructor(model: InstalledModel, threads?: number) { this.model = model; this.#threads = threads; }

  /** Makes `count` films, one after the other, with seeds (or, with `vary`, variations) counting up; each equals the film that its seed alone gives. */
  async *films(o: GenerateOptions, count = 1): AsyncGenerator<GeneratedFilm> {
    const { info } = this.model, loras = await readLoras(o.loras ?? [], info);
    const asked = filmSettings(await resolveWays(o, info), info, await drawnSeed(o, count), loras.map(({ mark }) => mark));
    const expanded = await expandShots(asked, { ...o, info, tokenizer: () => this.#words() });
    if (!Number.isSafeInteger((expanded.vary ?? expanded).seed + count - 1))
      throw new InputError(`seed ${(expanded.vary ?? expanded).seed} leaves no room for ${count} films: the last seed is at most ${Number.MAX_SAFE_INTEGER}`);
    checkMemory(expanded, info, process.availableMemory());
    const given = await readGiven(expanded), first = o.describe === false ? expanded : await this.#described(expanded, asked, given);
    let text: Promise<EncodedText> | undefined;
    for (let film = 0; film < count; film++) {
      const s = first.vary ? { ...first, vary: { ...first.vary, seed: first.vary.seed + film } } : { ...first, seed: first.seed + film }, job = new Job(o, film, count);
      yield await this.#film(s, { ...given, loras }, job, (runtime) => (text ??= this.#text(runtime, s)));
    }
  }

  /** The settings with the looks of given pictures told, by a model that reads them. */
  async #described(s: FilmSettings, asked: FilmSettings, given: GivenParts): Promise<FilmSettings> {
    if (given.images.length + given.clips.length === 0) return s;
    const opening = this.#looks ??= import('../backend/ort/ort.ts').then(({ ortBackend }) => openLooks(this.model, ortBackend({ threads: 1 }), this.#programs));
    const read = await opening.catch((error: unknown) => { this.#looks = undefined; throw error; });
    return read === null ? s : describeShots(s, given, { read, recorded: (shot) => asked.shots[shot]!.reads !== undefined, words: await this.#words() });
  }

  async #film(s: FilmSettings, given: GivenParts & { readonly loras: readonly LoadedLora[] }, job: Job, text: (runtime: Runtime) => Promise<EncodedText>): Promise<GeneratedFilm> {
    const { info } = this.model, windows = windowsOf(s), store = await job.openParts(s, s.source?.strength === 0 ? 0 : windows.length);
    const sink = await job.openSink(s, () => filmMetadata(info, s, given));
    try {
      const runtime = await job.time('load', 1, () => this.#prepare(s, windows, given.loras, job));
      const { states, captions, ignored, mended, truncated } = await job.time('text', 1, () => text(runtime));
      const kept: Frames[] = [], keyer = s.transparent ? new GroundKeyer() : null;
      for await (const frames of deliveredFrames(steadied(this.#native({ runtime, s, windows, given, states, captions, store, job }), s.steady), s, keyer)) {
        if (sink) await sink.write(frames); else kept.push({ ...frames, data: frames.data.slice() });
        job.lap('encode');
        job.check();
      }
      job.report('encode', 0, 1);
      const written: WrittenFilm | undefined = await sink?.finish();
      job.lap('encode');
      job.report('encode', 1, 1);
      await store?.finish();
      const uncut = keyer?.note(), notes = [...given.notes, ...store?.notes ?? [], ...(uncut ? [uncut] : [])];
      const { width, height, frames, fps } = s;
      return {
        file: written?.file ?? null, width: width * s.scale, height: height * s.scale, native: { width, height }, frames, fps, seconds: frames / fps, seed: s.seed, model: info.id,
        codec: written?.codec ?? null, steps: s.steps, ignored, ms: job.times(), ...(Object.keys(mended).length > 0 ? { mended } : {}),
        ...(truncated ? { truncated } : {}), ...(s.shots[0]!.reads ? { expanded: s.shots[0]!.reads.prompt } : {}), ...(sink ? {} : { film: concatFrames(kept) }),
        ...(notes.length > 0 ? { notes } : {}), ...(store?.reads ? { windows: windows.length, reused: store.reused } : {}),
        ...(written?.json === undefined ? {} : { json: written.json }),
      };
    } catch (error) {
      await sink?.abort();
      throw store ? store.unfinished(error) : error;
    }
  }

  /** The film's frames in order, window by window. */
  async *#native({ runtime, s, windows, given, states, captions, store, job }: MakeOptions): AsyncGenerator<NativeFrames> {
    const reel = new Reel(s, windows), steps = windows.map((w) => windowSigmas(s, w).length - 1), all = steps.reduce((sum, n) => sum + n, 0);
    const { vae, dit } = runtime, { latent } = this.model.info, region = given.source?.region ?? null, start = given.source ? s.source!.strength === 0 : false;
    for (const { clip, frame } of given.clips) reel.put(frame, clip, true);
    if (start) reel.put(0, given.source!.film, true);
    let sampled = 0, decoded = 0;
    job.start('sample', all);
    for (const [i, w] of (start ? [] : windows).entries()) {
      yield* reel.ready();
      const { source } = given, images = imagesIn(w, given.images).map((image) => ({ ...image, frame: image.frame - w.start }));
      const parts = { images, ...reel.read(w), source: source && sliceFrames(source.film, w.start, w.end) };
      const sample = (): Promise<Float32Array> => sampleWindow({
        vae, dit, latent, settings: s, window: w, parts, region, text: states[w.shot]!,
        done: (step) => { job.report('sample', sampled + step, all); }, ...(job.signal ? { signal: job.signal } : {}),
      });
      const latents = await (store?.latents(windowKey({ info: this.model.info, settings: s, window: w, parts, region, captions: captions[w.shot]! }), sample) ?? sample());
      job.report('sample', sampled += steps[i]!, all);            // a window that was there made no steps of its own
      job.lap('sample');
      if (i === 0) job.report('decode', 0, s.frames);
      const ends = { beginning: parts.beginning, ending: parts.ending }, made = madeBy(w);
      let at = w.start + w.before;
      for await (const piece of joinedFrames(decodedFrames(vae, latents, s), w.end - w.start, ends)) {
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

  /** Weights and programs of the film, compiled when they are not there. */
  async #prepare(s: FilmSettings, windows: readonly FilmWindow[], loras: readonly LoadedLora[], job: Job): Promise<Runtime> {
    const loading = this.#runtime ??= this.#load();
    const runtime = await loading.catch((error: unknown) => { this.#runtime = undefined; throw error; });
    const { vae } = runtime, dit = this.#variant(runtime.dit, s, loras);
    const side = SPACE_FACTOR * dit.config.patch, encoded = encodedFrames(s, windows);
    const steps = [
      () => textProgram(dit),
      ...windows.flatMap((w) => {
        const { frames, context } = windowSize(w, s), film = { frames, height: s.height / side, width: s.width / side, context: { length: context } };
        return branchesOf(s, w).map((branches) => () => denoiseProgram(dit, filmLayout(film, branches)));
      }),
      () => chunkProgram(vae, 'decode', true, s),
      ...(s.frames > 1 ? [() => chunkProgram(vae, 'decode', false, s)] : []),
      ...(encoded > 0 ? [() => chunkProgram(vae, 'encode', true, s)] : []),
      ...(encoded > 1 ? [() => chunkProgram(vae, 'encode', false, s)] : []),
    ];
    for (const step of steps) { job.check(); await step(); }
    return { ...runtime, dit };
  }

  /** The transformer with adaptations, in the numbers that are asked for. The last one that is not the model as it stands is kept. */
  #variant(dit: DitRuntime, { quantize, loras: marks }: FilmSettings, loras: readonly LoadedLora[]): DitRuntime {
    const key = JSON.stringify([quantize, marks]);
    if (quantize === 'none' && loras.length === 0) return dit;
    if (this.#changed?.key !== key) {
      const adapted = loras.length === 0 ? dit : adaptedRuntime(dit, loras);
      this.#changed = { key, dit: quantize === 'int8' ? int8Runtime(adapted) : adapted };
    }
    return this.#changed.dit;
  }

  async #load(): Promise<Runtime> {
    const { info, dir } = this.model, programs = this.#programs;
    const { ortBackend } = await import('../backend/ort/ort.ts');
    const backend = ortBackend(this.#threads === undefined ? {} : { threads: this.#threads });
    const single = ortBackend({ threads: 1 });                  // convolutions over 8×8 positions round differently when threads share them; decoding is 5 % of the time
    const [vae, dit, tokenizer] = await Promise.all([
      readModelWeights(this.model, 'vae.safetensors'), readModelWeights(this.model, 'dit.safetensors'), this.#words()]);
    if (tokenizer.vocabulary > info.text.config.vocabulary)
      throw new FileError(`the tokenizer in ${dir} has ${tokenizer.vocabulary} tokens, the text tower ${info.text.config.vocabulary}`);
    return {
      tokenizer,
      vae: { backend: single, programs, config: info.vae.config, weights: vae },
      dit: { backend, programs, config: info.dit.config, text: info.text.config, prediction: info.dit.prediction, weights: dit },
    };
  }

  /** The tokenizer, checked; read once. */
  #words(): Promise<CaptionTokenizer> {
    const read = async (): Promise<CaptionTokenizer> => {
      await Promise.all(['tokenizer.json', 'words.json'].map((name) => readModelFile(this.model, name)));
      return (await import('./tokenizer.ts')).loadTokenizer(dirname(modelFile(this.model, 'tokenizer.json')), { length: this.model.info.text.config.length });
    };
    return this.#tokenizer ??= read().catch((error: unknown) => { this.#tokenizer = undefined; throw error; });
  }

  async #text({ tokenizer, dit }: Runtime, { shots, negative }: FilmSettings): Promise<EncodedText> {
    const unconditional = tokenizer.encode(shots[0]!.reads?.negative ?? negative), prompts = shots.map(({ prompt, reads }) => tokenizer.encode(reads?.prompt ?? prompt));
    const all = [unconditional, ...prompts, ...shots.flatMap(({ reads }) => reads ?? [])], states: TextStates[] = [];
    for (const prompt of prompts) states.push(await encodeCaptions(dit, prompt, unconditional));
    return {
      ignored: [...new Set(all.toReversed().flatMap(({ ignored }) => [...ignored]))],
      mended: Object.assign({}, ...all.map(({ mended }) => mended)) as Record<string, string>,
      truncated: [unconditional, ...prompts].some(({ truncated }) => truncated), states, captions: prompts.map((prompt) => [prompt, unconditional]),
    };
  }

  [Symbol.dispose](): void { this.#programs[Symbol.dispose](); this.#runtime = this.#changed = undefined; }
}

interface MakeOptions {
  readonly runtime: Runtime;
  readonly s: FilmSettings;
  readonly windows: readonly FilmWindow[];
  readonly given: GivenParts;
  readonly states: readonly TextStates[];
  readonly captions: readonly (readonly CaptionTokens[])[];
  readonly store: PartStore | null;
  readonly job: Job;
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

/** What is read of the words, states by shot. */
interface EncodedText {
  readonly states: readonly TextStates[];
  /** What the states were made of: the shot's caption and the unconditional one. */
  readonly captions: readonly (readonly CaptionTokens[])[];
  readonly ignored: readonly string[];
  readonly mended: Readonly<Record<string, string>>;
  readonly truncated: boolean;
}

/** Opens a model; its weights are read with the first film. */
export async function openPipeline({ model, threads }: OpenPipelineOptions = {}): Promise<Pipeline> {
  return new Pipeline(await findModel(model), threads);
}
