/**
 * @file Words → film in a real browser: the example's page makes the default film in few steps, in two threads and in one, and its frames agree with those that Node makes. Run by
 * `npm run test:browser`; needs the system's Chromium (Debian: apt-get install chromium).
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'tsdown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserSite } from '../../examples/browser/site.ts';
import { writeTinyModel } from '../../test/support/tiny-model.ts';
import { WEB } from '../../tsdown.config.ts';
import type { Frames } from '../media/frames.ts';
import { readFilm } from '../media/read.ts';
import { openPipeline } from '../pipeline/pipeline.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP site.test localhost'];
const PROMPT = 'a woman with long red hair in plate armor walks to the left', ASKED = { prompt: PROMPT, seed: 9, steps: 3 };
const MINUTES = 10;                                             // of patience: a busy machine is no fault

let folder: string, browser: Browser, isolated: Server, plain: Server;
const addressOf = (server: Server): string => `http://localhost:${(server.address() as AddressInfo).port}/`;
const listening = (server: Server): Promise<Server> => new Promise((resolve) => { server.listen(0, 'localhost', () => { resolve(server); }); });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-web-'));
  const web = join(folder, 'web'), models = join(folder, 'models');
  await build({ ...WEB, config: false, outDir: web, dts: false });
  await cp(new URL('../../models/sprites-64', import.meta.url), join(models, 'sprites-64'), { recursive: true });
  for (const name of ['tiny', 'damaged']) await writeTinyModel(join(models, name));
  const weights = join(models, 'damaged/dit.safetensors'), bytes = await readFile(weights);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(weights, bytes);
  isolated = await listening(browserSite({ web, models }));
  plain = await listening(browserSite({ web, models, isolated: false }));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}, MINUTES * 60_000);

afterAll(async () => {
  await browser?.close();
  for (const server of [isolated, plain]) server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The page, its model loaded. What it logs as errors is shown. */
async function opened(server: Server, query = ''): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(MINUTES * 60_000);
  page.on('console', (message) => { if (message.type() === 'error') console.log(`page: ${message.text()}`); });
  page.on('pageerror', (error) => { console.log(`page: ${error.message}`); });
  await page.goto(addressOf(server) + query);
  return page;
}

const ready = async (page: Page): Promise<void> => { await page.waitForFunction(() => /is ready|error|cannot|not /i.test(document.querySelector('#state')!.textContent)); };
const stateOf = (page: Page): Promise<string> => page.locator('#state').innerText();

/** Makes the film on the page. */
async function made(page: Page): Promise<string> {
  await page.fill('#prompt', PROMPT);
  await page.fill('#seed', String(ASKED.seed));
  await page.fill('#steps', String(ASKED.steps));
  await page.click('#make');
  await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#make')!.disabled);
  return stateOf(page);
}

/** A file that a button saves. */
async function saved(page: Page, button: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
  return readFile(await download.path());
}

/** Mean and greatest difference in bytes. */
function difference(a: Frames, b: Frames): { readonly mean: number; readonly most: number } {
  expect([b.count, b.height, b.width, b.data.length]).toEqual([a.count, a.height, a.width, a.data.length]);
  let sum = 0, most = 0;
  a.data.forEach((v, i) => { const d = Math.abs(v - b.data[i]!); sum += d; most = Math.max(most, d); });
  return { mean: sum / a.data.length, most };
}

/** Each pixel as one number. */
const colours = ({ data }: Frames): number[] => Array.from({ length: data.length / 3 }, (_, i) => data[3 * i]! << 16 | data[3 * i + 1]! << 8 | data[3 * i + 2]!);

interface PageFilm extends Omit<Frames, 'data'> { readonly data: string; readonly seen: number; readonly phases: readonly string[]; readonly threads: number; readonly ms: number }

/** Puts the library into the page, where tests take it. */
async function withLibrary(page: Page): Promise<void> {
  await page.addScriptTag({ type: 'module', content: "import * as kinora from './kinora/index.mjs'; globalThis.kinora = kinora;" });
  await page.waitForFunction(() => 'kinora' in globalThis);
}

/** How opening a small model ends. */
const openedWith = (page: Page, options: Readonly<Record<string, unknown>>): Promise<string> => page.evaluate(async ({ absent, ...o }) => {
  const { openWebModel } = (globalThis as unknown as { kinora: typeof import('./index.ts') }).kinora, cached: boolean[] = [];
  try {
    const worker = absent ? { worker: new Worker('kinora/absent.mjs', { type: 'module' }) } : {};
    const model = await openWebModel({ url: 'models/tiny/', ...o, ...worker, onProgress: (progress) => { cached.push(progress.cached); } });
    model.close();
    return cached.every(Boolean) ? 'opened from the cache' : 'opened';
  } catch (error) { return `${(error as Error).name}: ${(error as Error).message}`; }
}, options);

