/**
 * @file Words → film. A Pipeline is an opened model: weights and compiled programs stay for the next film. What can be known to fail (settings,
 * memory, images, the output's place) fails before weights are loaded. One film at a time; each is a pure function of its settings.
 */
import { basename } from 'node:path';
import { ProgramCache } from '../backend/cache.ts';
import { FileError, InputError } from '../core/errors.ts';
import { normals } from '../core/random.ts';
import { frameSigmas } from '../diffusion/frames.ts';
import { SAMPLER_TABLE } from '../diffusion/samplers/registry.ts';
import { sigmaGrid } from '../diffusion/timesteps.ts';
import { sha256 } from '../io/safetensors.ts';
import { concatFrames, type Frames } from '../media/frames.ts';
import type { FilmMetadata } from '../media/metadata.ts';
import type { WrittenFilm } from '../media/sink.ts';
import { CONTEXT_SIGMA } from '../models/dit/pack-feeds.ts';
import { unpatchify } from '../models/dit/patch.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { latentFrames, SPACE_FACTOR } from '../models/vae/config.ts';
import { givenContext, readGiven, type GivenParts } from './context.ts';
import { deliveredFrames } from './deliver.ts';
import { denoiseProgram, encodeCaptions, filmLayout, filmVelocity, textProgram, type DenoisedFilm, type DitRuntime, type TextStates } from './denoise.ts';
import { Job, type JobOptions, type PhaseTimes } from './job.ts';
import { expandFilm } from './expand.ts';
import { checkMemory } from './memory.ts';
import { findModel, readModelFile, readModelWeights, type InstalledModel } from './model-store.ts';
import { branchesOf, contextLength, filmSettings, guidanceOf, type FilmOptions, type FilmSettings } from './settings.ts';
import { chunkProgram, decodeFilm, type VaeRuntime } from './vae-stream.ts';

