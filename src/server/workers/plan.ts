/**
 * @file Requests to films: names and sizes that clients send, mapped to a served model's own. The model makes the film in its own size of the asked shape, at its own rate;
 * what is delivered has exactly the asked size, rate and length. All that can be known to be impossible is known here, before the job is queued.
 */
import { InputError } from '../../core/errors.ts';
import { filmSettings } from '../../pipeline/settings/settings.ts';
import { findModel, type InstalledModel, type ModelInfo } from '../../pipeline/model/model-store.ts';
import { allowedSizes, sizeOfShape, sizeRule } from '../../pipeline/settings/size-rule.ts';
import { resolveWays } from '../../pipeline/settings/ways.ts';
import type { Capabilities, CreateVideoBody, EditVideoBody, ExtendVideoBody, RemixVideoBody } from '../contract/contract.ts';
import { JOB_KINDS, VARIANTS } from '../contract/contract.ts';
import type { ServerConfig } from '../contract/config.ts';
import type { DecodedFilm } from './decode.ts';
import { ApiError } from '../contract/errors.ts';
import { filmOptions } from './film-maker.ts';
import type { FilmSpec, PlannedFilm } from '../contract/spec.ts';

/** The models that are served, by their ids in the configuration, with the names that mean them. */
export interface ServedModels {
  readonly models: ReadonlyMap<string, InstalledModel>;
  readonly names: Readonly<Record<string, string>>;
  readonly first: string;
}

/** What the hosted API makes when nothing is said. */
const DEFAULT_SIZE = '720x1280', DEFAULT_SECONDS = '4', DEFAULT_NAME = 'sora-2';

/** Opens the served models' descriptions. */
export async function openModels({ models, names }: Pick<ServerConfig, 'models' | 'names'>): Promise<ServedModels> {
  const opened = await Promise.all(models.map(async (id) => [id, await findModel(id)] as const));
  return { models: new Map(opened), names: names ?? {}, first: models[0]! };
}

/** The model that a client's name means. */
export function modelOf({ models, names, first }: ServedModels, asked: string | undefined): { readonly asked: string; readonly id: string; readonly info: ModelInfo } {
  const name = asked ?? (Object.hasOwn(names, DEFAULT_NAME) ? DEFAULT_NAME : first);
  const byId = [...models].find(([id, { info }]) => id === name || info.id === name)?.[0], id = byId ?? (Object.hasOwn(names, name) ? names[name]! : undefined);
  const model = id === undefined ? undefined : models.get(id);
  if (id === undefined || !model) {
    const known = [...new Set([...[...models.values()].map(({ info }) => info.id), ...Object.keys(names)])];
    throw new ApiError(400, `model "${name.slice(0, 100)}" is not served; served: ${known.join(', ')}`, { code: 'model_not_found', param: 'model' });
  }
  return { asked: name, id, info: model.info };
}

/** WIDTHxHEIGHT, possible to deliver. */
function sizeOf(text: string, { pixels }: ServerConfig['limits']): { readonly width: number; readonly height: number } {
  const [width, height] = text.split('x').map(Number) as [number, number];
  if (width % 2 || height % 2 || width < 16 || height < 16)
    throw new ApiError(400, `size ${text} is not possible: wanted even width and height from 16 up`, { code: 'invalid_value', param: 'size' });
  if (width * height > pixels) throw new ApiError(400, `size ${text} has ${width * height} pixels: at most ${pixels} are possible`, { code: 'invalid_value', param: 'size' });
  return { width, height };
}

/** Seconds as the object says them. */
const told = (seconds: number): string => String(Math.round(seconds * 1000) / 1000);

function checkLength(seconds: number, frames: number, { limits }: ModelInfo, most: number): void {
  if (!(seconds > 0) || seconds > most)
    throw new ApiError(400, `a film of ${told(seconds)} seconds is not possible: at most ${most} are`, { code: 'invalid_value', param: 'seconds' });
  if (frames > limits.maxFrames)
    throw new ApiError(400, `a film of ${told(seconds)} seconds is not possible: the model makes ${limits.maxFrames} frames at most, not ${frames}`,
      { code: 'invalid_value', param: 'seconds' });
}

