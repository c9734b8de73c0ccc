/**
 * @file `kinora/client`: a typed client of `kinora serve` for Node and browsers, with nothing but `fetch` behind it. It knows all that the server does beyond the ten methods
 * of `client.videos` of the `openai` package, which works as well. Types are those of the schemas that the server validates by.
 */
import type {
  Capabilities, Character, CreateVideoBody, DeletedCharacter, DeletedVideo, EditVideoBody, ErrorBody, ExtendVideoBody, MoveVideoBody, Readiness, RemixVideoBody,
  UpdateVideoBody, Variant, Video, VideoPage, VideoPreview,
} from '../server/contract/contract.ts';
import { readEvents } from './events.ts';

export type { Capabilities, Character, CreateVideoBody, DeletedCharacter, DeletedVideo, EditVideoBody, ExtendVideoBody, MoveVideoBody, Readiness, RemixVideoBody,
  UpdateVideoBody, Variant, Video, VideoPreview };

/** Options of {@link KinoraClient}. */
export interface ClientOptions {
  /** Address of the server, with or without `/v1`. Default `http://127.0.0.1:8080`. */
  readonly url?: string | URL;
  /** Needed by servers that others reach. */
  readonly key?: string;
  /** How often a request is sent again after a lost connection, 408, 429, 503 and other answers of 500 and up. Default 2. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
}

/** Options of each call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** By which the server knows a request again: what is queued with it makes one film, however often it is sent, by this process or the next. Default: a new one for each call. */
  readonly idempotencyKey?: string;
}

/** Options of {@link KinoraClient.list}. */
export interface ListOptions extends CallOptions {
  /** Newest first unless said. */
  readonly order?: 'asc' | 'desc';
  /** Films of a page, up to 100. Default 20. */
  readonly limit?: number;
  /** The film after which to begin. */
  readonly after?: string;
}

/** Options of {@link KinoraClient.events}. */
export interface WatchOptions extends CallOptions {
  /** Is shown what the film looks like so far, some three times for each few seconds of film. */
  readonly onPreview?: (preview: VideoPreview) => void;
}

/** Options of {@link KinoraClient.wait}. */
export interface WaitOptions extends WatchOptions {
  /** Called with the film as it stands first, and whenever it changes. */
  readonly onChange?: (video: Video) => void;
}

/** A picture or film that goes with a request: bytes with a type, or a file. */
export type Upload = Blob;

/** An answer that is an error, or a film that failed. */
export class VideosApiError extends Error {
  override readonly name = 'VideosApiError';
  /** HTTP status; 0 where the film failed, since asking for it did not. */
  readonly status: number;
  readonly code: string | null;
  /** The field that is wrong. */
  readonly param: string | null;
  /** Under which the server's log tells more. */
  readonly requestId: string | null;

  constructor(message: string, o: Pick<VideosApiError, 'status' | 'code'> & Partial<Pick<VideosApiError, 'param' | 'requestId' | 'cause'>>) {
    super(message, { cause: o.cause });
    this.status = o.status;
    this.code = o.code;
    this.param = o.param ?? null;
    this.requestId = o.requestId ?? null;
  }
}

interface Call extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  /** A file beside the body, by the field that it is. */
  readonly file?: { readonly field: string; readonly data: Upload } | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds before the first repetition, and at most. */
const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 30_000;
/** Answers that another try may change. */
const WORTH_ANOTHER = (status: number): boolean => status === 408 || status === 429 || status >= 500;

const pause = (ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve, reject) => {
  const stop = (): void => { clearTimeout(timer); reject(signal!.reason as Error); };
  const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
  if (signal?.aborted) stop(); else signal?.addEventListener('abort', stop, { once: true });
});

