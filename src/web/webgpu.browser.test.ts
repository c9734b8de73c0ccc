/**
 * @file Films on WebGPU, on a GPU in software (SwiftShader), beside the same films without: in Chromium by onnxruntime-web, and in Node by onnxruntime-node on the Vulkan loader
 * that Chromium brings. A model with random weights has every operation of the one that ships and is small enough for such a GPU. Run by `npm run test:browser`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'tsdown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserSite } from '../../examples/browser/site.ts';
import { writeTinyModel } from '../../test/support/tiny-model.ts';
import { WEB } from '../../tsdown.config.ts';
import { probeDevice } from '../backend/ort/probe.ts';
import type { Frames } from '../media/frames.ts';
import { readFilm } from '../media/read.ts';

const CHROMIUM = '/usr/bin/chromium', BROUGHT = '/usr/lib/chromium';
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const ASKED = { prompt: 'a knight walks to the right', seed: 1, frames: 5, width: 32, height: 32, palette: 0 };
const MINUTES = 10;                                             // of patience: a busy machine is no fault
/** Of 255: what float32 in another order of sums may move a byte by. Measured: 0. */
const TOLERANCE = 1;
/** Of 255: what rounding to halves may move a byte by, in a model with random weights. */
const HALF_TOLERANCE = 16;

/** What a test takes of the library, beneath what it exports. */
type Parts = typeof import('../backend/ort/program.ts') & typeof import('../graph/build.ts') & typeof import('../graph/graph.ts')
  & { readonly ort: typeof import('onnxruntime-web') };