/** Makes a film through the library on the page. */
async function filmOn(page: Page, options: Readonly<Record<string, unknown>>): Promise<{ film: Frames; seen: number; phases: readonly string[]; threads: number; ms: number }> {
  await withLibrary(page);
  const made = await page.evaluate(async (o): Promise<PageFilm> => {
    const { openWebModel } = (globalThis as unknown as { kinora: typeof import('./index.ts') }).kinora;
    const model = await openWebModel({ url: 'models/sprites-64/' }), phases = new Set<string>();
    let seen = 0;
    const started = performance.now();
    const { film } = await model.generate({
      ...o as { prompt: string }, onProgress: ({ phase }) => { phases.add(phase); }, onFrame: (_, index) => { if (index === seen) seen++; },
    });
    const ms = performance.now() - started, { threads } = model;
    model.close();
    let text = '';
    for (const byte of film.data) text += String.fromCharCode(byte);
    return { ...film, data: btoa(text), seen, phases: [...phases], threads, ms };
  }, options);
  const { seen, phases, threads, ms, data, ...shape } = made;
  return { film: { ...shape, data: new Uint8Array(Buffer.from(data, 'base64')) }, seen, phases, threads, ms };
}

/** The same film by Node. */
async function filmInNode(options: { readonly prompt: string; readonly seed: number; readonly steps: number; readonly palette?: number }): Promise<Frames> {
  using pipeline = await openPipeline();
  for await (const { film } of pipeline.films({ ...options, scale: 1 })) return film!;
  throw new Error('no film');
}

test('two threads: the frames are those of Node to within rounding, before the palette', async () => {
  const page = await opened(isolated), options = { ...ASKED, palette: 0 }, { film, seen, phases, threads, ms } = await filmOn(page, options);
  const { mean, most } = difference(await filmInNode(options), film);
  console.log(`${threads} threads, Chromium ${browser.version()}: first film ${(ms / 1000).toFixed(1)} s after load, `
    + `differs from Node's by ${mean.toFixed(4)} in the mean, ${most} at most`);
  expect(threads).toBeGreaterThan(1);
  expect([seen, phases]).toEqual([17, ['load', 'text', 'sample', 'decode']]);
  expect(mean).toBeLessThan(0.01);                              // measured: 0.0003 and 1
  expect(most).toBeLessThanOrEqual(2);
  await page.close();
}, MINUTES * 60_000);

test('the page makes the default film, saves it as GIF and as sheet, and is not asked for the files again', async () => {
  const page = await opened(isolated), fetched: string[] = [];
  await ready(page);
  const state = await made(page), node = await filmInNode(ASKED);
  expect(state).toMatch(/^17 frames in [\d.]+ s, seed 9\.$/);
  const gif = join(folder, 'film.gif'), sheet = join(folder, 'film.png');
  await writeFile(gif, await saved(page, '#gif'));
  await writeFile(sheet, await saved(page, '#png'));
  const { mean, most } = difference(node, await readFilm(gif));
  console.log(`under the palette, as GIF: differs from Node's by ${mean.toFixed(4)} in the mean, ${most} at most; the page says: ${state}`);
  expect(mean).toBeLessThan(8);                                 // measured: 4.4; a byte that rounds otherwise can move every colour of a palette
  expect(new Set(colours(await readFilm(gif))).size).toBe(32);
  expect((await readFilm(sheet)).width).toBe(5 * 64);
  page.on('request', (request) => { fetched.push(new URL(request.url()).pathname); });
  await page.reload();
  await ready(page);
  expect(await stateOf(page)).toContain('is ready');
  expect(fetched.filter((path) => path.startsWith('/models/'))).toEqual(['/models/sprites-64/model.json']);
  await page.close();
}, MINUTES * 60_000);

test('one thread where the page is not isolated; a film is cancelled between steps, and the next one is made', async () => {
  const page = await opened(plain);
  await ready(page);
  expect(await stateOf(page)).toContain('1 thread.');
  await page.fill('#steps', '50');
  await page.click('#make');
  await page.waitForFunction(() => /^Drawing [1-9]/.test(document.querySelector('#state')!.textContent));
  await page.click('#cancel');
  await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#make')!.disabled);
  expect(await stateOf(page)).toMatch(/^cancelled at step \d+ of 50$/);
  expect(await made(page)).toMatch(/^17 frames in /);
  await page.close();
}, MINUTES * 60_000);

