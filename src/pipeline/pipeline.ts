/**
 * @file Words → film. A Pipeline is an opened model: weights and compiled programs stay for the next film. What can be known to fail (settings,
 * memory, images, the output's place) fails before weights are loaded. Films are made one at a time unless more places are asked for; each is a pure function of its settings.
 */
import { dirname } from 'node:path';
import { ProgramCache } from '../backend/cache.ts';
import { FileError, InputError } from '../core/errors.ts';
import { concatFrames, type Frames } from '../media/frames.ts';
import { GroundKeyer } from '../media/key.ts';
import type { WrittenFilm } from '../media/sink.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import type { GivenParts } from './sampling/context.ts';
import { deliveredFrames } from './delivery/deliver.ts';
import type { DitRuntime } from './sampling/denoise.ts';
import { checkQuantize, openEngine, type Engine, type EngineOptions } from './engine.ts';
import { expandShots } from './prompt/expand.ts';
import { encodeText, nativeFrames, prepareFilm, type EncodedText, type NativeFramesOptions, type Runtime } from './film.ts';
import { int8Runtime } from './sampling/int8.ts';
import { Job, type JobOptions, type PhaseTimes } from './job.ts';
import { memoryNeeds, type MemoryNeeds } from './memory.ts';
import { adaptedRuntime, adaptedTokenizer, inBroughtWords, readLoras, type LoadedLora } from './model/lora.ts';
import { describeShots, openLooks, type LooksReader } from './prompt/looks.ts';
import { findModel, modelFile, readModelFile, readModelWeights, type InstalledModel } from './model/model-store.ts';
import { drawnSeed, Outlet } from './delivery/outlet.ts';
import { windowKey } from './parts.ts';
import { readGiven } from './read-given.ts';
import { filmMetadata } from './settings/record.ts';
import { Room } from './room.ts';
import { sizeRule } from './settings/size-rule.ts';
import type { FilmSettings, GivenVariation } from './settings/film-options.ts';
import { windowsOf } from './settings/film-windows.ts';
import { filmSettings } from './settings/settings.ts';
import { steadied } from './delivery/steady.ts';
import { StepBatcher, type BatchCounts, type PackCounts } from './sampling/step-batcher.ts';
import type { FilmWindow } from './settings/timeline.ts';
import { resolveWays, type FilmWays } from './settings/ways.ts';

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
  /** Present for a variation: how far it is from the seed's own film, and which one it is. */
  readonly vary?: GivenVariation;
  /** Id of the model. */
  readonly model: string;
  /** 'h264', 'vp9', 'prores', 'ffv1', 'gif', 'webp', 'apng' or 'png'; null when no output was asked for. */
  readonly codec: string | null;
  readonly steps: number;
  /** Words of the prompt, and of what it should not show, that the model does not know. */
  readonly ignored: readonly string[];
  /** Present when the model read something else than the prompt: what it read. */
  readonly expanded?: string;
  /** Present for a film of several shots: from which second on each lasts, and what the model read for it. */
  readonly shots?: readonly { readonly at: number; readonly reads: string }[];
  readonly ms: PhaseTimes;
  /** Present on the CPU: the packs of denoising steps that the film took part in, beside others where several are made at a time. */
  readonly packs?: PackCounts;
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
export interface OpenPipelineOptions extends EngineOptions {
  /** Id of an installed model, or a folder. Default: sprites-64. */
  readonly model?: string;
  /**
   * CPU threads of the transformer. Default: physical cores. 1 and 2 give the same bytes; with many, onnxruntime cuts products into narrow
   * strips (64 columns and fewer) and sums them in another order, which can show in the last bit.
   */
  readonly threads?: number;
  /**
   * How many calls of `films` make their film at a time; others wait, and so does a film for which there is no memory beside those under way. On the CPU they share denoising
   * steps, and each is the film that it is alone. Default 1.
   */
  readonly places?: number;
}

/** How an opened model computes: what {@link openEngine} found, CPU threads, and films at a time. */
export interface PipelineEngine extends Engine, Pick<OpenPipelineOptions, 'threads' | 'places'> {}

/** Programs kept compiled: two of each kind for two sizes of film; and for each further film at a time those of one size. */
const PROGRAMS = 12, PROGRAMS_BESIDE = 6;
/** What is needed of them in turns by one film in pieces: its text, encoder, decoder, and steps with and without guidance. */
const PROGRAMS_OF_FILM = 5;
/** Bytes of working memory that they may hold beyond that. */
const PROGRAM_BYTES = 1e9;

/** What one film is made with beside its settings. */
interface Making { readonly job: Job; readonly outlet: Outlet; readonly loras: readonly LoadedLora[] }