/** What to make, where to, and who is told. */
export interface GenerateOptions extends FilmOptions, JobOptions {}

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
  /** Words of the prompt, and of what it should not show, that the model does not know. */
  readonly ignored: readonly string[];
  /** Present when the model read something else than the prompt: what it read. */
  readonly expanded?: string;
  readonly ms: PhaseTimes;
  /** Present when words seemed mistyped: as which known words they were read. */
  readonly mended?: Readonly<Record<string, string>>;
  /** Present when the end of the prompt, or of what it should not show, did not fit. */
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
  #tokenizer: Promise<CaptionTokenizer> | undefined;

  constructor(model: InstalledModel, threads?: number) { this.model = model; this.#threads = threads; }

  /** Makes `count` films, one after the other, with seeds counting up; each equals the film that its seed alone gives. */
  async *films(o: GenerateOptions, count = 1): AsyncGenerator<GeneratedFilm> {
    const { info } = this.model;
    const asked = filmSettings(o, info, crypto.getRandomValues(new Uint32Array(1))[0]!);
    const first = await expandFilm(asked, { ...o, info, tokenizer: () => this.#words() });
    if (!Number.isSafeInteger(first.seed + count - 1))
      throw new InputError(`seed ${first.seed} leaves no room for ${count} films: the last seed is at most ${Number.MAX_SAFE_INTEGER}`);
    checkMemory(first, info, process.availableMemory());
    const given = await readGiven(first);
    let text: Promise<EncodedText> | undefined;
    for (let film = 0; film < count; film++) {
      const s = { ...first, seed: first.seed + film }, job = new Job(o, film, count);
      yield await this.#film(s, given, job, (runtime) => (text ??= this.#text(runtime, s)));
    }
  }

  async #film(s: FilmSettings, given: GivenParts, job: Job, text: (runtime: Runtime) => Promise<EncodedText>): Promise<GeneratedFilm> {
    const { info } = this.model;
    const sink = await job.openSink(s, () => this.#metadata(s, given));
    try {
      const runtime = await job.time('load', 1, () => this.#prepare(s, job));
      const { states, ignored, mended, truncated } = await job.time('text', 1, () => text(runtime));
      const latents = await job.time('sample', s.steps, (done) => this.#sample(runtime, s, given, states, done, job.signal));
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
        codec: written?.codec ?? null, steps: s.steps, ignored, ms: job.times(), ...(Object.keys(mended).length > 0 ? { mended } : {}),
        ...(truncated ? { truncated } : {}), ...(s.expanded ? { expanded: s.expanded.prompt } : {}), ...(sink ? {} : { film: concatFrames(kept) }),
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
      ...branchesOf(s).map((branches) => () => denoiseProgram(dit, filmLayout({ ...this.#tokens(s), context: { length: contextLength(s) } }, branches))),
      () => chunkProgram(vae, 'decode', true, s),
      ...(s.frames > 1 ? [() => chunkProgram(vae, 'decode', false, s)] : []),
      ...(s.images.length + s.clips.length > 0 ? [() => chunkProgram(vae, 'encode', true, s)] : []),
      ...(s.clips.some(({ clip }) => clip.count > 1) ? [() => chunkProgram(vae, 'encode', false, s)] : []),
    ];
    for (const step of steps) { job.check(); await step(); }
    return runtime;
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
      return (await import('./tokenizer.ts')).loadTokenizer(this.model.dir, { length: this.model.info.text.config.length });
    };
    return this.#tokenizer ??= read().catch((error: unknown) => { this.#tokenizer = undefined; throw error; });
  }

  async #text({ tokenizer, dit }: Runtime, s: FilmSettings): Promise<EncodedText> {
    const { prompt, negative } = s.expanded ?? s;
    const conditional = tokenizer.encode(prompt), unconditional = tokenizer.encode(negative);
    const ignored = [...new Set([...(s.expanded?.ignored ?? []), ...conditional.ignored, ...unconditional.ignored])];
    const mended = { ...unconditional.mended, ...conditional.mended, ...s.expanded?.mended }, truncated = conditional.truncated || unconditional.truncated;
    return { ignored, mended, truncated, states: await encodeCaptions(dit, conditional, unconditional) };
  }

  /** The film's size in latent frames and tokens. */
  #tokens(s: FilmSettings): Pick<DenoisedFilm, 'frames' | 'height' | 'width'> {
    const side = SPACE_FACTOR * this.model.info.dit.config.patch;
    return { frames: latentFrames(s.frames), height: s.height / side, width: s.width / side };
  }

  /** Noise → latents `[C, T', H/8, W/8]` in the autoencoder's own scale. */
  async #sample({ vae, dit }: Runtime, s: FilmSettings, given: GivenParts, text: TextStates, done: (step: number) => void, signal?: AbortSignal): Promise<Float32Array> {
    const { latent } = this.model.info, { patch, channels } = dit.config, size = this.#tokens(s);
    const { context, beginning } = await givenContext(vae, given, s, patch, latent);
    const perFrame = size.height * size.width * channels * patch ** 2, kept = beginning ? beginning.clean.length / perFrame : 0;
    const noise = normals({ seed: s.seed, stream: 'noise', step: 0 }, size.frames * perFrame), sigmas = frameSigmas(sigmaGrid(s.steps, s.shift), size.frames);
    if (beginning) {                                            // its σ never changes, so no sampler moves it
      noise.set(beginning.noised);
      for (const row of sigmas) row.fill(CONTEXT_SIGMA, 0, kept);
    }
    const z = await SAMPLER_TABLE[s.sampler].sample({
      velocity: filmVelocity(dit, { ...size, context, beginning: kept }, text, guidanceOf(s)),
      noise, sigmas, pack: [{ frames: size.frames, perFrame }],
      keys: [{ seed: s.seed, stream: 'sampler', step: 0 }],
      onStep: ({ step }) => { done(step); },
      ...(signal ? { signal } : {}),
    });
    if (beginning) z.set(beginning.clean);
    return unpatchify(z, { channels, frames: size.frames, height: s.height / SPACE_FACTOR, width: s.width / SPACE_FACTOR, patch, stats: latent });
  }

  /** All that is needed to make the film again. Images are named by their contents, without their folder. */
  #metadata(s: FilmSettings, given: GivenParts): FilmMetadata {
    const { prompt, seed, images: _, clips: __, ...settings } = s, { info } = this.model;
    const weights = [info.files['vae.safetensors']?.sha256, info.files['dit.safetensors']?.sha256].map((hash) => hash?.slice(0, 12) ?? '').join('+');
    return {
      prompt, seed, model: info.id,
      settings: {
        ...settings, version: info.version, weights,
        images: given.images.map(({ file, frame, image }) => ({ file: file === null ? null : basename(file), frame, sha256: sha256(image.data) })),
        ...(given.clips.length > 0 ? { clips: given.clips.map(({ clip, frame }) => ({ frame, frames: clip.count, sha256: sha256(clip.data) })) } : {}),
      },
    };
  }

  [Symbol.dispose](): void { this.#programs[Symbol.dispose](); this.#runtime = undefined; }
}

interface EncodedText { readonly states: TextStates; readonly ignored: readonly string[]; readonly mended: Readonly<Record<string, string>>; readonly truncated: boolean }

/** Opens a model; its weights are read with the first film. */
export async function openPipeline({ model, threads }: OpenPipelineOptions = {}): Promise<Pipeline> {
  return new Pipeline(await findModel(model), threads);
}
