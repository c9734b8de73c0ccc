/**
 * @file Words → film. A Pipeline is an opened model: weights and compiled programs stay for the next film. What can be known to fail (settings,
 * memory, images, the output's place) fails before weights are loaded. One film at a time; each is a pure function of its settings.
 */
import { basename, extname } from 'node:path';
import { ProgramCache } from '../backend/cache.ts';
import { CancelledError, FileError, InputError } from '../core/errors.ts';
import { normals } from '../core/random.ts';
import { frameSigmas } from '../diffusion/frames.ts';
import { SAMPLER_TABLE } from '../diffusion/samplers/registry.ts';
import { sigmaGrid } from '../diffusion/timesteps.ts';
import { sha256 } from '../io/safetensors.ts';
import { concatFrames, type Frames } from '../media/frames.ts';
import type { FilmMetadata } from '../media/metadata.ts';
import type { FilmSink, WrittenFilm } from '../media/sink.ts';
import { unpatchify } from '../models/dit/patch.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import { contextFrames, readImages, type FittedImage } from './context.ts';
import { deliveredFrames } from './deliver.ts';
import { denoiseProgram, encodeCaptions, filmLayout, filmVelocity, textProgram, type DenoisedFilm, type DitRuntime, type TextStates } from './denoise.ts';
import { checkMemory } from './memory.ts';
import { findModel, readModelFile, readModelWeights, type InstalledModel } from './model-store.ts';
import { branchesOf, filmSettings, guidanceOf, type FilmOptions, type FilmSettings } from './settings.ts';
import { chunkProgram, decodeFilm, type VaeRuntime } from './vae-stream.ts';

/** Stages of the work, in order. */
export const PHASES = ['load', 'text', 'sample', 'decode', 'encode'] as const;
export type Phase = (typeof PHASES)[number];

/** How far a film is. */
export interface FilmProgress {
  readonly phase: Phase;
  /** Finished steps of this phase, from 0 to `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Index of the film, of `count`. */
  readonly film: number;
  readonly count: number;
}

/** What to make, where to, and who is told. */
export interface GenerateOptions extends FilmOptions {
  /** .mp4, .gif, .png (one frame, or a sprite sheet) or a folder of PNGs; with several films each name gets the film's seed. Default: none, the frames are returned. */
  readonly output?: string;
  /** Called often; must not throw. */
  readonly onProgress?: (progress: FilmProgress) => void;
  /** Stops the work; nothing half-written remains. */
  readonly signal?: AbortSignal;
}

