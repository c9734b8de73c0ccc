/**
 * @file What clients and the server say to each other: one zod schema for each body, from which requests are validated and the OpenAPI document is made. Names and
 * meanings are those of the Videos API that the `openai` packages speak; what stands after "extra" in an object is Kinora's own. Imports nothing but zod, so that
 * browsers can take it too.
 */
import { z } from 'zod';

/** The only words that clients know: they take any other for the end. */
export const VIDEO_STATUSES = ['queued', 'in_progress', 'completed', 'failed'] as const;
export type VideoStatus = (typeof VIDEO_STATUSES)[number];

/** What can be downloaded of a film. */
export const VARIANTS = ['video', 'thumbnail', 'spritesheet'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What a film's job does: words to a film; other words on the same noise; a film made anew; a film that goes on. */
export const JOB_KINDS = ['create', 'remix', 'edit', 'extend'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

const id = z.string().min(1).max(128);
const seconds = z.string().regex(/^\d{1,4}(\.\d{1,3})?$/, 'wanted seconds as a string, as in "8"').meta({ description: 'Length in seconds, as a string', examples: ['4', '8'] });
const size = z.string().regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/, 'wanted WIDTHxHEIGHT, as in "1280x720"')
  .meta({ description: 'Pixels of the film as it is delivered', examples: ['1280x720'] });
const prompt = z.string().min(1).max(32_000);
/** Bytes of a data URL, in characters, that a request may hold. */
const imageUrl = z.string().min(1).max(20_971_520).meta({ description: 'http(s) address of an image on a public host, or a data URL' });
const reference = z.strictObject({ image_url: imageUrl }).meta({ description: 'An image that the film begins with; a multipart request may hold it as a file' });
const shot = z.strictObject({
  at: z.number().min(0).max(3600), prompt, join: z.enum(['free', 'cut', 'blend']).optional(),
}).meta({ description: 'From second `at` on, these words; `join` says how it goes on from the shot before' });

/** Fields that say how a film is made, under the names that other servers use. */
const extras = {
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Same seed and fields, same film. Default: drawn, and told in the object' }),
  fps: z.number().min(1).max(120).optional().meta({ description: "Frames a second of the delivered film. Default: the model's own" }),
  num_frames: z.int().min(1).max(100_000).optional().meta({ description: 'Frames of the delivered film, instead of seconds' }),
  negative_prompt: z.string().max(32_000).optional(),
  num_inference_steps: z.int().min(1).max(1000).optional(),
  guidance_scale: z.number().min(0).max(30).optional(),
};

/** POST /v1/videos. */
export const createVideoBody = z.strictObject({
  prompt, model: z.string().min(1).max(200).optional().meta({ description: 'A served model, or a name that the table of the config maps to one' }),
  seconds: seconds.optional(), size: size.optional(), input_reference: reference.optional(),
  characters: z.array(z.strictObject({ id })).max(2).optional(),
  ...extras,
  loop: z.boolean().optional().meta({ description: 'Whether the end runs into the start' }),
  storyboard: z.array(shot).min(1).max(64).optional().meta({ description: 'Shots after each other; the first at 0' }),
});
export type CreateVideoBody = z.infer<typeof createVideoBody>;

/**
 * POST /v1/videos/{video_id}/update: what is given changes, all else stays. Which fields a kind of job has, update.ts says. An empty `negative_prompt` or `storyboard`
 * takes it away.
 */
export const updateVideoBody = createVideoBody.omit({ input_reference: true, characters: true }).extend({
  storyboard: z.array(shot).max(64).optional().meta({ description: 'Other shots; an empty list: none' }),
  strength: z.number().min(0).max(1).optional().meta({ description: 'Of an edit' }),
}).partial();
export type UpdateVideoBody = z.infer<typeof updateVideoBody>;

/** POST /v1/videos/{video_id}/move: one of the three. */
export const moveVideoBody = z.strictObject({
  position: z.int().min(0).optional().meta({ description: 'Place among the waiting films of the same key, from 0; beyond the last is the end' }),
  before: id.optional().meta({ description: 'A waiting film that it goes right before' }),
  after: id.optional().meta({ description: 'A waiting film that it goes right behind' }),
});
export type MoveVideoBody = z.infer<typeof moveVideoBody>;

/** POST /v1/videos/{video_id}/remix. */
export const remixVideoBody = z.strictObject({ prompt, seed: extras.seed });
export type RemixVideoBody = z.infer<typeof remixVideoBody>;

const source = z.strictObject({ id }).meta({ description: 'A finished film; a multipart request may hold it as a file' });

/** POST /v1/videos/edits. */
export const editVideoBody = z.strictObject({
  prompt, video: source.optional(), model: createVideoBody.shape.model, ...extras,
  strength: z.number().min(0).max(1).optional().meta({ description: 'Share of the film that is made anew: 0 leaves it, 1 keeps nothing' }),
}).omit({ fps: true, num_frames: true });
export type EditVideoBody = z.infer<typeof editVideoBody>;

/** POST /v1/videos/extensions. */
export const extendVideoBody = z.strictObject({
  prompt, seconds, video: source.optional(), model: createVideoBody.shape.model, ...extras,
}).omit({ fps: true, num_frames: true });
export type ExtendVideoBody = z.infer<typeof extendVideoBody>;

/** POST /v1/videos/characters: the film is a file part. */
export const createCharacterBody = z.strictObject({ name: z.string().min(1).max(80) });

/** Query of GET /v1/videos. */
export const listQuery = z.strictObject({
  limit: z.int().min(0).max(100).default(20), order: z.enum(['asc', 'desc']).default('desc'), after: id.optional(),
});
export type ListQuery = z.infer<typeof listQuery>;

/** Query of GET /v1/videos/{video_id}/content. */
export const contentQuery = z.strictObject({ variant: z.enum(VARIANTS).default('video') });

const when = z.int().min(0).meta({ description: 'Unix seconds' });

/** A film and its job. Every key is always there. */
export const video = z.object({
  id, object: z.literal('video'), model: z.string(), status: z.enum(VIDEO_STATUSES), progress: z.int().min(0).max(100),
  created_at: when, completed_at: when.nullable(), expires_at: when.nullable(),
  prompt: z.string(), size: z.string(), seconds: z.string(), remixed_from_video_id: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  // extra
  served_model: z.string().meta({ description: 'The model that makes it' }),
  native_size: z.string().meta({ description: 'Pixels in which the model makes it, before it is brought to `size`' }),
  fps: z.number(), num_frames: z.int(), seed: z.int().nullable(),
  source_video_id: z.string().nullable(),
  stage: z.string().nullable().meta({ description: 'What is being done' }),
  paused: z.boolean().meta({ description: 'Queued, and not taken until it is resumed' }),
  attempt: z.int().min(1).meta({ description: 'Counts from 1; a retry is one more' }),
  retry_of_video_id: z.string().nullable().meta({ description: 'The failed film that this one tries again' }),
  queue_position: z.int().nullable().meta({ description: 'Films that come before it; null unless queued and not paused' }),
  eta_seconds: z.number().nullable().meta({ description: 'Until it is finished, as far as earlier films tell' }),
  ignored: z.array(z.string()).meta({ description: 'Words that the model does not know' }),
  notes: z.array(z.string()).meta({ description: 'What was changed to fit, as sentences' }),
  metrics: z.record(z.string(), z.number()).nullable().meta({ description: 'Milliseconds: queue_ms, load_ms, text_ms, sample_ms, decode_ms, encode_ms' }),
}).meta({ id: 'Video' });
export type Video = z.infer<typeof video>;

/** What a film under way looks like so far; an event, `video.preview`. */
export const videoPreview = z.object({
  id, object: z.literal('video.preview'), number: z.int().min(1).meta({ description: 'Counts the previews of a film' }),
  image: z.string().meta({ description: "A frame as a data URL (WebP), in the model's own pixels" }),
}).meta({ id: 'VideoPreview' });
export type VideoPreview = z.infer<typeof videoPreview>;

/** A page of films. */
export const videoList = z.object({
  object: z.literal('list'), data: z.array(video), first_id: z.string().nullable(), last_id: z.string().nullable(), has_more: z.boolean(),
}).meta({ id: 'VideoList' });
export type VideoPage = z.infer<typeof videoList>;
/** What DELETE answers. */
export const deletedVideo = z.object({ id, object: z.literal('video.deleted'), deleted: z.literal(true) }).meta({ id: 'DeletedVideo' });
export type DeletedVideo = z.infer<typeof deletedVideo>;
/** A character. */
export const character = z.object({ id, object: z.literal('character'), name: z.string(), created_at: when }).meta({ id: 'Character' });
export type Character = z.infer<typeof character>;
/** The characters of a key, newest first. */
export const characterList = z.object({ object: z.literal('list'), data: z.array(character) }).meta({ id: 'CharacterList' });
/** What DELETE of a character answers. */
export const deletedCharacter = z.object({ id, object: z.literal('character.deleted'), deleted: z.literal(true) }).meta({ id: 'DeletedCharacter' });
export type DeletedCharacter = z.infer<typeof deletedCharacter>;
/** Any error. */
export const errorBody = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string().nullable() }),
}).meta({ id: 'Error' });
export type ErrorBody = z.infer<typeof errorBody>;

