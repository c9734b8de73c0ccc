import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CancelledError, InputError, ResourceError } from '../../core/errors.ts';
import { expandFilm, expandShots, type ExpandFilmOptions } from './expand.ts';
import type { FilmSettings } from '../settings/film-options.ts';
import { loadTokenizer } from './tokenizer.ts';

const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)));
const film = { prompt: 'a lass strolls west', negative: '', images: [], clips: [], width: 64, shots: [{}] }, info = { id: 'm', expander: 'sprites' } as const;
const expand = (o: Partial<ExpandFilmOptions> = {}, s: Partial<typeof film> = {}) => expandFilm({ ...film, ...s }, { info, tokenizer: () => Promise.resolve(tokenizer), ...o });

/** An endpoint that answers what a test wants, and notes what it is asked. */
interface Asked { path: string | undefined; key: string | undefined; body: { model: string; messages: { role: string; content: string }[] } }
let answer: (response: ServerResponse) => void, asked: Asked[];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  let text = '';
  request.on('data', (part: Buffer) => { text += part.toString(); });
  request.on('end', () => { asked.push({ path: request.url, key: request.headers.authorization, body: JSON.parse(text) as Asked['body'] }); answer(response); });
});
const says = (content: unknown): void => { answer = (response) => { response.end(JSON.stringify({ choices: [{ message: { content } }] })); }; };
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
beforeEach(() => { asked = []; });
afterAll(() => { server.close(); server.closeAllConnections(); });

test('a model with an expander reads captions; one without, or with expansion off, reads the prompt', async () => {
  expect((await expand()).expanded).toMatchObject({ prompt: expect.stringMatching(/^A woman with .* walks to the left\./), negative: '', ignored: [] });
  expect(await expand({ expand: false })).toEqual(film);
  expect(await expand({ info: { id: 'm' } })).toEqual(film);
  const whole = { ...film, prompt: 'a woman with long red hair in plate armor walks to the left' };
  expect(await expand({}, whole)).toEqual(whole);
});

test('where there is more room than to stand, it is said where somebody alone goes; not where pictures or the shot before show it', async () => {
  const wide = { width: 128, prompt: 'a knight walks to the right' }, regions = { info: { ...info, regions: true } };
  const { expanded } = await expand(regions, wide);
  expect(expanded!.regions).toEqual({ relation: 'alone', goes: 'right', prompts: [expanded!.prompt, expanded!.prompt] });
  for (const [o, s] of [[{}, wide], [regions, { ...wide, width: 64 }], [regions, { ...wide, images: [{}] as never }]] as const)
    expect((await expand(o, s)).expanded?.regions).toBeUndefined();
  const shots = [{ prompt: 'a knight walks' }, { prompt: 'a knight casts a spell' }];
  expect((await expandShots({ ...film, ...wide, shots }, { ...regions, tokenizer: () => Promise.resolve(tokenizer) })).shots.map((shot) => 'reads' in shot && shot.reads)).toEqual(
    [expect.not.objectContaining({ regions: expect.anything() as unknown }), expect.not.objectContaining({ regions: expect.anything() as unknown })]);
});

test('given images leave the looks alone', async () => {
  expect((await expand({}, { images: [{}] as never })).expanded?.prompt).toBe('a woman walks to the left');
});

test('wrong weights are refused before the tokenizer is opened', async () => {
  const tokenizer = (): never => { throw new Error('opened'); };
  for (const s of [{ prompt: 'a (knight:9)' }, { negative: '(hat:9)' }]) await expect(expand({ tokenizer }, s)).rejects.toThrow('weight "9"');
});

test('an endpoint is told of the world and the prompt, and what it writes is worded as captions are', async () => {
  says('<think>Hm, (west).</think>\n"A lass with golden locks in a teal singlet strolls west"\n');
  const { expanded } = await expand({ expandWith: { url: `${url}#some%20model`, key: 'secret' } }, { prompt: 'a (lass:1.5) strolls west' });
  expect(expanded?.prompt).toBe('a (woman:1.5) with blonde hair in a teal sleeveless shirt walks to the left');
  const messages = [{ role: 'system' }, { role: 'user', content: 'a lass strolls west' }];
  expect(asked).toMatchObject([{ path: '/v1/chat/completions', key: 'Bearer secret', body: { model: 'some model', messages } }]);
  expect(asked[0]!.body.messages[0]!.content).toContain('plate armor');
  await expand({ expandWith: `${url}/chat/completions` });
  expect(asked[1]).toMatchObject({ path: '/v1/chat/completions', key: undefined, body: { model: 'default' } });
});

test.each<[string, (response: ServerResponse) => void, string]>([
  ['a failure', (r) => { r.statusCode = 500; r.end('out of memory'); }, 'it answered 500: out of memory'],
  ['no completion', (r) => { r.end('{"choices":[]}'); }, 'its answer is no chat completion'],
  ['no JSON', (r) => { r.end('<html>'); }, 'its answer is no chat completion'],
  ['nothing', (r) => { r.end(JSON.stringify({ choices: [{ message: { content: ' ' } }] })); }, 'its text has 0 letters, wanted 1 to 600'],
  ['silence', () => undefined, 'no answer within 0.1 s'],
])('%s is an error that says so, never another film', async (_, answers, text) => {
  answer = answers;
  const made = expand({ expandWith: { url, timeout: 100 } });
  await expect(made).rejects.toThrow(ResourceError);
  await expect(made).rejects.toThrow(text);
});

test('nobody there, no address, no expander, and both at once', async () => {
  await expect(expand({ expandWith: 'http://127.0.0.1:1/v1' })).rejects.toThrow('127.0.0.1:1/v1/chat/completions did not expand the prompt');
  for (const [o, text] of [
    [{ expandWith: 'localhost' }, 'is no address'], [{ expandWith: 'ftp://localhost' }, 'begins with http:// or https://'],
    [{ expandWith: url, info: { id: 'm' } }, 'model m has no expander'], [{ expandWith: url, expand: false }, 'exclude each other'],
  ] as const) {
    await expect(expand(o)).rejects.toThrow(InputError);
    await expect(expand(o)).rejects.toThrow(text);
  }
});

test('an abort stops the waiting', async () => {
  answer = () => undefined;
  const abort = new AbortController(), made = expand({ expandWith: url, signal: abort.signal });
  setTimeout(() => { abort.abort(); }, 20);
  await expect(made).rejects.toThrow(CancelledError);
});

test('each shot is expanded, in the looks of the shot before; what a record says stays', async () => {
  const recorded = { prompt: 'a man falls down', negative: '', ignored: [], mended: {} };
  const shots = [
    { start: 0, join: 'cut', prompt: 'a lass with crimson hair strolls west' }, { start: 9, join: 'free', prompt: 'she swoons' },
    { start: 17, join: 'free', prompt: 'he swoons', reads: recorded },
  ];
  const made = await expandShots({ ...film, shots } as unknown as FilmSettings, { info, tokenizer: () => Promise.resolve(tokenizer) });
  const [first, second, third] = made.shots.map(({ reads }) => reads!.prompt), looks = /with (.*red.*?) (in .*?) (walks|falls)/i;
  expect(second).toMatch(/falls down/);
  expect(looks.exec(second!)!.slice(1, 2)).toEqual(looks.exec(first!)!.slice(1, 2));
  expect(third).toBe(recorded.prompt);
});
