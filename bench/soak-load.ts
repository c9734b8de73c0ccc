/**
 * @file The clients of a soak: each does one thing after another, drawn by its seed, among them what ill-behaved clients do: lines that break in the middle, files half
 * read, requests that are wrong. Counts what is answered; a film that fails, a 5xx and a connection that the server breaks are faults.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { draws, type Draws } from '../src/core/random.ts';
import type { Video, VideoPage } from '../src/server/contract/contract.ts';

/** Most films that are not finished, over all clients, and finished ones that stay. */
const UNFINISHED = 12, KEPT = 60;
/** Milliseconds after which one that watches a film looks elsewhere, and one that breaks off has had enough. */
const WATCH_MS = 10_000, LEAVE_MS = 1000;
const PROMPTS = ['a knight walks to the right', 'a woman with long red hair walks to the left', 'a skeleton casts a spell', 'a man in a blue shirt shoots an arrow'];
const SIZES = ['64x64', '128x128', '256x144', '144x256'], FRAMES = [5, 9, 17, 24];
const RANGES = ['bytes=0-99', 'bytes=-100', 'bytes=1000-', 'bytes=999999999-'];
const WRONG = [
  ['POST', '/v1/videos', '{"prompt":'], ['POST', '/v1/videos', '{"prompt":"a","colour":"red"}'], ['POST', '/v1/videos', '{"prompt":"a","size":"3x3"}'],
  ['POST', '/v1/videos', '{"prompt":"a","model":"none"}'], ['POST', '/v1/videos', '{"prompt":"a","input_reference":{"image_url":"data:image/png;base64,AAAA"}}'],
  ['GET', '/v1/videos/video_none'], ['GET', '/v1/videos?limit=1000'], ['DELETE', '/v1/videos'], ['GET', '/nowhere'], ['POST', '/v1/videos/video_none/cancel', '{}'],
] as const;

/** What clients do, and how often beside the others. */
const ACTIONS = {
  create: 5, picture: 2, remix: 1, poll: 8, watch: 3, leave: 4, download: 3, half: 4, range: 4, list: 2, cancel: 1, remove: 2, wrong: 4, damaged: 1, look: 2,
} as const;
type Action = keyof typeof ACTIONS;
const DECK = (Object.keys(ACTIONS) as Action[]).flatMap((action) => Array.from({ length: ACTIONS[action] }, () => action));

/** What was done so far. */
export interface Tally {
  requests: number;
  films: number;
  readonly actions: Record<string, number>;
  readonly statuses: Record<string, number>;
  readonly faults: string[];
}

/** Options of {@link soakLoad}. */
export interface SoakLoadOptions {
  readonly url: string;
  readonly seed: number;
  readonly clients: number;
  /** Denoising steps of each film. */
  readonly steps: number;
  readonly signal: AbortSignal;
}