/** An opened model. Weights are loaded with the first film. */
export class Pipeline implements Disposable {
  readonly model: InstalledModel;
  readonly #threads: number | undefined;
  readonly #engine: Engine;
  readonly #programs: ProgramCache;
  readonly #room: Room;
  readonly #steps = new StepBatcher();
  #runtime: Promise<Runtime> | undefined;
  #changed: { readonly key: string; readonly dit: DitRuntime } | undefined;
  #tokenizer: Promise<CaptionTokenizer> | undefined;
  #looks: Promise<LooksReader | null> | undefined;

  constructor(model: InstalledModel, { threads, places = 1, ...engine }: PipelineEngine = {}) {
    this.model = model;
    this.#threads = threads;
    this.#engine = engine;
    this.#programs = new ProgramCache({ programs: PROGRAMS + PROGRAMS_BESIDE * (places - 1), bytes: PROGRAM_BYTES, kept: PROGRAMS_OF_FILM * places });
    this.#room = new Room({ places, available: () => process.availableMemory() });
  }

  /** Denoising steps that were run, and in how many packs. */
  get steps(): BatchCounts { return this.#steps.counts; }

  /** Makes `count` films, one after the other, with seeds (or, with `vary`, variations) counting up; each equals the film that its seed alone gives. */
  async *films(o: GenerateOptions, count = 1): AsyncGenerator<GeneratedFilm> {
    const { info } = this.model, loras = await readLoras(o.loras ?? [], info);
    const asked = { ...filmSettings(await resolveWays(o, info), info, await drawnSeed(o, count), loras.map(({ mark }) => mark)), ...this.#engine };
    checkQuantize(asked.quantize, this.#engine);
    const asIs = async (prompt: string): Promise<boolean> => loras.length > 0 && inBroughtWords(prompt, loras, await this.#words());
    const expanded = await expandShots(asked, { ...o, info, tokenizer: () => this.#words(), asIs });
    if ((expanded.vary ?? expanded).seed > Number.MAX_SAFE_INTEGER - (count - 1))                // the sum itself would be rounded
      throw new InputError(`seed ${(expanded.vary ?? expanded).seed} leaves no room for ${count} films: the last seed is at most ${Number.MAX_SAFE_INTEGER}`);
    const needs = memoryNeeds(expanded, info, sizeRule(info).token);
    this.#room.check(needs);
    const given = await readGiven(expanded), first = o.describe === false ? expanded : await this.#described(expanded, asked, { given, loras });
    let text: Promise<EncodedText> | undefined;
    for (let film = 0; film < count; film++) {
      const s = first.vary ? { ...first, vary: { ...first.vary, seed: first.vary.seed + film } } : { ...first, seed: first.seed + film }, job = new Job(o, film, count);
      const making = { job, outlet: new Outlet(o, count), loras };
      yield await this.#placed({ ...needs }, job, () => this.#film(s, given, making, (runtime) => (text ??= encodeText(runtime, s))));
    }
  }

  /** The settings with the looks of given pictures told, by a model that reads them. */
  async #described(s: FilmSettings, asked: FilmSettings, { given, loras }: { readonly given: GivenParts; readonly loras: readonly LoadedLora[] }): Promise<FilmSettings> {
    if (given.images.length + given.clips.length === 0) return s;
    const opening = this.#looks ??= import('../backend/ort/ort.ts').then(({ ortBackend }) => openLooks(this.model, ortBackend({ threads: 1 }), this.#programs));
    const read = await opening.catch((error: unknown) => { this.#looks = undefined; throw error; });
    return read === null ? s : describeShots(s, given, { read, recorded: (shot) => asked.shots[shot]!.reads !== undefined, words: adaptedTokenizer(await this.#words(), loras) });
  }

  /** Makes a film when there is room for it. */
  async #placed(needs: MemoryNeeds, job: Job, make: () => Promise<GeneratedFilm>): Promise<GeneratedFilm> {
    using _ = await this.#room.enter(needs, job.signal);
    return await make();
  }

  async #film(
    s: FilmSettings, given: GivenParts, { job, outlet, loras }: Making, text: (runtime: Runtime) => Promise<EncodedText>,
  ): Promise<GeneratedFilm> {
    const { info } = this.model, windows = windowsOf(s), store = job.parts = await outlet.openParts(s, s.source?.strength === 0 ? 0 : windows.length);
    const sink = await outlet.openSink(s, () => filmMetadata(info, s, given));
    using seat = this.#engine.device === undefined ? this.#steps.enter(job.signal) : null;        // devices choose kernels by shapes: there a film alone may be another
    try {
      const loaded = await job.time('load', 1, () => this.#prepare(s, windows, loras, job)), runtime = seat ? { ...loaded, dit: { ...loaded.dit, step: seat.step } } : loaded;
      const encoded = await job.time('text', 1, () => text(runtime)), { ignored, mended, truncated } = encoded;
      const kept: NativeFramesOptions['kept'] = store && ((window, sample) => store.latents(windowKey({ info, ...window }), sample));
      const native = nativeFrames({ runtime, latent: info.latent, s, windows, given, text: encoded, kept, job });
      const pieces: Frames[] = [], keyer = s.transparent ? new GroundKeyer() : null;
      for await (const frames of deliveredFrames(steadied(native, s.steady), s, keyer)) {
        if (sink) await sink.write(frames); else pieces.push({ ...frames, data: frames.data.slice() });
        job.lap('encode');
        job.check();
      }
      job.report('encode', 0, 1);
      const written: WrittenFilm | undefined = await sink?.finish();
      job.lap('encode');
      job.report('encode', 1, 1);
      await store?.finish();
      const uncut = keyer?.note(), notes = [...given.notes, ...store?.notes ?? [], ...(uncut ? [uncut] : [])];
      if (s.negative !== '' && s.guidance === 1) notes.push(`"${s.negative}" is not kept out of the film: that acts through guidance, and guidance 1 is none`);
      const { width, height, frames, fps } = s;
      return {
        file: written?.file ?? null, width: width * s.scale, height: height * s.scale, native: { width, height }, frames, fps, seconds: frames / fps,
        seed: s.seed, ...(s.vary ? { vary: s.vary } : {}), model: info.id, codec: written?.codec ?? null, steps: s.steps, ignored, ms: job.times(),
        ...(seat ? { packs: seat.counts } : {}), ...(Object.keys(mended).length > 0 ? { mended } : {}),
        ...(s.shots.length > 1 ? { shots: s.shots.map(({ start, prompt, reads }) => ({ at: start / fps, reads: reads?.prompt ?? prompt })) } : {}),
        ...(truncated ? { truncated } : {}), ...(s.shots[0]!.reads ? { expanded: s.shots[0]!.reads.prompt } : {}), ...(sink ? {} : { film: concatFrames(pieces) }),
        ...(notes.length > 0 ? { notes } : {}), ...(store?.reads ? { windows: windows.length, reused: store.reused } : {}),
        ...(written?.json === undefined ? {} : { json: written.json }),
      };
    } catch (error) {
      await sink?.abort();
      throw store ? store.unfinished(error) : error;
    }
  }

  /** Weights and programs of the film, compiled when they are not there. */
  async #prepare(s: FilmSettings, windows: readonly FilmWindow[], loras: readonly LoadedLora[], job: Job): Promise<Runtime> {
    const loading = this.#runtime ??= this.#load();
    const runtime = await loading.catch((error: unknown) => { this.#runtime = undefined; throw error; });
    const prepared = { ...runtime, tokenizer: adaptedTokenizer(runtime.tokenizer, loras), dit: this.#variant(runtime, s, loras) };
    await prepareFilm(prepared, s, windows, () => { job.check(); });
    return prepared;
  }

  /** The transformer with adaptations, in the numbers that are asked for. The last one that is not the model as it stands is kept. */
  #variant({ dit, tokenizer }: Runtime, { quantize, loras: marks }: FilmSettings, loras: readonly LoadedLora[]): DitRuntime {
    const key = JSON.stringify([quantize, marks]);
    if (quantize === 'none' && loras.length === 0) return dit;
    if (this.#changed?.key !== key) {
      const adapted = loras.length === 0 ? dit : adaptedRuntime(dit, loras, tokenizer);
      this.#changed = { key, dit: quantize === 'int8' ? int8Runtime(adapted) : adapted };
    }
    return this.#changed.dit;
  }

  async #load(): Promise<Runtime> {
    const { info, dir } = this.model, programs = this.#programs;
    const { ortBackend } = await import('../backend/ort/ort.ts');
    const backend = ortBackend({ ...this.#engine, ...(this.#threads === undefined ? {} : { threads: this.#threads }) });
    const single = ortBackend({ ...this.#engine, threads: 1 });         // convolutions over 8×8 positions round differently when threads share them; decoding is 5 % of the time
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
      return (await import('./prompt/tokenizer.ts')).loadTokenizer(dirname(modelFile(this.model, 'tokenizer.json')), { length: this.model.info.text.config.length });
    };
    return this.#tokenizer ??= read().catch((error: unknown) => { this.#tokenizer = undefined; throw error; });
  }

  [Symbol.dispose](): void { this.#programs[Symbol.dispose](); this.#runtime = this.#changed = undefined; }
}

/** Opens a model; its weights are read with the first film. Throws a ResourceError when the device that is asked for does not work here. */
export async function openPipeline({ model, threads, places, ...engine }: OpenPipelineOptions = {}): Promise<Pipeline> {
  if (places !== undefined && !(Number.isInteger(places) && places >= 1 && places <= 64))
    throw new InputError(`places ${places} are not possible: wanted a whole number from 1 to 64`);
  return new Pipeline(await findModel(model), { ...await openEngine(engine), ...(threads === undefined ? {} : { threads }), ...(places === undefined ? {} : { places }) });
}
