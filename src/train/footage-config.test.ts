import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DIT_PRESETS, type DiTConfig } from '../models/dit/config.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import { checkSprites, readRunConfig, type DiTRunConfig, type VaeRunConfig } from './config.ts';
import { writeDataset } from './clips/dataset.fixture.ts';
import { describeDiTFootage, describeVaeFootage, ditMain, footageDiT, footageVae, splitOptions } from './footage-config.ts';
import { footageSource, openFootage, type Footage } from './clips/footage-source.ts';
import { shapeName } from './clips/clip-shape.ts';
import { evenBank } from './tasks/layout-bank.ts';
import { planDiT, planFootageDiT, planFootageVae, planVae } from './plan.ts';
import { trainVae } from './run/vae-run.ts';

const common = {
  seed: 1, validateEvery: 10, checkpointSeconds: 60, programs: 2,
  optim: { steps: 12, rate: 0.01, warmup: 1, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'muon' as const },
};
const DIT: DiTRunConfig = {
  kind: 'dit', model: 'tiny', dit: {}, text: { width: 16, depth: 1, heads: 2 }, ...common, tokens: 160, layouts: 1, stages: [], clips: {},
  prediction: 'velocity', shift: 1, dropCaption: 0, noisyCaption: 0, deedCaption: 0, independent: 0, prefix: 0,
};
const VAE: VaeRunConfig = {
  kind: 'vae', part: 'all', latentNoise: 0, model: 'tiny', ...common, kl: 0, silhouette: 0, validationClips: 4, statisticsClips: 2000,
  layouts: [
    { frames: 9, width: 64, height: 64, window: { width: 32, height: 24 }, batch: 2, share: 1 }, { frames: 1, width: 16, height: 16, batch: 8, share: 1 },
    { frames: 17, width: 32, height: 32, batch: 1, share: 1 },
  ],
};
// 9x64x32: 3 latent frames of 8 × 4 tokens, 96; 5x32x32: 2 of 16, 32; 1x32x32: 16.
const repeat = (n: number, frames: number, width: number): { frames: number; width: number; height: number }[] => Array.from({ length: n }, () => ({ frames, width, height: 32 }));
let dir: string, footage: Footage;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-footage-config-'));
  await writeDataset(join(dir, 'set'), [...repeat(12, 9, 64), ...repeat(6, 5, 32), ...repeat(3, 1, 32)]);
  footage = await openFootage(join(dir, 'set'), splitOptions({ ...DIT, footage: { heldout: 0.2, given: [1, 0, 0] } }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('kinds of samples are the dataset\'s shapes, their shares its clips, and given frames are shared out as said', () => {
  const config = footageDiT({ ...DIT, footage: { heldout: 0.2, given: [2, 1, 1] } }, footage), { shapes } = config.stages[0]!;
  const counts = Object.fromEntries([...footage.clips.train].map(([name, { length }]) => [name, length]));
  expect(Object.values(counts).reduce((a, b) => a + b)).toBe(17);
  expect(config.clips).toEqual(counts);
  const of = (name: string): [number, number][] => shapes.filter((s) => shapeName(s) === name).map((s) => [s.given, s.share]);
  // 160 tokens: the film of 96 has room for two given frames of 32; the image has none to be given.
  expect(of('9x64x32')).toEqual([[0, counts['9x64x32']! / 2], [1, counts['9x64x32']! / 4], [2, counts['9x64x32']! / 4]]);
  expect(of('1x32x32')).toEqual([[0, counts['1x32x32']!]]);
  expect(footageDiT({ ...DIT, tokens: 130 }, footage).stages[0]!.shapes.filter((s) => s.width === 64).map((s) => s.given)).toEqual([0, 1]);
  expect(footageDiT(DIT, footage).stages[0]!.shapes.filter((s) => s.width === 64).map((s) => s.share / counts['9x64x32']!)).toEqual([1 / 1.35, 0.25 / 1.35, 0.1 / 1.35]);
  expect(footageDiT(config, footage)).toEqual(config);
});

test('the bank grows until each shape is in it, and to 32 layouts at most', () => {
  const { layouts, stages: [stage], tokens } = footageDiT({ ...DIT, tokens: 96 }, footage), options = { shapes: stage!.shapes, tokens, patch: 1 };
  const shapesIn = (n: number): number => new Set(evenBank({ ...options, layouts: n }).flatMap(({ samples }) => samples.map(shapeName))).size;
  expect([layouts > 1, shapesIn(layouts), shapesIn(layouts - 1) < 3]).toEqual([true, 3, true]);
  expect(footageDiT({ ...DIT, layouts: 20 }, footage).layouts).toBe(20);
  const rare = new Map([...footage.clips.train].map(([name, clips]) => [name, name === '9x64x32' ? Array.from({ length: 9000 }, (_, i) => clips[i % clips.length]!) : clips]));
  const many = { ...footage, clips: { ...footage.clips, train: rare } }, tokenizer = wordsOf(() => []);
  expect(footageDiT({ ...DIT, tokens: 96 }, many).layouts).toBe(32);
  const told = describeDiTFootage(footageDiT({ ...DIT, tokens: 96 }, many), { vae: { config: { latentChannels: 4 } }, tokenizer, words: [], footage: many, samplesPerStep: 1 });
  expect(told).toMatch(/in no layout, so never seen: \d of (5|1)x32x32, \d of (5|1)x32x32/);
});

const wordsOf = (ignored: (text: string) => string[]): CaptionTokenizer => ({
  vocabulary: 100, length: 32, decode: () => '', files: { tokenizer: {}, words: { length: 32, english: [], hanzi: [] } },
  encode: (text) => ({ ids: new Int32Array(32), present: new Float32Array(32), weights: new Float32Array(32), ignored: ignored(text), mended: {}, truncated: false }),
});

test('a plan tells clips, epochs, disk, and the words that nobody reads', async () => {
  const tokenizer = wordsOf((text) => text.split(' ').filter((word) => word === 'texture')), vae = { config: { latentChannels: 4 } };
  const told = { ...DIT, footage: { heldout: 0.2, given: [1, 0, 0] as [number, number, number], words: 0 } };
  const plan = await planFootageDiT({ ...told, layouts: 8 }, { vae, tokenizer, data: footage.dir });
  const frames = { '9x64x32': (3 + 3) * 32, '5x32x32': (2 + 3) * 16, '1x32x32': 16 };
  const bytes = Object.entries(footageDiT(DIT, footage).clips).reduce((n, [name, count]) => n + count * 2 * 4 * frames[name as keyof typeof frames], 0);
  expect(plan.data).toContain('17 clips of 3 shapes, 4 held out: ');
  expect(plan.data).toContain(`; ${(12 * plan.samplesPerStep / 17).toFixed(1)} epochs; latents of ${(bytes / 1e6).toFixed(0)} MB on disk; `);
  expect(plan.data).toContain('25 % of captions\' words are not known and are passed over: texture');           // a red texture 7
  expect([plan.layouts.length, plan.padding]).toEqual([8, 0]);
  expect((await planFootageDiT(told, { vae, tokenizer: wordsOf(() => []), data: footage.dir })).data).toContain('all words of captions are known');
  const shipped = await loadTokenizer(fileURLToPath(new URL('../../models/sprites-64', import.meta.url)));
  const learning = await planFootageDiT({ ...told, footage: { ...told.footage, words: 256 } }, { vae, tokenizer: shipped, data: footage.dir });
  expect(learning.data).toContain('1 new word learnt: texture; 25 % of captions\' words are not known and are passed over: 0, ');        // numbers are not learnt
  expect(learning.parameters - plan.parameters).toBe((shipped.vocabulary + 1 - 100 + shipped.length - 32) * DIT.text.width);
});

test('shapes that cannot be trained on are named, with what is possible', () => {
  expect(() => footageDiT({ ...DIT, tokens: 95 }, footage)).toThrow(
    `a clip of 9x64x32 in ${footage.dir} takes 96 tokens, a pack has 95: raise "tokens", or ingest with a smaller --area or --max-frames`);
  expect(() => planDiT(DIT, { config: { latentChannels: 4 } }, { vocabulary: 1, length: 3 })).toThrow('has no "stages"');
  expect(() => { checkSprites({ ...DIT, footage: { heldout: 0.1, given: [1, 0, 0] } }); }).toThrow('name the dataset with --data');
});

test('what is validated first is held out, trained on, and a film where there is one', () => {
  expect(footage.clips.heldout.has(shapeName(ditMain(footage)))).toBe(true);
  expect(ditMain(footage).frames).toBeGreaterThan(1);
  const images = new Map([['1x32x32', footage.clips.train.get('1x32x32')!]]);
  expect(ditMain({ ...footage, clips: { train: images, heldout: images } })).toEqual({ frames: 1, width: 32, height: 32 });
});

test('an autoencoder keeps the layouts that clips are large enough for, as pieces without windows', async () => {
  const { config, main } = footageVae(VAE, footage);
  expect(config.layouts).toEqual([{ frames: 9, width: 32, height: 24, batch: 2, share: 1 }, { frames: 1, width: 16, height: 16, batch: 8, share: 1 }]);
  expect(main).toEqual({ frames: 9, width: 32, height: 24 });
  expect(footageVae(config, footage).config).toEqual(config);
  const nine = footage.clips.train.get('9x64x32')!.length;
  expect(describeVaeFootage(VAE, footage)).toBe(
    `17 clips of 3 shapes, 4 held out: 9x32x24 is cut out of ${nine}, 1x16x16 is cut out of 17; left out, for no clip is so large: 17x32x32`);
  const plan = await planFootageVae({ ...VAE, footage: { heldout: 0.2 } }, footage.dir);
  expect(plan.gflopPerStep).toBeCloseTo(planVae({ ...VAE, layouts: config.layouts }).gflopPerStep, 9);
  const large = { ...VAE, layouts: [{ frames: 9, width: 64, height: 64, batch: 1, share: 1 }] };
  expect(() => footageVae(large, footage)).toThrow(/no clip of .*set is as large as a layout: layouts are 9x64x64, clips 9x64x32, /);
  const source = footageSource(footage, main), { frames } = await source.piece({ key: { seed: 1, stream: 'x', step: 0 }, split: 'heldout', size: main });
  expect([frames.count, frames.width, frames.height]).toEqual([9, 32, 24]);
});

test('a run is on sprites or on a dataset', async () => {
  const run = { backend: ortBackend({ threads: 1 }), dir: join(dir, 'run'), cacheDir: join(dir, 'cache'), resume: false };
  await expect(trainVae(VAE, { ...run, lpc: 'a', data: 'b' })).rejects.toThrow('a run is on sprites (lpc a) or on a dataset (data b), not on both');
  await expect(trainVae(VAE, { ...run, data: join(dir, 'gone') })).rejects.toThrow('is no dataset');
});

test('the guide\'s configurations go on from the model that ships as it was trained', async () => {
  const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const { dit } = JSON.parse(await readFile(at('models/sprites-64/model.json'), 'utf8')) as { dit: { config: DiTConfig } };
  for (const name of ['lora', 'dit']) {
    const config = await readRunConfig('dit', at(`configs/footage/${name}.json`)), { skip, follow, places, rope } = { ...DIT_PRESETS[config.model], ...config.dit };
    expect({ name, skip, follow, places, rope }).toEqual({ name, skip: dit.config.skip, follow: dit.config.follow, places: dit.config.places, rope: dit.config.rope });
  }
});
