/**
 * @file `kill -9` at random moments of an ingest and of the training of an adaptation, through the command line: called again, each goes on to the bytes of one that was
 * never disturbed, and what it reads stays as it was. KINORA_KILLS says how often each is killed; 2 unless said.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws } from '../../src/core/random.ts';
import { CODECS, encodeFilm, scene } from '../../src/data/footage/film.fixture.ts';
import { sha256, writeTensors, type StoredTensor } from '../../src/io/safetensors.ts';
import { sliceFrames } from '../../src/media/frames.ts';
import { encodePng } from '../../src/media/png.ts';
import { DIT_PRESETS } from '../../src/models/dit/config.ts';
import { ditParams } from '../../src/models/dit/dit.ts';
import { textParams, type TextConfig } from '../../src/models/text/tower.ts';
import { VAE_PRESETS } from '../../src/models/vae/config.ts';
import { vaeParams } from '../../src/models/vae/vae.ts';
import { initialValues, listParams } from '../../src/nn/param.ts';
import { writeVae } from '../../src/train/vae-file.ts';
import type { DiTRunConfig } from '../../src/index.ts';
import { kinora } from '../support/cli.ts';
import { PROGRAM, PROGRAMS } from '../support/program.ts';

const KILLS = Number(process.env['KINORA_KILLS'] ?? 2), TIMEOUT = 60_000 + 20_000 * KILLS;
const tokenizer = fileURLToPath(new URL('../../models/sprites-64', import.meta.url));
let dir: string;
const at = (name: string): string => join(dir, name);

/** SHA-256 of each file below a folder. */
async function hashes(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).sort();
  return Promise.all(names.map(async (name) => [relative(folder, name), sha256(await readFile(name))]));
}

/** Runs the command line and kills it, where it still runs, `delay` ms after the first line of progress that `begun` knows. Returns whether it was killed. */
async function killed(argv: readonly string[], begun: RegExp, delay: number): Promise<boolean> {
  const child = spawn(process.execPath, [...PROGRAMS[PROGRAM], ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '', timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
    if (begun.test(stderr)) timer ??= setTimeout(() => { child.kill('SIGKILL'); }, delay);
  });
  const signal = await new Promise((resolve) => { child.on('close', (code, by) => { resolve(code === 0 ? null : by ?? `exit ${code}: ${stderr}`); }); });
  clearTimeout(timer);
  expect(signal === null || signal === 'SIGKILL', String(signal)).toBe(true);
  return signal === 'SIGKILL';
}

/** Kills so often; a folder that was finished in spite of it is looked at, and another one begun. */
async function killOften(name: string, call: (folder: string) => readonly string[], begun: RegExp, check: (folder: string) => Promise<void>): Promise<number> {
  const d = draws({ seed: 11, stream: name, step: 0 });
  let kills = 0, folders = 0, most = 1500;
  for (let tries = 0; kills < KILLS && tries < 3 * KILLS + 5; tries++) {
    if (await killed(call(at(`${name}-${folders}`)), begun, d.uniform() * most)) { kills++; continue; }
    await check(at(`${name}-${folders++}`));
    most /= 2;                                                     // this machine is faster than was thought
  }
  expect(await killed(call(at(`${name}-${folders}`)), /^never$/, 0)).toBe(false);
  await check(at(`${name}-${folders}`));
  return kills;
}

const VAE = VAE_PRESETS.tiny, DIT = { ...DIT_PRESETS.tiny, channels: VAE.latentChannels, textWidth: 16 };
const TEXT: TextConfig = { vocabulary: 1008, length: 96, width: 16, depth: 1, heads: 2, mlp: DIT_PRESETS.tiny.mlp };
const CONFIG: DiTRunConfig = {
  kind: 'dit', model: 'tiny', dit: {}, text: { width: 16, depth: 1, heads: 2, fixed: true }, lora: { rank: 2, alpha: 2, targets: ['attn', 'mlp'] },
  seed: 3, validateEvery: 20, checkpointSeconds: 1e-3, programs: 2, tokens: 96, layouts: 2, stages: [], clips: {},
  optim: { steps: 60, rate: 0.01, warmup: 1, decayShare: 0.5, weightDecay: 0.01, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'adamw' },
  footage: { heldout: 0.2, given: [1, 0.5, 0] }, prediction: 'x', shift: 1, dropCaption: 0.1, noisyCaption: 0.2, deedCaption: 0, independent: 0.1, prefix: 0.1,
};
const tensors = (specs: unknown): Map<string, StoredTensor> =>
  new Map(listParams(specs).map(({ name, leaf }) => [name, { shape: leaf.shape, data: initialValues(leaf, name, 1) }]));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-kill-'));
  await mkdir(at('films/frames'), { recursive: true });
  for (const seed of [1, 2, 3]) await encodeFilm(at(`films/wave ${seed}.mp4`), scene(seed, 40), CODECS.mp4);
  const film = scene(4, 20), raw = { width: 96, height: 64 * 20, channels: 3 as const, pageHeight: 64 };
  await writeFile(at('films/wave 4.webp'), await sharp(film.data, { raw }).webp({ lossless: true, delay: Array.from({ length: 20 }, () => 125) }).toBuffer());
  for (let t = 0; t < 10; t++) await writeFile(at(`films/frames/f${t + 1}.png`), await encodePng(sliceFrames(scene(5, 10), t, t + 1)));
  await writeFile(at('films/letter.mp4'), 'this is no film\n');
  expect(await kinora(...INGEST(at('whole')))).toMatchObject({ exit: 0, errors: '' });
  const ones = new Array<number>(VAE.latentChannels).fill(1);
  await writeVae(at('vae.safetensors'), tensors(vaeParams(VAE)), VAE, { mean: ones, std: ones });
  await writeTensors(at('dit.safetensors'), tensors({ dit: ditParams(DIT), text: textParams(TEXT) }), { metadata: { text: JSON.stringify(TEXT) } });
  await writeFile(at('lora.json'), JSON.stringify(CONFIG));
}, TIMEOUT);
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

const INGEST = (out: string): string[] => ['data', 'ingest', at('films'), '--out', out, '--max-frames', '9', '--area', '2048'];
const TRAIN = (out: string): string[] => ['train', 'dit', at('lora.json'), '--data', at('whole'), '--vae', at('vae.safetensors'), '--text', at('dit.safetensors'),
  '--init', at('dit.safetensors'), '--tokenizer', tokenizer, '--cache', at('cache'), '--out', out, '--threads', '1', '--resume'];

test(`an ingest that is killed ${KILLS} times`, async () => {
  const before = await hashes(at('films')), whole = await hashes(at('whole'));
  const kills = await killOften('ingest', INGEST, /"stage"/, async (folder) => { expect(await hashes(folder)).toEqual(whole); });
  expect([kills, await hashes(at('films'))]).toEqual([KILLS, before]);
}, TIMEOUT);

test(`an adaptation whose training is killed ${KILLS} times`, async () => {
  const before = await Promise.all([at('films'), at('whole')].map(hashes)), weights = await readFile(at('dit.safetensors'));
  expect(await kinora(...TRAIN(at('undisturbed')))).toMatchObject({ exit: 0, errors: '' });
  const whole = await readFile(at('undisturbed/lora.safetensors'));
  const kills = await killOften('lora', TRAIN, /"stage":"train"/, async (folder) => { expect((await readFile(join(folder, 'lora.safetensors'))).equals(whole)).toBe(true); });
  expect([kills, await Promise.all([at('films'), at('whole')].map(hashes)), weights.equals(await readFile(at('dit.safetensors')))]).toEqual([KILLS, before, true]);
}, TIMEOUT);
