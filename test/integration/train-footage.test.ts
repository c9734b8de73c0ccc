/** @file From films of one's own to a model and a film of it, through the command line: ingested, trained, interrupted and gone on with, made a model of. Films are drawn here. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scene } from '../../src/data/footage/film.fixture.ts';
import {
  CancelledError, ortBackend, readFilm, readManifest, readRunConfig, readVae, trainDiT, trainVae, type DiTRunConfig, type DiTRunOptions, type Frames, type VaeRunConfig,
} from '../../src/index.ts';
import { escapeHtml } from '../../src/io/html.ts';
import { readTensors, sha256, writeTensors } from '../../src/io/safetensors.ts';
import { sliceFrames } from '../../src/media/frames.ts';
import { encodePng } from '../../src/media/png.ts';
import { newWordParams } from '../../src/models/text/new-words.ts';
import { textParams, type TextConfig } from '../../src/models/text/tower.ts';
import { initialValues, listParams } from '../../src/nn/param.ts';
import { loadTokenizer } from '../../src/pipeline/prompt/tokenizer.ts';
import { readMetrics } from '../../src/train/report/metrics.ts';
import { kinora } from '../support/cli.ts';

const tokenizer = fileURLToPath(new URL('../../models/sprites-64', import.meta.url));
const common = {
  seed: 3, validateEvery: 4, checkpointSeconds: 1e6, programs: 4,
  optim: { steps: 8, rate: 0.01, warmup: 1, decayShare: 0.5, weightDecay: 0.01, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'muon' as const },
};
const VAE: VaeRunConfig = {
  kind: 'vae', part: 'all', latentNoise: 0, model: 'tiny', ...common, optim: { ...common.optim, steps: 2 }, kl: 2e-5, silhouette: 0, validationClips: 4, statisticsClips: 16,
  layouts: [{ frames: 5, width: 32, height: 32, batch: 2, share: 1 }, { frames: 1, width: 32, height: 32, batch: 4, share: 1 }],
};
const DIT: DiTRunConfig = {
  kind: 'dit', model: 'tiny', dit: {}, text: { width: 16, depth: 1, heads: 2 }, ...common, tokens: 192, layouts: 2, stages: [], clips: {},
  footage: { heldout: 0.2, given: [1, 0.5, 0] }, prediction: 'x', shift: 1, dropCaption: 0.1, noisyCaption: 0.2, deedCaption: 0, independent: 0.1, prefix: 0.1,
  prompts: ['a red wave', 'a green wave', 'a <blue> wave'],
};
const escaped = DIT.prompts!.map(escapeHtml);
let dir: string, data: string, vae: string;
const at = (name: string): string => join(dir, name);

/** SHA-256 of each file below a folder. */
async function hashes(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).sort();
  return Promise.all(names.map(async (name) => [name, sha256(await readFile(name))]));
}

const pages = (film: Frames) => sharp(film.data, { raw: { width: film.width, height: film.height * film.count, channels: 3, pageHeight: film.height } });
const delay = (count: number): number[] => Array.from({ length: count }, () => 125);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-train-footage-'));
  [data, vae] = [at('dataset'), at('vae/vae.safetensors')];
  await mkdir(at('films/frames'), { recursive: true });
  for (const i of [1, 2, 3])
    await writeFile(at(`films/red wave ${i}.webp`), await pages(scene(i, 18, { width: 48, height: 32 })).webp({ lossless: true, delay: delay(18) }).toBuffer());
  await writeFile(at('films/green wave.gif'), await pages(scene(4, 10, { width: 32, height: 48 })).gif({ delay: delay(10) }).toBuffer());
  const frames = scene(5, 9, { width: 64, height: 32 });
  for (let t = 0; t < 9; t++) await writeFile(at(`films/frames/f${t + 1}.png`), await encodePng(sliceFrames(frames, t, t + 1)));
  for (const i of [6, 7, 8]) await writeFile(at(`films/picture ${i}.png`), await encodePng(scene(i, 1, { width: 32, height: 32 })));
  await writeFile(at('dit.json'), JSON.stringify(DIT));
  expect(await kinora('data', 'ingest', at('films'), '--out', data, '--max-frames', '9', '--min-frames', '5')).toMatchObject({ exit: 0, errors: '' });
  await trainVae(VAE, { backend: ortBackend({ threads: 1 }), data, dir: at('vae'), cacheDir: at('cache'), resume: false, report: true });
}, 60_000);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const options = (run: string, o: Partial<DiTRunOptions> = {}): DiTRunOptions =>
  ({ backend: ortBackend({ threads: 1 }), data, dir: at(run), cacheDir: at('cache'), resume: false, vae, tokenizer, ...o });