test('weights that are not those of model.json are refused, and so is what the page cannot do', async () => {
  const page = await opened(isolated, '?model=models/damaged/');
  await ready(page);
  expect(await stateOf(page)).toMatch(/dit\.safetensors is not the file that model\.json describes \(its SHA-256 differs\)$/);
  await page.goto(`${addressOf(plain)}?threads=2`);
  await ready(page);
  expect(await stateOf(page)).toMatch(/^threads 2 is not possible/);
  await page.goto(`${addressOf(plain)}?model=models/absent/`);
  await ready(page);
  expect(await stateOf(page)).toMatch(/absent\/model\.json: status 404$/);
  await page.close();
}, MINUTES * 60_000);

test('engine, worker and numbers that are not there are refused when the model is opened; a kept model opens without a network', async () => {
  const page = await opened(plain), at = addressOf(plain);
  await withLibrary(page);
  expect(await openedWith(page, { engine: 'absent/' })).toMatch(new RegExp(`^ResourceError: onnxruntime-web does not start from ${at}absent/: .`));
  expect(await openedWith(page, { absent: true })).toMatch(/^ResourceError: the worker cannot be loaded: /);
  expect(await openedWith(page, { precision: 'fp16' })).toMatch(/^InputError: precision fp16 is not possible on the device wasm, /);
  expect(await openedWith(page, { device: 'gpu' })).toBe('InputError: device "gpu" is not known; allowed: wasm, webgpu');
  expect(await openedWith(page, {})).toMatch(/^opened/);
  await page.route('**/models/**', (route) => route.abort('internetdisconnected'));
  expect(await openedWith(page, {})).toBe('opened from the cache');
  expect(await openedWith(page, { cache: false })).toMatch(/^FileError: cannot fetch .*models\/tiny\/model\.json: /);
  await page.close();
}, MINUTES * 60_000);

test('two films asked for at once come one after the other, each with its own frames; a third that waits is cancelled at once', async () => {
  const page = await opened(plain);
  await withLibrary(page);
  const told = await page.evaluate(async (prompt) => {
    const { openWebModel } = (globalThis as unknown as { kinora: typeof import('./index.ts') }).kinora, model = await openWebModel({ url: 'models/tiny/' }), ends: string[] = [];
    const cancel = new AbortController(), asked = (seed: number, signal?: AbortSignal) => model.generate({ prompt, seed, frames: 5, palette: 0, ...(signal && { signal }) }).then(
      ({ film }) => { ends.push(`film ${seed}`); return film.data.join(); }, (error: unknown) => { ends.push(`${seed} ${(error as Error).name}`); return ''; });
    const films = [asked(1), asked(2), asked(1), asked(3, cancel.signal)];
    cancel.abort();
    const bytes = await Promise.all(films);
    model.close();
    return { ends, same: bytes[0] === bytes[2], other: bytes[0] !== bytes[1], last: bytes[3] };
  }, PROMPT);
  expect(told).toEqual({ ends: ['3 CancelledError', 'film 1', 'film 2', 'film 1'], same: true, other: true, last: '' });
  await page.close();
}, MINUTES * 60_000);

test('a page from elsewhere than https or localhost says why it makes no film', async () => {
  const page = await opened(plain, '?model=models/tiny/');
  await page.goto(addressOf(plain).replace('localhost', 'site.test'));
  await ready(page);
  expect(await stateOf(page)).toBe('files cannot be checked on this page: the browser offers SHA-256 only over https or from localhost');
  await page.close();
}, MINUTES * 60_000);

test('the page opens the model on another device when it is chosen, not while a film is made; one that is not there leaves the choice', async () => {
  const page = await opened(plain, '?model=models/tiny/');
  await ready(page);
  await page.click('#make');
  expect(await page.isDisabled('#device')).toBe(true);
  await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#make')!.disabled);
  await page.selectOption('#device', 'webgpu fp16');            // this Chromium has no adapter
  await page.waitForFunction(() => document.querySelector('#state')!.textContent.startsWith('this browser has no WebGPU'));
  await page.waitForFunction(() => !document.querySelector<HTMLSelectElement>('#device')!.disabled);
  expect(await page.isDisabled('#make')).toBe(true);
  await page.selectOption('#device', 'wasm fp32');
  await ready(page);
  await page.waitForFunction(() => document.querySelector('#state')!.textContent.includes('is ready'));
  expect(await made(page)).toMatch(/^17 frames in /);
  await page.close();
}, MINUTES * 60_000);