/** A server's films. Each method throws a {@link VideosApiError} for an answer that is an error, and the signal's reason when it is aborted. */
export class KinoraClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #retries: number;
  readonly #fetch: typeof fetch;

  constructor({ url = 'http://127.0.0.1:8080', key, retries = 2, fetch: own = globalThis.fetch }: ClientOptions = {}) {
    this.#base = String(url).replace(/\/+$/, '').replace(/\/v1$/, '');
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.#retries = retries;
    this.#fetch = (input, init) => own(input, init);             // a browser's fetch wants to be called by nobody
  }

  /** Queues a film from words, and from a picture that it begins with. */
  create(body: CreateVideoBody, { image, ...o }: CallOptions & { readonly image?: Upload } = {}): Promise<Video> {
    return this.#json('/v1/videos', { ...o, body, file: image && { field: 'input_reference', data: image } });
  }
  /** Queues a film that is another one made anew: one of the server's (`video`), or an upload. */
  edit(body: EditVideoBody, { video, ...o }: CallOptions & { readonly video?: Upload } = {}): Promise<Video> {
    return this.#json('/v1/videos/edits', { ...o, body, file: video && { field: 'video', data: video } });
  }
  /** Queues a film that goes on from another: one of the server's (`video`), or an upload. */
  extend(body: ExtendVideoBody, { video, ...o }: CallOptions & { readonly video?: Upload } = {}): Promise<Video> {
    return this.#json('/v1/videos/extensions', { ...o, body, file: video && { field: 'video', data: video } });
  }
  /** Queues other words on the noise of a film. */
  remix(id: string, body: RemixVideoBody, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'remix', o, body); }

  /** A film as it stands. */
  get(id: string, o: CallOptions = {}): Promise<Video> { return this.#json(this.#path(id), o); }
  /** Films one after another, a page at a time. */
  async *list({ order, limit, after, ...o }: ListOptions = {}): AsyncGenerator<Video> {
    for (let from = after; ;) {
      const query = new URLSearchParams(Object.entries({ order, limit, after: from }).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));
      const page = await this.#json<VideoPage>(`/v1/videos?${query}`, o);
      yield* page.data;
      if (!page.has_more || page.last_id === null) return;
      from = page.last_id;
    }
  }
  /** Removes a film, or stops it; a finished one can be brought back for as long as the server's trash keeps it. */
  delete(id: string, o: CallOptions = {}): Promise<DeletedVideo> { return this.#json(this.#path(id), { ...o, method: 'DELETE' }); }
  /** Brings a deleted film back. */
  restore(id: string, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'restore', o); }
  /** Stops a film, which stays listed as failed. */
  cancel(id: string, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'cancel', o); }
  /** A new attempt at a film that failed. */
  retry(id: string, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'retry', o); }
  /** Holds a film that waits. */
  pause(id: string, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'pause', o); }
  /** Lets a held film be made. */
  resume(id: string, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'resume', o); }
  /** Puts a waiting film in another place of its queue. */
  move(id: string, to: MoveVideoBody, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'move', o, to); }
  /** Changes a film that still waits. */
  update(id: string, change: UpdateVideoBody, o: CallOptions = {}): Promise<Video> { return this.#act(id, 'update', o, change); }

  /** A finished film's file, thumbnail or sheet of frames. */
  async download(id: string, { variant = 'video', ...o }: CallOptions & { readonly variant?: Variant } = {}): Promise<Blob> {
    return (await this.#send(`${this.#path(id)}/content?variant=${variant}`, o)).blob();
  }
  /** The film as it stands, and then whenever it changes, until it is finished, failed or deleted; a lost connection is taken up where it was. */
  async *events(id: string, { onPreview, ...o }: WatchOptions = {}): AsyncGenerator<Video> {
    let last: string | undefined;
    for (let lost = 0; ; lost++) {
      try {
        const answer = await this.#send(`${this.#path(id)}/events`, { ...o, headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) } });
        if (answer.status === 204) return;                            // it has ended, and that was told
        for await (const event of readEvents(answer.body!)) {
          last = event.id ?? last;
          lost = 0;
          if (event.name === 'video.deleted') return;
          if (event.name === 'video.preview') { onPreview?.(JSON.parse(event.data) as VideoPreview); continue; }
          const video = JSON.parse(event.data) as Video;
          yield video;
          if (video.status === 'completed' || video.status === 'failed') return;
        }
      } catch (error) {
        if (error instanceof VideosApiError || o.signal?.aborted || lost >= this.#retries) throw error;
      }
      await pause(this.#wait(lost), o.signal);
    }
  }
  /** Waits for a film to be finished. Throws a {@link VideosApiError} with the film's own code when it fails or is deleted. */
  async wait(id: string, { onChange, ...o }: WaitOptions = {}): Promise<Video> {
    let last: Video | undefined;
    for await (const video of this.events(id, o)) onChange?.(last = video);
    last = last?.status === 'completed' || last?.status === 'failed' ? last : await this.get(id, o);
    if (last.error) throw new VideosApiError(`the film ${id} failed: ${last.error.message}`, { status: 0, code: last.error.code });
    return last;
  }

  /** Keeps the subject of a short film for later prompts. */
  createCharacter(name: string, video: Upload, o: CallOptions = {}): Promise<Character> {
    return this.#json('/v1/videos/characters', { ...o, body: { name }, file: { field: 'video', data: video } });
  }
  /** Tells of a character. */
  character(id: string, o: CallOptions = {}): Promise<Character> { return this.#json(`/v1/videos/characters/${encodeURIComponent(id)}`, o); }
  /** Those that are kept, newest first. */
  async characters(o: CallOptions = {}): Promise<readonly Character[]> { return (await this.#json<{ data: Character[] }>('/v1/videos/characters', o)).data; }
  /** Removes a character; films that began with it stay. */
  deleteCharacter(id: string, o: CallOptions = {}): Promise<DeletedCharacter> { return this.#json(`/v1/videos/characters/${encodeURIComponent(id)}`, { ...o, method: 'DELETE' }); }
  /** What each model can do. */
  capabilities(o: CallOptions = {}): Promise<Capabilities> { return this.#json('/v1/capabilities', o); }
  /** Whether films can be made, and why not; asked once. */
  async ready(o: CallOptions = {}): Promise<Readiness> {
    return await (await this.#fetch(`${this.#base}/readyz`, { headers: this.#headers, ...(o.signal ? { signal: o.signal } : {}) })).json() as Readiness;
  }

  readonly #path = (id: string): string => `/v1/videos/${encodeURIComponent(id)}`;
  readonly #act = (id: string, what: string, o: CallOptions, body: object = {}): Promise<Video> => this.#json(`${this.#path(id)}/${what}`, { ...o, body });
  readonly #wait = (tried: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tried) * (0.75 + 0.25 * Math.random());

  async #json<T>(path: string, call: Call): Promise<T> { return await (await this.#send(path, call)).json() as T; }

  /** Sends a request, again where that may help; each try of a POST has the same key, so that none makes a second film. */
  async #send(path: string, { method, body, file, headers = {}, idempotencyKey, signal }: Call): Promise<Response> {
    const posted = body === undefined ? undefined : file ? form(body, file) : JSON.stringify(body), verb = method ?? (posted === undefined ? 'GET' : 'POST');
    const all: Record<string, string> = {
      ...this.#headers, ...headers, ...(typeof posted === 'string' ? { 'content-type': 'application/json' } : {}),
      ...(verb === 'POST' ? { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() } : {}),
    };
    for (let tried = 0; ; tried++) {
      let answer: Response;
      try {
        answer = await this.#fetch(`${this.#base}${path}`, { method: verb, headers: all, ...(posted === undefined ? {} : { body: posted }), ...(signal ? { signal } : {}) });
      } catch (cause) {
        if (signal?.aborted || tried >= this.#retries) throw cause;
        await pause(this.#wait(tried), signal);
        continue;
      }
      if (answer.ok) return answer;
      const told = answer.headers.get('x-should-retry'), after = Number(answer.headers.get('retry-after-ms') ?? Number.NaN);
      if (tried >= this.#retries || !(told === null ? WORTH_ANOTHER(answer.status) : told === 'true') || after > LONGEST_WAIT_MS) throw await errorOf(answer);
      await answer.body?.cancel();
      await pause(Number.isFinite(after) ? after : this.#wait(tried), signal);
    }
  }
}

/** A body with a file: values that are no text as JSON, as the server reads them. */
function form(body: object, { field, data }: NonNullable<Call['file']>): FormData {
  const parts = new FormData();
  for (const [key, value] of Object.entries(body)) if (value !== undefined) parts.append(key, typeof value === 'string' ? value : JSON.stringify(value));
  parts.append(field, data, data instanceof File ? data.name : field);
  return parts;
}

async function errorOf(answer: Response): Promise<VideosApiError> {
  const text = await answer.text(), requestId = answer.headers.get('x-request-id');
  try {
    const { error: { message, code, param } } = JSON.parse(text) as ErrorBody;
    return new VideosApiError(message, { status: answer.status, code, param, requestId });
  } catch (cause) {
    return new VideosApiError(`the server answered ${answer.status}: ${text.slice(0, 200)}`, { status: answer.status, code: null, requestId, cause });
  }
}