/** Starts clients; `done` resolves when the signal has ended all. */
export function soakLoad({ url, seed, clients, steps, signal }: SoakLoadOptions): { readonly tally: Tally; readonly done: Promise<void> } {
  const tally: Tally = { requests: 0, films: 0, actions: {}, statuses: {}, faults: [] }, open = new Set<string>(), ready: string[] = [];
  const fault = (what: string): void => { tally.faults.push(what); };

  /** One request; undefined when the client went away by itself. */
  const ask = async (path: string, init: RequestInit = {}): Promise<Response | undefined> => {
    tally.requests++;
    try {
      const answer = await fetch(`${url}${path}`, init);
      tally.statuses[answer.status] = (tally.statuses[answer.status] ?? 0) + 1;
      if (answer.status >= 500) fault(`${init.method ?? 'GET'} ${path}: ${answer.status} ${await answer.clone().text()}`);
      return answer;
    } catch (error) {
      if (!init.signal?.aborted) fault(`${init.method ?? 'GET'} ${path}: ${String((error as Error).cause ?? error)}`);
      return undefined;
    }
  };
  const drain = async (answer: Response | undefined): Promise<void> => { await answer?.arrayBuffer().catch(() => undefined); };
  const post = (path: string, body: string): Promise<Response | undefined> => ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const took = async (answer: Response | undefined): Promise<void> => {
    if (answer?.status === 200) open.add((await answer.json() as Video).id); else await drain(answer);
  };
  const saw = ({ id, status, error }: Video): void => {
    if ((status !== 'completed' && status !== 'failed') || !open.delete(id)) return;
    if (status === 'completed') { tally.films++; ready.push(id); } else if (error?.code !== 'cancelled') fault(`${id} failed: ${error?.message ?? ''}`);
  };
  const film = (d: Draws): Record<string, string | number> =>
    ({ prompt: d.pick(PROMPTS), size: d.pick(SIZES), num_frames: d.pick(FRAMES), seed: d.int(1000), num_inference_steps: steps });
  const any = (d: Draws, ids: readonly string[]): string | undefined => (ids.length === 0 ? undefined : d.pick(ids));
  const picture = async (d: Draws): Promise<Buffer> =>
    sharp({ create: { width: 64, height: 64, channels: 3, background: { r: d.int(256), g: 90, b: 40 } } }).png().toBuffer();
  const upload = async (d: Draws, bytes: Uint8Array<ArrayBuffer>): Promise<Response | undefined> => {
    const body = new FormData();
    for (const [key, value] of Object.entries(film(d))) body.append(key, String(value));
    body.append('input_reference', new Blob([bytes], { type: 'image/png' }), 'a.png');
    return ask('/v1/videos', { method: 'POST', body });
  };
  /** Reads so many pieces of an answer, for a while, and breaks the line. */
  const breakOff = async (path: string, pieces: number): Promise<void> => {
    const stop = new AbortController(), late = setTimeout(() => { stop.abort(); }, LEAVE_MS), answer = await ask(path, { signal: stop.signal }), reader = answer?.body?.getReader();
    if (reader) for (let i = 0; i < pieces; i++) if ((await reader.read().catch(() => ({ done: true }))).done) break;
    clearTimeout(late);
    stop.abort();
  };
  const watched = async (id: string): Promise<void> => {
    const answer = await ask(`/v1/videos/${id}/events`, { signal: AbortSignal.any([signal, AbortSignal.timeout(WATCH_MS)]) });
    const text = await answer?.text().catch(() => '') ?? '';
    for (const [, data] of text.matchAll(/^data: (\{.*"status":"(?:completed|failed)".*\})$/gm)) saw(JSON.parse(data!) as Video);
  };

  const act = async (action: Action, d: Draws): Promise<void> => {
    const id = any(d, [...open]), done = any(d, ready), all = any(d, [...open, ...ready]);
    switch (action) {
      case 'create': if (open.size < UNFINISHED) await took(await post('/v1/videos', JSON.stringify(film(d)))); break;
      case 'picture': if (open.size < UNFINISHED) await took(await upload(d, new Uint8Array(await picture(d)))); break;
      case 'remix': if (done && open.size < UNFINISHED) await took(await post(`/v1/videos/${done}/remix`, JSON.stringify({ prompt: d.pick(PROMPTS) }))); break;
      case 'poll': {
        const answer = id && await ask(`/v1/videos/${id}`);
        if (answer && answer.status === 200) saw(await answer.json() as Video); else if (answer) await drain(answer);
        break;
      }
      case 'watch': if (id) await watched(id); break;
      case 'leave': if (all) await breakOff(`/v1/videos/${all}/events`, 1 + d.int(4)); break;
      case 'download': if (done) await drain(await ask(`/v1/videos/${done}/content?variant=${d.pick(['video', 'thumbnail', 'spritesheet'])}`)); break;
      case 'half': if (done) await breakOff(`/v1/videos/${done}/content`, d.int(2)); break;
      case 'range': if (done) await drain(await ask(`/v1/videos/${done}/content`, { headers: { range: d.pick(RANGES) } })); break;
      case 'list': {
        for (let after = '', pages = 0; pages < 4; pages++) {
          const answer = await ask(`/v1/videos?limit=20${after}`);
          if (answer?.status !== 200) { await drain(answer); break; }
          const page = await answer.json() as VideoPage;
          page.data.forEach(saw);
          if (!page.has_more) break;
          after = `&after=${page.last_id}`;
        }
        break;
      }
      case 'cancel': if (id) { open.delete(id); await drain(await post(`/v1/videos/${id}/cancel`, '{}')); } break;
      case 'remove': {
        while (ready.length > KEPT) await drain(await ask(`/v1/videos/${ready.shift()!}`, { method: 'DELETE' }));
        break;
      }
      case 'wrong': {
        const [method, path, body] = d.pick(WRONG), answer = await ask(path, { method, ...(body ? { body, headers: { 'content-type': 'application/json' } } : {}) });
        if (answer && answer.status < 400) fault(`${method} ${path} was let through`);
        await drain(answer);
        break;
      }
      case 'damaged': {
        const answer = await upload(d, new Uint8Array((await picture(d)).subarray(0, 60)));
        if (answer && answer.status < 400) fault('a damaged picture was let through');
        await drain(answer);
        break;
      }
      case 'look': await drain(await ask(d.pick(['/metrics', '/readyz', '/openapi.json', '/v1/models', '/v1/capabilities']))); break;
      default: action satisfies never;
    }
    tally.actions[action] = (tally.actions[action] ?? 0) + 1;
  };
  const client = async (n: number): Promise<void> => {
    const d = draws({ seed, stream: `soak:${n}`, step: 0 });
    while (!signal.aborted) { await act(d.pick(DECK), d).catch((error: unknown) => { fault(String(error)); }); await sleep(20 + d.uniform() * 200); }
  };
  return { tally, done: Promise.all(Array.from({ length: clients }, (_, n) => client(n))).then(() => undefined) };
}