test('an autoencoder learns on pieces of footage, and its statistics are theirs', async () => {
  const metrics = (await readFile(at('vae/metrics.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>);
  expect(metrics.map(({ step }) => step)).toEqual([1, 2, 2]);
  expect(metrics.at(-1)!['psnr']).toBeGreaterThan(3);
  expect('psnrCharacter' in metrics.at(-1)!).toBe(false);
  const { std } = await readVae(vae);
  expect(std.every((s) => s > 0 && s < 10)).toBe(true);
});

test("an autoencoder's page shows held-out clips beside what is made of them, and the worst, worst first", async () => {
  const page = (await readFile(at('vae/report.html'), 'utf8')).replaceAll(/base64,[^"]+/g, '');
  const decibels = [...page.matchAll(/<figcaption>clip (\d): ([\d.]+) dB/g)].map((m) => Number(m[2]));
  expect([decibels.length, page.match(/class="set"/g)!.length]).toEqual([8, 2]);
  expect(decibels.slice(4)).toEqual(decibels.slice(0, 4).sort((a, b) => a - b));
});

test('a dry run tells clips, packs, words and time, and writes nothing', async () => {
  const { exit, out, errors } = await kinora('train', 'dit', at('dit.json'), '--vae', vae, '--data', data, '--tokenizer', tokenizer, '--out', at('dry'), '--dry-run');
  expect([exit, errors]).toEqual([0, '']);
  expect(out).toMatch(/memory {5}about \d+ MB with \d of \d layouts compiled; padding 0\.0 %, unfilled [\d.]+ %/);
  expect(out).toMatch(/data {7}\d+ clips of \d shapes, 2 held out: \d of .*9x32x32.*; [\d.]+ epochs; latents of \d+ MB on disk; /);
  expect(out).toMatch(/; \d+ new words learnt: .*wave.*; all words of captions are known\n/);
  expect(out).toMatch(/time {7}about [\d.]+ h/);
  const autoencoder = at('vae.json');
  await writeFile(autoencoder, JSON.stringify({ ...VAE, statisticsClips: 2000 }));
  const plan = await kinora('train', 'vae', autoencoder, '--data', data, '--dry-run');
  expect(plan.out).toMatch(/data {7}\d+ clips of \d shapes, \d held out: 5x32x32 is cut out of \d+, 1x32x32 is cut out of \d+/);
  const shipped = fileURLToPath(new URL('../../configs/footage/dit.json', import.meta.url)), weights = join(tokenizer, 'dit.safetensors');
  const from = ['--vae', join(tokenizer, 'vae.safetensors'), '--text', weights, '--init', weights, '--tokenizer', tokenizer];
  const tuned = await kinora('train', 'dit', shipped, '--data', data, ...from, '--dry-run');
  expect([tuned.exit, tuned.errors]).toEqual([0, '']);
  expect((await readdir(dir)).includes('dry')).toBe(false);
});

test('a transformer that was stopped goes on to the same weights, bit for bit; another dataset is refused; model and film come of it', async () => {
  const config = await readRunConfig('dit', at('dit.json')), whole = await trainDiT(config, options('whole')), stop = new AbortController();
  const warned: string[] = [], watched = { report: true, onWarning: (message: string) => { warned.push(message); } };
  const interrupted = trainDiT(config, options('stopped', { ...watched, signal: stop.signal, onStep: ({ step }) => { if (step === 4) stop.abort(); } }));
  await expect(interrupted).rejects.toThrow(CancelledError);
  const resume = ['--out', at('stopped'), '--cache', at('cache'), '--threads', '1', '--resume', '--report'];
  const lines = await kinora('train', 'dit', at('dit.json'), '--vae', vae, '--data', data, '--tokenizer', tokenizer, ...resume);
  expect([lines.exit, lines.errors]).toEqual([0, '']);
  expect((await readFile(at('stopped/dit.safetensors'))).equals(await readFile(whole))).toBe(true);
  expect((await readdir(at('stopped'))).some((name) => name.startsWith('films-'))).toBe(true);

  // The page of the one that was watched: each step once, both sessions, and films at the prompts of the configuration, one validation after the other.
  const { steps, validations, warnings } = await readMetrics(at('stopped')), html = await readFile(at('stopped/report.html'), 'utf8'), page = html.replaceAll(/base64,[^"]+/g, '');
  expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect((await readFile(at('stopped/metrics.jsonl'), 'utf8')).trim().split('\n').length).toBe(8 + validations.length + warnings.length);
  expect(Object.keys(steps[0]!.updates!)).toContain('dit.blocks.attn');
  for (const part of ['8 of 8 steps', 'gone on after step 5', '9x32', 'GFLOP/s in gradients']) expect(page).toContain(part);
  expect([...page.matchAll(/class="set" data-step="(\d+)"/g)].map((m) => m[1])).toEqual(['4', '8']);
  expect([...page.matchAll(/<figcaption>([^<]*)</g)].map((m) => m[1])).toEqual([...escaped, ...escaped]);
  for (const { scalars } of validations) {
    const gap = [0.75, 0.85, 0.95].reduce((sum, level) => sum + (scalars[`dealt@${level}`]! - scalars[`loss@${level}`]!) / 3, 0);
    expect(scalars['shuffleGap']).toBeCloseTo(gap, 10);
    expect(Math.abs(gap), 'other captions, other losses').toBeGreaterThan(1e-6);
  }

  const rows = await readManifest(data), retold = at('retold');
  await mkdir(retold);
  const told = rows.map((row, i) => ({ ...row, file: join('..', 'dataset', row.file), caption: i === 0 ? 'another' : row.caption }));
  await writeFile(join(retold, 'clips.jsonl'), told.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await expect(trainDiT(config, options('stopped', { data: retold, resume: true }))).rejects.toThrow('belongs to configuration');

  const foreign = await kinora('train', 'export', at('whole'), '--out', at('foreign'), '--tokenizer', tokenizer);
  expect([foreign.exit, foreign.errors]).toEqual([2, expect.stringMatching(/the tokenizer in .* has 1008 tokens, that of the run \d+: it lies in the run's folder/)]);
  const exported = await kinora('train', 'export', at('whole'), '--out', at('mine'), '--licence', 'CC0-1.0', '--sampler', 'euler', '--steps', '2');
  expect([exported.exit, exported.errors]).toEqual([0, '']);
  const info = JSON.parse(await readFile(at('mine/model.json'), 'utf8')) as { native: { width: number }; files: object };
  expect(info).toMatchObject({
    licence: 'CC0-1.0', description: expect.stringMatching(/^Trained on \d+ clips of own footage$/) as string, native: { frames: 9, fps: 8, height: 32 },
    limits: { window: 9, minSide: 32 }, sampling: { palette: 0, steady: 0 },
  });
  expect(Object.keys(info.files)).not.toContain('credits.json');
  const film = await kinora('generate', 'a red wave zooms', '--model', at('mine'), '--seed', '1', '--scale', '1', '-o', at('film.webp'));
  expect([film.exit, film.errors]).toEqual([0, '']);
  expect(film.out).toMatch(/ignored: zooms\n/);                   // "wave" was learnt
  const made = await readFilm(at('film.webp'));
  expect([made.count, made.width, made.height]).toEqual([9, info.native.width, 32]);

  // Fine-tuning: another run from these weights, on the latents that are there.
  const shards = await hashes(at('cache'));
  const tuned = await trainDiT({ ...config, optim: { ...config.optim, steps: 1, rate: 1e-9, weightDecay: 0 } }, options('tuned', { init: whole }));
  const [before, after] = [(await readTensors(whole)).tensors, (await readTensors(tuned)).tensors];
  for (const [name, { data: values }] of before)
    values.forEach((x, i) => { if (Math.abs(x - after.get(name)!.data[i]!) > 1e-3) throw new Error(`${name}[${i}] was not kept`); });
  expect([after.size, await hashes(at('cache'))]).toEqual([before.size, shards]);
}, 120_000);

test('an adaptation learns the words of its clips under a tower that stays, and brings them to the model that it was made for', async () => {
  const base = await loadTokenizer(tokenizer), text: TextConfig = { ...DIT.text, mlp: 'relu2', vocabulary: base.vocabulary, length: base.length };
  const tower = listParams({ text: textParams(text) }).map(({ name, leaf }) => [name, { shape: leaf.shape, data: initialValues(leaf, name, 7) }] as const);
  await writeTensors(at('text.safetensors'), new Map(tower), { type: 'F16', metadata: { text: JSON.stringify(text) } });
  const config: DiTRunConfig = { ...DIT, text: { ...DIT.text, fixed: true } }, parts = { text: at('text.safetensors') };
  const plain = await trainDiT({ ...config, footage: { ...DIT.footage!, words: 0 } }, options('plain', parts));
  expect((await kinora('train', 'export', at('plain'), '--out', at('base'), '--sampler', 'euler', '--steps', '2')).errors).toBe('');
  const adapted: DiTRunConfig = { ...config, optim: { ...config.optim, rate: 0.3, matrices: 'adamw' }, lora: { rank: 2, alpha: 2, targets: ['attn', 'cross', 'mlp'] } };
  const file = await trainDiT(adapted, options('lora', { ...parts, init: plain })), { tensors, metadata } = await readTensors(file);
  const words = JSON.parse(metadata['words']!) as string[], rows = tensors.get('words')!, first = initialValues(newWordParams(words.length, text.width), 'words', DIT.seed);
  expect([words.includes('wave'), rows.shape]).toEqual([true, [words.length, text.width]]);
  const at0 = words.indexOf('wave') * text.width, moved = Math.abs(rows.data[at0]! - first[at0]!);
  expect(moved).toBeGreaterThan(1e-3);

  const film = async (prompt: string, ...more: string[]): Promise<string> => {
    const made = await kinora('generate', prompt, '--model', at('base'), '--seed', '1', '--scale', '1', '--json', '-o', at('f.webp'), ...more);
    expect(made.errors).toBe('');
    return `${(JSON.parse(made.out) as { ignored: string[] }).ignored.join()} ${sha256(await readFile(at('f.webp')))}`;
  };
  const [without, none] = [await film('a red wave zooms'), await film('a red wave zooms', '--lora', `${file}:0`)];
  expect([without, none].map((told) => told.split(' ')[0])).toEqual(['wave,zooms', 'wave,zooms']);
  const [whole, other] = [await film('a red wave zooms', '--lora', file), await film('a red zooms', '--lora', file)];
  expect([whole, other].map((told) => told.split(' ')[0])).toEqual(['zooms', 'zooms']);
  expect(whole).not.toBe(other);                                   // the word counts

  // Full fine-tuning under the same tower: its table grows, all else of it stays.
  const tuned = await trainDiT(config, options('grown', { ...parts, init: plain })), grown = await readTensors(tuned), was = (await readTensors(at('text.safetensors'))).tensors;
  const table = grown.tensors.get('text.tokens')!, old = was.get('text.tokens')!;
  expect([table.shape[0], JSON.parse(grown.metadata['text']!)]).toEqual([base.vocabulary + words.length, { ...text, vocabulary: base.vocabulary + words.length }]);
  expect(table.data.slice(0, old.data.length)).toEqual(old.data);
  expect(grown.tensors.get('text.blocks.0.qkv.weight')!.data).toEqual(was.get('text.blocks.0.qkv.weight')!.data);
  expect((await loadTokenizer(at('grown'))).encode('a wave').ignored).toEqual([]);
}, 120_000);

test('what is wrong is named in one line', async () => {
  const train = ['train', 'dit', at('dit.json'), '--vae', vae, '--tokenizer', tokenizer];
  await writeFile(at('small.json'), JSON.stringify({ ...DIT, tokens: 40 }));
  await writeFile(at('odd.json'), JSON.stringify({ ...DIT, footage: { heldout: 0.7 } }));
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [[...train, '--data', at('films')], 2, 'is no dataset: wanted a folder with clips.jsonl, as kinora data ingest makes it'],
    [[...train, '--data', data, '--lpc', dir], 2, "option '--data <dataset>' cannot be used with option '--lpc <dir>'"],
    [train, 2, 'has "footage": name the dataset with --data'],
    [['train', 'dit', at('small.json'), ...train.slice(3), '--data', data], 2, 'tokens, a pack has 40: raise "tokens"'],
    [['train', 'dit', at('odd.json'), ...train.slice(3), '--data', data], 2, 'footage.heldout'],
  ];
  for (const [argv, code, text] of cases) {
    const { exit, errors } = await kinora(...argv);
    expect([exit, errors]).toEqual([code, expect.stringContaining(text)]);
    expect(errors).toMatch(/^kinora: .*\n$/);
  }
});
