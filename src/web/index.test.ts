/** @file The page's side against a worker that a test plays. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CancelledError, FileError, openWebModel, ResourceError, type ModelInfo } from './index.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** A worker that answers what the test says. */
class PlayedWorker extends EventTarget {
  readonly heard: ToWorker[] = [];
  ended = false;
  postMessage(message: ToWorker): void { this.heard.push(structuredClone(message)); }
  terminate(): void { this.ended = true; }
  say(data: FromWorker): void { this.dispatchEvent(new MessageEvent('message', { data })); }
}

beforeAll(() => { vi.stubGlobal('document', { baseURI: 'https://site.test/films/page.html' }); });
afterAll(() => { vi.unstubAllGlobals(); });

const info = { id: 'tiny' } as ModelInfo;
const ms = { load: 0, text: 0, sample: 0, decode: 0, encode: 0 }, facts = { width: 1, height: 1, frames: 1, fps: 8, seed: 1, model: 'tiny', steps: 1, ignored: [], ms };
const played = (): { readonly worker: PlayedWorker; readonly as: Worker } => { const worker = new PlayedWorker(); return { worker, as: worker as unknown as Worker }; };

async function opened() {
  const { worker, as } = played(), opening = openWebModel({ url: '/models/tiny', worker: as });
  worker.say({ kind: 'opened', info, threads: 1 });
  return { worker, model: await opening };
}

test('what is asked for is sent in full: addresses are the page\'s, numbers float32 unless said', () => {
  const { worker, as } = played(), other = played(), refused = openWebModel({ url: '/models/tiny', device: 'webgpu', precision: 'fp16', worker: as });
  void openWebModel({ url: 'tiny/', engine: new URL('https://site.test/ort'), worker: other.as });
  expect([...worker.heard, ...other.worker.heard]).toEqual([
    { kind: 'open', url: 'https://site.test/models/tiny/', engine: 'https://site.test/films/ort/', device: 'webgpu', precision: 'fp16', threads: null, cache: true },
    { kind: 'open', url: 'https://site.test/films/tiny/', engine: 'https://site.test/ort/', device: 'wasm', precision: 'fp32', threads: null, cache: true },
  ]);
  worker.say({ kind: 'failed', id: null, error: { code: 'file', message: 'gone' } });
  return expect(refused).rejects.toThrow(new FileError('gone'));
});

test('a worker that does not come is an error that says so, and it is ended', async () => {
  const { worker, as } = played(), opening = openWebModel({ url: 'tiny/', worker: as });
  worker.dispatchEvent(new Event('error'));                     // of a module that is not there: an event without a message
  await expect(opening).rejects.toThrow(ResourceError);
  await expect(opening).rejects.toThrow(/^the worker cannot be loaded: worker\.mjs has to be served/);
  expect(worker.ended).toBe(true);
});

test('opening is cancelled by its signal', async () => {
  const { worker, as } = played(), cancel = new AbortController(), opening = openWebModel({ url: 'tiny/', worker: as, signal: cancel.signal });
  cancel.abort('enough');
  await expect(opening).rejects.toThrow(new CancelledError('cancelled', { cause: 'enough' }));
  expect(worker.ended).toBe(true);
});

test('one signal for many films: each listens only while it is waited for; the error has its reason', async () => {
  const { worker, model } = await opened(), cancel = new AbortController(), prompt = 'a knight';
  const first = model.generate({ prompt, signal: cancel.signal }), frame = { width: 1, height: 1, count: 1, fps: 8, channels: 3, data: new Uint8Array(3) } as const;
  worker.say({ kind: 'frame', id: 1, frame, index: 0 });
  worker.say({ kind: 'done', id: 1, film: facts });
  expect((await first).film.data).toHaveLength(3);
  const second = model.generate({ prompt, signal: cancel.signal });
  cancel.abort('too late');
  expect(worker.heard.filter(({ kind }) => kind === 'cancel')).toEqual([{ kind: 'cancel', id: 2 }]);
  worker.say({ kind: 'failed', id: 2, error: { code: 'cancelled', message: 'cancelled at step 1 of 2' } });
  await expect(second).rejects.toThrow(new CancelledError('cancelled at step 1 of 2', { cause: 'too late' }));
  await expect(model.generate({ prompt, signal: cancel.signal })).rejects.toThrow(CancelledError);
});

test('closing cancels the films that are waited for, and what cannot be sent is refused', async () => {
  const { worker, model } = await opened(), film = model.generate({ prompt: 'a knight' });
  await expect(model.generate({ prompt: (() => 'a knight') as unknown as string })).rejects.toThrow(/could not be cloned/);
  model.close();
  await expect(film).rejects.toThrow(new CancelledError('the model was closed'));
  await expect(model.generate({ prompt: 'a knight' })).rejects.toThrow(new CancelledError('the model was closed'));
  expect(worker.ended).toBe(true);
});