let folder: string, browser: Browser, server: Server, page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-webgpu-'));
  const web = join(folder, 'web'), models = join(folder, 'models');
  await build({ ...WEB, config: false, outDir: web, dts: false });
  await writeTinyModel(join(models, 'tiny'));
  server = browserSite({ web, models });
  await new Promise<void>((resolve) => { server.listen(0, 'localhost', resolve); });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  page = await browser.newPage();
  page.setDefaultTimeout(MINUTES * 60_000);
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/?model=models/tiny/`);
  await page.addScriptTag({ type: 'module', content: "import * as kinora from './kinora/index.mjs'; globalThis.kinora = kinora;" });
  await page.waitForFunction(() => 'kinora' in globalThis);
}, MINUTES * 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The film's bytes, computed by a device of the page. */
const bytesOn = async (device: 'wasm' | 'webgpu', precision: 'fp32' | 'fp16' = 'fp32'): Promise<number[]> => page.evaluate(async ({ asked, ...engine }) => {
  const { openWebModel } = (globalThis as unknown as { kinora: typeof import('./index.ts') }).kinora;
  const model = await openWebModel({ url: 'models/tiny/', ...engine, threads: 1 });
  try { return [...(await model.generate(asked)).film.data]; } finally { model.close(); }
}, { device, precision, asked: ASKED });

/** The adapter of the page, and whether it computes in halves; null for none. */
const adapterOf = (): Promise<{ readonly half: boolean } | null> => page.evaluate(async () => {
  const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<{ features: Set<string> } | null> } }, found = await gpu?.requestAdapter();
  return found ? { half: found.features.has('shader-f16') } : null;
});

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);

test('in Chromium a film by WebGPU is the one by WebAssembly', async (context) => {
  const wasm = await bytesOn('wasm'), adapter = await adapterOf();
  expect(new Set(wasm).size).toBeGreaterThan(20);
  if (!adapter) { context.skip('this Chromium has no WebGPU adapter, not even in software: WebAssembly alone made the film'); return; }
  const webgpu = await bytesOn('webgpu'), most = farthest(wasm, webgpu);
  console.log(`Chromium ${browser.version()}, adapter ${adapter.half ? 'with' : 'without'} shader-f16: WebGPU differs from WebAssembly by ${most} of 255 at most`);
  expect(webgpu.length).toBe(ASKED.frames * ASKED.width * ASKED.height * 3);
  expect(most).toBeLessThanOrEqual(TOLERANCE);
}, MINUTES * 60_000);

test('in Chromium halves make the film of float32 to within their rounding where the adapter has shader-f16, and are refused where it has not', async (context) => {
  const adapter = await adapterOf(), halves = (): Promise<number[]> => bytesOn('webgpu', 'fp16');
  if (!adapter) { context.skip('this Chromium has no WebGPU adapter, not even in software'); return; }
  if (!adapter.half) { await expect(halves()).rejects.toThrow('precision fp16 does not work on webgpu here: its adapter has no shader-f16; it works in fp32'); return; }
  const wasm = await bytesOn('wasm'), webgpu = await halves();
  console.log(`Chromium ${browser.version()}: WebGPU in halves differs from WebAssembly by ${farthest(wasm, webgpu)} of 255 at most`);
  expect(farthest(wasm, webgpu)).toBeLessThanOrEqual(HALF_TOLERANCE);
}, MINUTES * 60_000);

test('in Chromium halves reach onnxruntime-web and come back, whichever arrays the browser has for them', async () => {
  const entry = { program: 'src/backend/ort/program.ts', build: 'src/graph/build.ts', graph: 'src/graph/graph.ts' };
  await build({ ...WEB, config: false, outDir: join(folder, 'web/parts'), dts: false, entry });
  const parts = ["import { compileProgram } from './kinora/parts/program.mjs'", "import * as build from './kinora/parts/build.mjs'",
    "import { Graph } from './kinora/parts/graph.mjs'", "import * as ort from './ort/ort.wasm.min.mjs'", 'globalThis.parts = { compileProgram, ...build, Graph, ort }'];
  await page.addScriptTag({ type: 'module', content: parts.join(';\n') });
  await page.waitForFunction(() => 'parts' in globalThis);
  const apart = await page.evaluate(async () => {
    const { compileProgram, matmul, rmsNorm, softmax, Graph, ort } = (globalThis as unknown as { parts: Parts }).parts;
    ort.env.wasm.numThreads = 1;
    const n = 24, graph = new Graph(), x = graph.input('x', [n, n]), w = graph.input('w', [n, n]), outputs = { y: matmul(softmax(matmul(rmsNorm(x), w)), x) };
    const engine = { package: ort, writesInto: false, session: { executionProviders: ['wasm'] } };
    const whole = await compileProgram({ outputs }, engine), half = await compileProgram({ outputs, fixed: ['w'] }, { ...engine, half: true });
    const feeds = { x: Float32Array.from({ length: n * n }, (_, i) => Math.sin(i)), w: Float32Array.from({ length: n * n }, (_, i) => Math.cos(3 * i)) };
    const [exact, near] = [(await whole.run(feeds))['y']!, (await half.run(feeds))['y']!];
    return Math.max(...exact.map((v, i) => Math.abs(v - near[i]!)));
  });
  expect(apart).toBeGreaterThan(0);                             // rounded it was
  expect(apart).toBeLessThan(5e-3);
}, MINUTES * 60_000);

test('in Node a film with --device webgpu is the one of the CPU, says so, and comes again to the byte', async (context) => {
  const loader = join(BROUGHT, 'libvulkan.so.1'), driver = join(BROUGHT, 'vk_swiftshader_icd.json');
  if (![loader, driver].every((file) => existsSync(file))) { context.skip(`no Vulkan loader and software driver in ${BROUGHT}`); return; }
  const env = { ...process.env, LD_LIBRARY_PATH: BROUGHT, VK_ICD_FILENAMES: driver }, probe = await probeDevice('webgpu', { env, patience: MINUTES * 60_000 });
  expect(probe).toMatchObject({ works: true });
  const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url)), cwd = folder, model = ['--model', './models/tiny'];
  const kinora = (...argv: string[]) => promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...argv, ...model], { cwd, env });
  const { prompt, seed, frames, width, height } = ASKED;
  for (const device of ['cpu', 'webgpu']) {
    const size = ['--frames', `${frames}`, '--size', `${width}x${height}`, '--palette', 'none', '--scale', '1'];
    await kinora('generate', prompt, '--seed', `${seed}`, ...size, '--device', device, '-o', `${device}.png`);
  }
  const film = (name: string): Promise<Frames> => readFilm(join(folder, name)), most = farthest((await film('cpu.png')).data, (await film('webgpu.png')).data);
  console.log(`Node, a small graph ${probe.works ? probe.difference.toPrecision(2) : ''} from the CPU; the film differs by ${most} of 255 at most`);
  expect(most).toBeLessThanOrEqual(TOLERANCE);
  expect((await kinora('replay', 'webgpu.png', '-o', 'again.png')).stdout).toContain('the same film');
}, MINUTES * 60_000);