/** GET /v1/models. */
export const modelList = z.object({
  object: z.literal('list'), data: z.array(z.object({ id: z.string(), object: z.literal('model'), created: when, owned_by: z.string() })),
}).meta({ id: 'ModelList' });
/** GET /v1/models/{model}. */
export const modelObject = modelList.shape.data.element;

/** GET /v1/capabilities: what each model can do, so that a form never offers what it cannot. */
export const capabilities = z.object({
  models: z.array(z.object({
    id: z.string(), description: z.string(), version: z.string(), licence: z.string(), names: z.array(z.string()),
    native: z.object({ width: z.int(), height: z.int(), frames: z.int(), fps: z.number() }),
    max_seconds: z.number(), max_frames: z.int(), native_sizes: z.array(z.string()),
    sampling: z.object({ sampler: z.string(), num_inference_steps: z.int(), guidance_scale: z.number() }),
    negative_prompt: z.boolean(), audio: z.literal(false), characters: z.int(), ways: z.array(z.enum(JOB_KINDS)),
  })),
  limits: z.object({ max_pixels: z.int(), max_seconds: z.number(), max_upload_bytes: z.int(), max_waiting: z.int() }),
  variants: z.array(z.enum(VARIANTS)),
}).meta({ id: 'Capabilities' });
export type Capabilities = z.infer<typeof capabilities>;

/** GET /readyz. */
export const readiness = z.object({ ready: z.boolean(), reasons: z.array(z.string()) }).meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof readiness>;