/** Fields that decide how a film is made, as the spec has them. */
const made = (body: Pick<CreateVideoBody, 'negative_prompt' | 'num_inference_steps' | 'guidance_scale'>): Pick<FilmSpec, 'negative' | 'steps' | 'guidance'> => ({
  ...(body.negative_prompt?.trim() ? { negative: body.negative_prompt } : {}), ...(body.num_inference_steps === undefined ? {} : { steps: body.num_inference_steps }),
  ...(body.guidance_scale === undefined ? {} : { guidance: body.guidance_scale }),
});

const drawn = (seed: number | undefined): number => seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;

async function planned(asked: string, spec: FilmSpec, { info, seconds }: { readonly info: ModelInfo; readonly seconds: number }): Promise<PlannedFilm> {
  const { native, deliver } = spec;
  try {
    // A film that is given is not read here: the same settings without it say the same of sizes, steps and words.
    const { source: _, extend: __, ...plain } = spec;
    const settings = filmSettings(await resolveWays(filmOptions({ ...plain, kind: 'create' }, { image: 'input_reference', source: '' }), info), info, spec.seed);
    return {
      askedModel: asked, size: `${deliver.width}x${deliver.height}`, seconds: told(seconds), spec,
      work: native.width * native.height * native.frames * Math.max(1, Math.round(settings.steps * (spec.strength ?? 1))),
    };
  } catch (error) {
    if (error instanceof InputError) throw new ApiError(400, error.message, { code: 'invalid_value', cause: error });
    throw error;
  }
}

/** What the plans are made with. */
export interface PlanContext extends Pick<ServerConfig, 'limits' | 'sizes'> { readonly served: ServedModels }

interface Size { readonly width: number; readonly height: number }

/** In which of its own sizes the model makes a film: as the table says, or of that shape. */
function nativeSize(asked: Size, info: ModelInfo, sizes: ServerConfig['sizes']): Size {
  const name = `${asked.width}x${asked.height}`;
  if (!Object.hasOwn(sizes, name)) return sizeOfShape(asked, info);
  const [width, height] = sizes[name]!.split('x').map(Number) as [number, number];
  return { width, height };
}

/** A film from words. `image`: one stands in the job's folder. */
export async function planCreate(body: CreateVideoBody, image: boolean, { served, limits, sizes }: PlanContext): Promise<PlannedFilm> {
  const { asked, id, info } = modelOf(served, body.model), size = sizeOf(body.size ?? DEFAULT_SIZE, limits), fps = body.fps ?? info.native.fps;
  if (body.num_frames !== undefined && body.seconds !== undefined)
    throw new ApiError(400, 'num_frames and seconds exclude each other: give one', { code: 'invalid_value', param: 'num_frames' });
  const frames = body.num_frames ?? Math.max(1, Math.round(Number(body.seconds ?? DEFAULT_SECONDS) * fps)), seconds = frames / fps;
  const nativeFrames = Math.max(1, Math.round(seconds * info.native.fps)), { width, height } = nativeSize(size, info, sizes);
  checkLength(seconds, nativeFrames, info, limits.seconds);
  return planned(asked, {
    kind: 'create', model: id, prompt: body.prompt, seed: drawn(body.seed), ...made(body),
    native: { width, height, frames: nativeFrames, fps: info.native.fps }, deliver: { ...size, frames, fps },
    ...(body.loop ? { loop: true } : {}), ...(image ? { image: true } : {}),
    ...(body.storyboard ? { shots: body.storyboard.map(({ join = 'cut', ...shot }) => ({ ...shot, join })) } : {}),
  }, { info, seconds });
}

/** Other words on the noise of a film that was made here: all else is as it was. */
export async function planRemix(of: FilmSpec, { prompt, seed }: RemixVideoBody,
  asked: string, context: PlanContext): Promise<PlannedFilm> {
  const { shots: _, ...plain } = of;
  return replan({ ...plain, prompt, seed: seed ?? of.seed }, asked, context);
}