/** Milliseconds of each phase. What several films share is counted in the first one. */
export type PhaseTimes = Readonly<Record<Phase, number>>;

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
  /** 'h264', 'gif', 'png'; null when no output was asked for. */
  readonly codec: string | null;
  readonly steps: number;
  /** Words of the prompt that the model does not know. */
  readonly ignored: readonly string[];
  readonly ms: PhaseTimes;
  /** Present when the end of the prompt did not fit. */
  readonly truncated?: true;
  /** The frames as delivered; present when no output was asked for. */
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

  constructor(model: InstalledModel, threads?: number) { this.model = model; this.#threads = threads; }

  /** Makes `count` films, one after the other, with seeds counting up; each equals the film that its seed alone gives. */
  async *films(o: GenerateOptions, count = 1): AsyncGenerator<GeneratedFilm> {
    const { info } = this.model;
    const first = filmSettings(o, info, crypto.getRandomValues(new Uint32Array(1))[0]!);
    if (!Number.isSafeInteger(first.seed + count - 1)) throw new InputError(`seed ${first.seed} leaves no room for ${count} films: the last seed is at most ${Number.MAX_SAFE_INTEGER}`);
    checkMemory(first, info, process.availableMemory());
    const images = await readImages(first);
    let text: Promise<EncodedText> | undefined;
    for (let film = 0; film < count; film++) {
      const s = { ...first, seed: first.seed + film }, job = new Job(o, film, count);
      yield await this.#film(s, images, job, (runtime) => (text ??= this.#text(runtime, s)));
    }
  }

  async #film(s: FilmSettings, images: readonly FittedImage[], job: Job, text: (runtime: Runtime) => Promise<EncodedText>): Promise<GeneratedFilm> {
    const { info } = this.model;
    const sink = await job.openSink(s, () => this.#metadata(s, images));
    try {
      const runtime = await job.time('load', 1, () => this.#prepare(s, job));
      const { states, ignored, truncated } = await job.time('text', 1, () => text(runtime));
      const latents = await job.time('sample', s.steps, (done) => this.#sample(runtime, s, images, states, done, job.signal));
      job.start('decode', s.frames);
      const kept: Frames[] = [];
      const decoded = (frames: number): void => { job.lap('decode'); job.report('decode', frames, s.frames); };
      for await (const frames of deliveredFrames(decodeFilm(runtime.vae, latents, s), s, decoded)) {
        if (sink) await sink.write(frames); else kept.push(frames);
        job.lap('encode');
        job.check();
      }
      job.report('encode', 0, 1);
      const written: WrittenFilm | undefined = await sink?.finish();
      job.lap('encode');
      job.report('encode', 1, 1);
      const { width, height, frames, fps } = s;
      return {
        file: written?.file ?? null, width: width * s.scale, height: height * s.scale, native: { width, height }, frames, fps, seconds: frames / fps, seed: s.seed, model: info.id,
        codec: written?.codec ?? null, steps: s.steps, ignored, ms: job.times(), ...(truncated ? { truncated } : {}), ...(sink ? {} : { film: concatFrames(kept) }),
      };
    } catch (error) {
      await sink?.abort();
      throw error;
    }
  }

  /** Weights and programs of the film, compiled when they are not there. */
  async #prepare(s: FilmSettings, job: Job): Promise<Runtime> {
    const loading = this.#runtime ??= this.#load();
    const runtime = await loading.catch((error: unknown) => { this.#runtime = undefined; throw error; });
    const { vae, dit } = runtime, steps = [
      () => textProgram(dit),
      ...branchesOf(s).map((branches) => () => denoiseProgram(dit, filmLayout({ ...this.#tokens(s), context: s.images }, branches))),
      () => chunkProgram(vae, 'decode', true, s),
      ...(s.frames > 1 ? [() => chunkProgram(vae, 'decode', false, s)] : []),
      ...(s.images.length > 0 ? [() => chunkProgram(vae, 'encode', true, s)] : []),
    ];
    for (const step of steps) { job.check(); await step(); }
    return runtime;
  }

  async #load(): Promise<Runtime> {
    const { info, dir } = this.model, programs = this.#programs;
    const [{ ortBackend }, { loadTokenizer }] = await Promise.all([import('../backend/ort/ort.ts'), import('./tokenizer.ts')]);
    const backend = ortBackend(this.#threads === undefined ? {} : { threads: this.#threads });
    const single = ortBackend({ threads: 1 });                  // convolutions over 8×8 positions round differently when threads share them; decoding is 5 % of the time
    await Promise.all([readModelFile(this.model, 'tokenizer.json'), readModelFile(this.model, 'words.json')]);
    const [vae, dit, tokenizer] = await Promise.all([
      readModelWeights(this.model, 'vae.safetensors'), readModelWeights(this.model, 'dit.safetensors'), loadTokenizer(dir, { length: info.text.config.length })]);
    if (tokenizer.vocabulary > info.text.config.vocabulary) throw new FileError(`the tokenizer in ${dir} has ${tokenizer.vocabulary} tokens, the text tower ${info.text.config.vocabulary}`);
    return {
      tokenizer,
      vae: { backend: single, programs, config: info.vae.config, weights: vae },
      dit: { backend, programs, config: info.dit.config, text: info.text.config, prediction: info.dit.prediction, weights: dit },
    };
  }

  async #text({ tokenizer, dit }: Runtime, { prompt, negative }: FilmSettings): Promise<EncodedText> {
    const conditional = tokenizer.encode(prompt), { ignored, truncated } = conditional;
    return { ignored, truncated, states: await encodeCaptions(dit, conditional, tokenizer.encode(negative)) };
  }

  /** The film's size in latent frames and tokens. */
  #tokens(s: FilmSettings): Omit<DenoisedFilm, 'context'> {
    const side = SPACE_FACTOR * this.model.info.dit.config.patch;
    return { frames: latentFrames(s.frames), height: s.height / side, width: s.width / side };
  }

  /** Noise → latents `[C, T', H/8, W/8]` in the autoencoder's own scale. */
  async #sample({ vae, dit }: Runtime, s: FilmSettings, images: readonly FittedImage[], text: TextStates, done: (step: number) => void, signal?: AbortSignal): Promise<Float32Array> {
    const { latent } = this.model.info, { patch, channels } = dit.config, size = this.#tokens(s);
    const film: DenoisedFilm = { ...size, context: await contextFrames(vae, images, s, patch, latent) };
    const perFrame = size.height * size.width * channels * patch ** 2;
    const z = await SAMPLER_TABLE[s.sampler].sample({
      velocity: filmVelocity(dit, film, text, guidanceOf(s)),
      noise: normals({ seed: s.seed, stream: 'noise', step: 0 }, size.frames * perFrame),
      pack: [{ frames: size.frames, perFrame }],
      sigmas: frameSigmas(sigmaGrid(s.steps, s.shift), size.frames),
      keys: [{ seed: s.seed, stream: 'sampler', step: 0 }],
      onStep: ({ step }) => { done(step); },
      ...(signal ? { signal } : {}),
    });
    return unpatchify(z, { channels, frames: size.frames, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats: latent });
  }

  /** All that is needed to make the film again. Images are named by their contents, without their folder. */
  #metadata(s: FilmSettings, images: readonly FittedImage[]): FilmMetadata {
    const { prompt, seed, images: _, ...settings } = s, { info } = this.model;
    const weights = [info.files['vae.safetensors']?.sha256, info.files['dit.safetensors']?.sha256].map((hash) => hash?.slice(0, 12) ?? '').join('+');
    return {
      prompt, seed, model: info.id,
      settings: { ...settings, version: info.version, weights, images: images.map(({ file, frame, image }) => ({ file: file === null ? null : basename(file), frame, sha256: sha256(image.data) })) },
    };
  }

  [Symbol.dispose](): void { this.#programs[Symbol.dispose](); this.#runtime = undefined; }
}

interface EncodedText { readonly states: TextStates; readonly ignored: readonly string[]; readonly truncated: boolean }

/** The clock, progress and cancellation of one film. */
class Job {
  readonly signal: AbortSignal | undefined;
  readonly #o: GenerateOptions;
  readonly #film: number;
  readonly #count: number;
  readonly #ms: Record<Phase, number> = { load: 0, text: 0, sample: 0, decode: 0, encode: 0 };
  #since = performance.now();

  constructor(o: GenerateOptions, film: number, count: number) { this.#o = o; this.#film = film; this.#count = count; this.signal = o.signal; }

  check(): void {
    if (this.signal?.aborted) throw new CancelledError('cancelled', { cause: this.signal.reason });
  }
  report(phase: Phase, step: number, steps: number): void { this.#o.onProgress?.({ phase, step, steps, film: this.#film, count: this.#count }); }
  start(phase: Phase, steps: number): void {
    this.check();
    this.#since = performance.now();
    this.report(phase, 0, steps);
  }
  /** Counts the time since the last lap to a phase. */
  lap(phase: Phase): void {
    const now = performance.now();
    this.#ms[phase] += now - this.#since;
    this.#since = now;
  }
  async time<T>(phase: Phase, steps: number, run: (done: (step: number) => void) => Promise<T>): Promise<T> {
    this.start(phase, steps);
    let last = 0;
    const result = await run((step) => { last = step; this.report(phase, step, steps); });
    if (last < steps) this.report(phase, steps, steps);
    this.lap(phase);
    return result;
  }
  times(): PhaseTimes {
    return Object.fromEntries(PHASES.map((phase) => [phase, Math.round(this.#ms[phase] * 10) / 10])) as PhaseTimes;
  }

  /** The film's file, opened before the work starts. */
  async openSink(s: FilmSettings, metadata: () => FilmMetadata): Promise<FilmSink | undefined> {
    if (this.#o.output === undefined) return undefined;
    const { openSink } = await import('../media/sink.ts');
    return openSink(this.#count > 1 ? numbered(this.#o.output, s.seed) : this.#o.output, { width: s.width * s.scale, height: s.height * s.scale, fps: s.fps, metadata: metadata() });
  }
}

/** `film.mp4` → `film-7.mp4`, `frames/` → `frames-7`. */
function numbered(output: string, seed: number): string {
  const path = output.replace(/[/\\]+$/, ''), extension = extname(path);
  return `${extension === '' ? path : path.slice(0, -extension.length)}-${seed}${extension}`;
}

/** Opens a model; its weights are read with the first film. */
export async function openPipeline({ model, threads }: OpenPipelineOptions = {}): Promise<Pipeline> {
  return new Pipeline(await findModel(model), threads);
}