/** A film that is made from another, whose spec was changed. */
export const replan = (spec: FilmSpec, asked: string, { served }: PlanContext): Promise<PlannedFilm> =>
  planned(asked, spec, { info: modelOf(served, spec.model).info, seconds: spec.deliver.frames / spec.deliver.fps });

/** A film that is there: how it was made and delivered, or how an upload is to be. */
export interface SourceFilm { readonly native: FilmSpec['native']; readonly deliver: FilmSpec['deliver']; readonly seed?: number }

/** A source that was uploaded: delivered in its own size, made in the model's of that shape. */
export function uploadedSource({ original: film, frames }: DecodedFilm, info: ModelInfo, { pixels }: ServerConfig['limits']): SourceFilm {
  const k = Math.min(1, Math.sqrt(pixels / (film.width * film.height))), even = (n: number): number => Math.max(16, 2 * Math.floor(n * k / 2)), { fps } = info.native;
  return {
    native: { ...sizeOfShape(film, info), frames, fps },
    deliver: { width: even(film.width), height: even(film.height), frames, fps },
  };
}

/** A film made anew from another. */
export async function planEdit(body: EditVideoBody, source: SourceFilm, { served, limits }: PlanContext): Promise<PlannedFilm> {
  const { asked, id, info } = modelOf(served, body.model), seconds = source.deliver.frames / source.deliver.fps;
  checkLength(seconds, source.native.frames, info, limits.seconds);
  return planned(asked, {
    kind: 'edit', model: id, prompt: body.prompt, seed: body.seed ?? source.seed ?? drawn(undefined), ...made(body), native: source.native, deliver: source.deliver,
    source: true, strength: body.strength ?? 0.6,
  }, { info, seconds });
}

/** A film that goes on: its seconds are those of the whole. */
export async function planExtend(body: ExtendVideoBody, source: SourceFilm, { served, limits }: PlanContext): Promise<PlannedFilm> {
  const { asked, id, info } = modelOf(served, body.model), more = Number(body.seconds), { native, deliver } = source;
  if (!(more > 0)) throw new ApiError(400, `seconds ${body.seconds} is not possible: wanted more than 0`, { code: 'invalid_value', param: 'seconds' });
  const nativeFrames = native.frames + Math.max(1, Math.round(more * native.fps)),
    frames = deliver.frames + Math.max(1, Math.round(more * deliver.fps)), seconds = frames / deliver.fps;
  checkLength(seconds, nativeFrames, info, limits.seconds);
  return planned(asked, {
    kind: 'extend', model: id, prompt: body.prompt, seed: drawn(body.seed), ...made(body), native: { ...native, frames: nativeFrames }, deliver: { ...deliver, frames },
    source: true, extend: more,
  }, { info, seconds });
}

/** What each model can do, for forms that offer nothing else. */
export function capabilitiesOf({ models, names }: ServedModels, { limits }: Pick<ServerConfig, 'limits'>): Capabilities {
  return {
    models: [...models].map(([id, { info }]) => ({
      id: info.id, description: info.description, version: info.version, licence: info.licence, names: Object.keys(names).filter((name) => names[name] === id),
      native: info.native, max_seconds: Math.min(limits.seconds, info.limits.maxFrames / info.native.fps), max_frames: info.limits.maxFrames,
      native_sizes: allowedSizes(sizeRule(info)).map((size) => size.join('x')),
      sampling: { sampler: info.sampling.sampler, num_inference_steps: info.sampling.steps, guidance_scale: info.sampling.guidance },
      negative_prompt: info.distilled === undefined, audio: false, characters: 1, ways: [...JOB_KINDS],
    })),
    limits: { max_pixels: limits.pixels, max_seconds: limits.seconds, max_upload_bytes: limits.upload, max_waiting: limits.waiting },
    variants: [...VARIANTS],
  };
}
